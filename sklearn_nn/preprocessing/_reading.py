"""read_table: whatever holds a table, as a Table."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from sklearn_nn.core import check_in_memory, uneven_rows
from sklearn_nn.preprocessing._frames import NarwhalsTable, PandasTable
from sklearn_nn.preprocessing._tables import ArrayTable, Table


def read_table(X: Any, owner: Any) -> Table:
    """Return the columns of ``X``; raise scikit-learn's errors if it is no table."""
    if (frame := as_frame(X)) is not None:
        check_names(list(frame.columns))
        check_shape(frame.shape, owner)
        return PandasTable(frame) if is_pandas(frame) else NarwhalsTable(frame)
    if isinstance(X, (list, tuple)):
        X = from_rows(X)
    X = check_array(
        X, dtype=None, accept_sparse=True, ensure_all_finite=False, estimator=owner
    )
    return ArrayTable(X.toarray() if issparse(X) else X)


def as_frame(X: Any) -> Any:
    """Return a data frame of pandas or of narwhals, or None if ``X`` is no frame."""
    if is_pandas(X):
        return X
    check_in_memory(X, "X")
    try:
        import narwhals.stable.v2 as nw
    except ImportError:  # scikit-learn 1.9 brings it
        return through_pandas(X)
    if not nw.dependencies.is_into_dataframe(X):
        return through_pandas(X)
    frame = nw.from_native(X, eager_only=True)
    return frame.to_native() if frame.implementation.is_pandas() else frame


def through_pandas(X: Any) -> Any:
    """Return a frame of another library as one of pandas, or None."""
    if callable(getattr(X, "to_pandas", None)) and hasattr(X, "columns"):
        return X.to_pandas()
    if hasattr(X, "__dataframe__"):
        from pandas.api.interchange import from_dataframe

        return from_dataframe(X)
    return None


def is_pandas(X: Any) -> bool:
    """Whether ``X`` is a DataFrame of pandas, if that was ever imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(X, pandas.DataFrame)


def from_rows(X: Any) -> Any:
    """Return rows as an array, in which numbers beside strings stay numbers."""
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise uneven_rows(X, "X") from error
    return np.asarray(X, dtype=object) if array.dtype.kind in "US" else array


def check_names(names: Sequence[Any]) -> None:
    """Raise if two columns have one name."""
    name, times = Counter(names).most_common(1)[0] if names else (None, 1)
    if times > 1:
        raise ValueError(
            f"The columns of `X` must have different names; got {name!r} {times} "
            "times. Rename them."
        )


def check_shape(shape: tuple[int, int], owner: Any) -> None:
    """Raise scikit-learn's error if there are no rows or no columns."""
    nothing = np.broadcast_to(np.float64(0), shape)  # takes no memory
    check_array(nothing, estimator=owner, ensure_all_finite=False)
