"""VersionedState: what is pickled knows which version of the package wrote it."""

import warnings
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from sklearn_nn._version import __version__

KEY = "_sklearn_nn_version"


def check_version(owner: Any, version: str) -> None:
    """Warn, as scikit-learn does, if another version stored what ``owner`` reads."""
    if version != __version__:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=f"{type(owner).__name__} (sklearn_nn)",
                current_sklearn_version=__version__,
                original_sklearn_version=version,
            ),
            stacklevel=3,
        )


class VersionedState:
    """Adds the version to what pickle, joblib and skops store, and compares it.

    It stands before scikit-learn's BaseEstimator, which does the rest.
    """

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes and the version."""
        return {**super().__getstate__(), KEY: __version__}  # type: ignore[dict-item]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the attributes; warn if another version stored them."""
        state = dict(state)
        check_version(self, state.pop(KEY, "unknown"))
        super().__setstate__(state)  # type: ignore[misc]
