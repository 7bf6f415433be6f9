"""Which columns are categorical: the parameter `categorical_features`."""

from typing import Any

import numpy as np

from sklearn_nn.core import Array, OneOf, Rule, Satisfying, any_of, shown
from sklearn_nn.preprocessing._tables import Kind, Table


def _is_list(value: Any) -> bool:
    is_list = isinstance(value, (list, tuple)) or hasattr(value, "__array__")
    return is_list and np.ndim(value) == 1


CATEGORICAL: Rule = any_of(
    OneOf(("from_dtype", None)),
    Satisfying(_is_list, "a list of positions, of names or of one bool per column"),
)


def are_categorical(table: Table, kinds: list[Kind], wanted: Any) -> Array:
    """Return for each column whether it is categorical: no number, or said to be."""
    if isinstance(wanted, str):
        return np.isin(kinds, ["flag", "level", "text"])
    no_number = np.isin(kinds, ["text"])
    return no_number | _named(table, np.asarray([] if wanted is None else wanted))


def _named(table: Table, wanted: Array) -> Array:
    n_columns = table.shape[1]
    if wanted.dtype.kind == "b":
        if len(wanted) != n_columns:
            _refuse(f"say True or False of each of the {n_columns} columns", wanted)
        return wanted
    mask = np.zeros(n_columns, bool)
    if wanted.size == 0:
        return mask
    if wanted.dtype.kind in "iu":
        if wanted.min() < 0 or wanted.max() >= n_columns:
            _refuse(f"hold positions from 0 to {n_columns - 1}", wanted)
        mask[wanted] = True
        return mask
    names = [] if table.names is None else table.names
    if unknown := [name for name in wanted.tolist() if name not in names]:
        _refuse(f"hold names of columns; `X` has no column {unknown[0]!r}", wanted)
    mask[[names.index(name) for name in wanted.tolist()]] = True
    return mask


def _refuse(must: str, wanted: Array) -> None:
    raise ValueError(
        f"`categorical_features` must {must}; got {shown(wanted.tolist())}."
    )
