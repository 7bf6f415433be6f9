"""The arguments of fit, and what scikit-learn's checks of them leave open."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import validate_data

from sklearn_nn.base._labels import read_labels, read_numbers
from sklearn_nn.core import Array, check_in_memory, shown, uneven_rows

VALIDATION = "_val"  # what the names of validation data end in
_NAMES = re.compile(r"\b(X|y|sample_weight)\b")


@dataclass(frozen=True, eq=False)
class FitArguments:
    """What the user handed to ``fit`` or ``partial_fit``, as it came."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    classes: Any = None
    incremental: bool = False
    groups: Any = None

    @property
    def validates(self) -> bool:
        """Whether there are validation rows; raise if only a part of them is there."""
        if self.X_val is not None and self.y_val is not None:
            return True
        extra = (self.X_val, self.y_val, self.sample_weight_val)
        if any(array is not None for array in extra):
            raise ValueError(
                "`X_val` and `y_val` must be given together, and "
                "`sample_weight_val` only with them."
            )
        return False


@contextmanager
def named_with(suffix: str) -> Iterator[None]:
    """Rename `X`, `y` and `sample_weight` in the errors of the block."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if error.args and isinstance(error.args[0], str):
            error.args = _NAMES.sub(rf"\1{suffix}", error.args[0]), *error.args[1:]
        raise


def validate_input(
    estimator: Any, X: Any, y: Any = "no_validation", **rules: Any
) -> Any:
    """Check ``X`` and ``y`` as scikit-learn does, with errors that name them."""
    check_readable(X)
    try:
        return validate_data(estimator, X, y, **rules)
    except OverflowError as error:
        raise ValueError(
            "`X` must hold numbers within the range of float64; got larger ones."
            f"{_first_that_is_no_number(X)}"
        ) from error
    except ValueError as error:
        if "could not convert string to float" in str(error):
            raise ValueError(
                f"`X` must hold numbers: {error}.{_first_that_is_no_number(X)} Encode "
                "text by numbers, with a OneHotEncoder say; the Tabular estimators "
                "take it as it is."
            ) from error
        if "inhomogeneous" in str(error):
            raise uneven_rows(X, "X") from error
        if "inconsistent numbers of samples" in str(error):
            check_same_length(X, y)
        raise


def check_readable(X: Any) -> None:
    """Raise if ``X`` is still to be computed, or has a mask that would be lost."""
    check_in_memory(X, "X")
    if getattr(getattr(X, "dtype", None), "names", None):
        raise TypeError(
            f"`X` must not be a structured array; got one of {X.dtype.names}. Pass a "
            "DataFrame, or numpy.lib.recfunctions.structured_to_unstructured(X)."
        )
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise ValueError(
            f"`X` must not be masked; got a masked array of shape {X.shape} with "
            "values under its mask. For missing values, pass X.filled(np.nan)."
        )


def check_same_length(X: Any, y: Any) -> None:
    """Raise if ``X`` and ``y`` have not as many rows."""
    n, n_y = _n_rows(X), _n_rows(y)
    if n != n_y and None not in (n, n_y):
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: `X` has {n} "
            f"rows, `y` has {n_y}."
        )


def check_weights(sample_weight: Any, X: Any) -> Array | None:
    """Return row weights as float64 (n,), or None; raise if they cannot be weights."""
    if sample_weight is None:
        return None
    n = _n_rows(X)
    w = read_numbers(sample_weight, "sample_weight")
    if issparse(w) or w.shape != (n,):
        raise ValueError(
            f"`sample_weight` must have one axis, with a weight for each of the {n} "
            f"rows of `X`; got shape {w.shape}."
        )
    if w.dtype.kind == "c":
        raise ValueError(
            f"`sample_weight` must hold real numbers; got {w.dtype}, such as {w[0]}."
        )
    w = w.astype(np.float64)
    if not np.isfinite(w).all():
        row = int(np.argmin(np.isfinite(w)))
        raise ValueError(f"`sample_weight` must be finite; got {w[row]} in row {row}.")
    if (low := w.min()) < 0:
        raise ValueError(
            f"`sample_weight` must not be negative; got {low:g} in row {w.argmin()}."
        )
    if not w.any():
        raise ValueError(
            "`sample_weight` must have a positive entry; all weights are zero."
        )
    _check_sum(w)
    return w


def check_groups(groups: Any, X: Any) -> Array | None:
    """Return the group of each row, of labels of one kind (n,), or None."""
    if groups is None:
        return None
    n, values = _n_rows(X), read_labels(groups, "groups")
    if issparse(values) or values.shape != (n,):
        raise ValueError(
            f"`groups` must have one axis, with a group for each of the {n} rows of "
            f"`X`; got shape {values.shape}."
        )
    return np.asarray(values)


def _n_rows(array: Any) -> int | None:
    """Return the number of rows; None for what has none, which scikit-learn refuses."""
    if not hasattr(array, "shape") and hasattr(array, "__len__"):
        return len(array)
    shape = getattr(array, "shape", None) or np.asarray(array).shape
    return int(shape[0]) if shape else None


def _check_sum(w: Array) -> None:
    """Raise if weights cannot be divided by their mean."""
    with np.errstate(over="ignore", under="ignore"):
        mean = w.sum() / len(w)
    if not np.finfo(w.dtype).tiny < mean < np.inf:
        raise ValueError(
            "`sample_weight` must have a finite sum, and a mean above "
            f"{np.finfo(w.dtype).tiny:.1g}; the largest weight is {w.max():g}. Divide "
            "the weights by it."
        )


def _first_that_is_no_number(X: Any) -> str:
    """Say where the first entry stands that is no finite number."""
    for position, value in np.ndenumerate(np.asarray(X, dtype=object)):
        try:
            float(value)
        except (OverflowError, TypeError, ValueError):
            row, *column = position or (0,)
            names = getattr(X, "columns", None)
            where = ""
            if column:
                where = f", column {column[0] if names is None else names[column[0]]!r}"
            return f" Row {row}{where} has {shown(value)}."
    return ""
