"""read_table: whatever holds a table, as a Table."""

import sys
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from sklearn_nn.preprocessing._frames import PandasTable
from sklearn_nn.preprocessing._tables import ArrayTable, Table


def read_table(X: Any, owner: Any) -> Table:
    """Return the columns of ``X``; raise scikit-learn's errors if it is no table."""
    if is_pandas(X):
        check_shape(X.shape, owner)
        return PandasTable(X)
    if isinstance(X, (list, tuple)):
        X = from_rows(X)
    X = check_array(
        X, dtype=None, accept_sparse=True, ensure_all_finite=False, estimator=owner
    )
    return ArrayTable(X.toarray() if issparse(X) else X)


def is_pandas(X: Any) -> bool:
    """Whether ``X`` is a DataFrame of pandas, if that was ever imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(X, pandas.DataFrame)


def from_rows(X: Any) -> Any:
    """Return rows as an array, in which numbers beside strings stay numbers."""
    array = np.asarray(X)
    return np.asarray(X, dtype=object) if array.dtype.kind in "US" else array


def check_shape(shape: tuple[int, int], owner: Any) -> None:
    """Raise scikit-learn's error if there are no rows or no columns."""
    nothing = np.broadcast_to(np.float64(0), shape)  # takes no memory
    check_array(nothing, estimator=owner, ensure_all_finite=False)
