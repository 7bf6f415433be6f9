"""read_labels, read_numbers: the targets of the user as an array of NumPy."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sklearn_nn.core import Array, check_in_memory, is_missing, shown, uneven_rows

# What may stand in an array of objects, the narrower types first, and the type of the
# array of labels that comes of it. Text stays as it is.
FAMILIES: tuple[tuple[Any, Any], ...] = (
    ((bool, np.bool_), bool),
    (np.datetime64, "datetime64"),
    ((np.timedelta64, timedelta), "timedelta64"),
    (Integral, np.int64),
    (Real, np.float64),
    (str, object),
    (datetime, "datetime64"),
    (date, "datetime64[D]"),
)
INTEGER_OR_FLOAT = {np.int64, np.float64}
LABELS = (
    "labels of one kind: all text, all bools, all numbers, or all times without a zone"
)


def read_labels(y: Any, name: str) -> Any:
    """Return class labels, of any container and storage, as an array of NumPy.

    Parameters
    ----------
    y : array-like or sparse matrix
        Labels, or an indicator matrix of them. None stays None.
    name : str
        What the user calls them.

    Returns
    -------
    y : ndarray or sparse matrix
        An array of bools, numbers, text or times: the labels as they were.

    Raises
    ------
    TypeError, ValueError
        If a label is missing, if labels are of several kinds, or of one that
        scikit-learn does not take; the message names the rows.
    """
    values = _read(y, name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "OSV":
        return values
    first = _first_of_each_type(values)
    dtypes = {_label_dtype(value) for value, _ in first.values()}
    if dtypes == INTEGER_OR_FLOAT:
        dtypes = {np.float64}
    if len(dtypes) > 1 or None in dtypes:
        raise ValueError(f"`{name}` must hold {LABELS}; got {_listed(first)}.")
    return _convert(values, dtypes.pop(), name) if dtypes else values


def read_numbers(y: Any, name: str) -> Any:
    """Return target numbers, of any container and storage, as an array of NumPy.

    Parameters
    ----------
    y : array-like or sparse matrix
        Numbers. None stays None.
    name : str
        What the user calls them.

    Returns
    -------
    y : ndarray or sparse matrix
        Numbers.

    Raises
    ------
    TypeError, ValueError
        If a value is missing or no number; the message names the row.
    """
    values = _read(y, name)
    if not isinstance(values, np.ndarray) or values.dtype.kind in "biufc":
        return values
    first = _first_of_each_type(values)
    wrong = {kind: found for kind, found in first.items() if not _is_number(kind)}
    if wrong:
        raise ValueError(f"`{name}` must hold numbers; got {_listed(wrong)}.")
    return _convert(values, np.float64, name)


def _read(y: Any, name: str) -> Any:
    """Return an array with no value missing; None and sparse matrices as they are."""
    check_in_memory(y, name)
    if y is None or issparse(y):
        return y
    try:
        values = _as_array(y)
    except ValueError as error:  # NumPy's, for rows of several lengths
        raise uneven_rows(y, name) from error
    if values.ndim:
        _check_not_missing(values, name)
    return values


def _as_array(y: Any) -> Array:
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        objects = y.data.astype(object)
        objects[np.ma.getmaskarray(y)] = None
        return objects
    dtype = getattr(y, "dtype", None)
    if dtype is not None and not isinstance(dtype, np.dtype):  # pandas' or polars' own
        return np.asarray(y, dtype=object)
    values = np.asarray(y)
    if values.dtype.kind == "T":  # NumPy's strings, which scikit-learn does not know
        return values.astype(object)
    if isinstance(y, (list, tuple)) and values.dtype.kind == "U":
        objects = np.asarray(y, dtype=object)  # NumPy makes text of ["a", 1]
        is_text = all(map(str.__instancecheck__, objects.ravel().tolist()))
        return values if is_text else objects
    return values


def _check_not_missing(values: Array, name: str) -> None:
    kind = values.dtype.kind
    if kind in "biuUSV":
        return
    if kind == "O":
        flat = [is_missing(value) for value in values.ravel().tolist()]
        missing = np.array(flat, bool).reshape(values.shape)
    else:
        missing = np.isnat(values) if kind in "mM" else np.isnan(values)
    if not missing.any():
        return
    rows = np.flatnonzero(missing.reshape(len(values), -1).any(axis=1))
    raise ValueError(
        f"Input {name} contains NaN or another missing value: `{name}` must have a "
        f"value in each row; it has none in {len(rows)} of {len(values)} rows, first "
        f"in row {rows[0]}. Drop these rows, or give them a value."
    )


def _first_of_each_type(values: Array) -> dict[type, tuple[Any, int]]:
    """Return the first value of each type, and its row."""
    flat = list(values.ravel() if values.dtype.kind != "O" else values.ravel().tolist())
    types = list(map(type, flat))
    size = max(1, len(flat) // max(1, len(values))) if values.ndim else 1
    places = {kind: types.index(kind) for kind in dict.fromkeys(types)}
    return {kind: (flat[i], i // size) for kind, i in places.items()}


def _label_dtype(value: Any) -> Any:
    """Return the type of the array of such labels, None if they can be none."""
    if getattr(value, "tzinfo", None) is not None:
        return None
    return next((dtype for kind, dtype in FAMILIES if isinstance(value, kind)), None)


def _is_number(kind: type) -> bool:
    is_time = issubclass(kind, np.timedelta64)  # to NumPy, an integer
    return not is_time and issubclass(kind, (Real, np.bool_, Decimal))


def _convert(values: Array, dtype: Any, name: str) -> Array:
    if dtype == "datetime64":  # so that pandas' Timestamp keeps its nanoseconds
        times = [getattr(v, "to_datetime64", lambda v=v: v)() for v in values.flat]
        return np.array(times, dtype).reshape(values.shape)
    try:
        return values.astype(dtype)
    except OverflowError:
        raise ValueError(
            f"`{name}` must hold numbers within the range of {np.dtype(dtype)}; got "
            "larger ones."
        ) from None


def _listed(first: dict[type, tuple[Any, int]]) -> str:
    """Name each type with its first row and value."""
    return " and ".join(
        f"{kind.__name__} (row {row}: {shown(value)})"
        for kind, (value, row) in first.items()
    )
