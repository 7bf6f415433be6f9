"""split_by: the splits of a splitter of scikit-learn, or of pairs of row numbers."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sklearn_nn.core import Array, shown
from sklearn_nn.tabular._splits import Split


def is_cv(value: Any) -> bool:
    """Whether ``value`` can split rows: it is a splitter, or may hold pairs."""
    if isinstance(value, (str, bytes, type, Mapping)):
        return False
    return hasattr(value, "split") or isinstance(value, Iterable)


def split_by(
    cv: Any, X: Any, y: Array, groups: Array | None, kept: Array | None
) -> list[Split]:
    """Return the splits of ``cv`` as positions among the rows that are ``kept``.

    It splits the rows of the user, since pairs, and some splitters, know their numbers;
    those that are not kept are then left out. Shapes: groups (n,), kept (n,) of bools.
    """
    place = np.arange(len(y)) if kept is None else np.cumsum(kept) - 1
    splits = []
    for i, pair in enumerate(_pairs(cv, X, y, groups)):
        try:
            train, test = pair
        except (TypeError, ValueError):
            raise ValueError(
                "`cv` must give pairs (train, test) of row numbers; split "
                f"{i} is {shown(pair)}."
            ) from None
        parts = [
            _check_rows(rows, f"{name} rows of split {i} of `cv`", len(y))
            for name, rows in (("train", train), ("test", test))
        ]
        if len(shared := np.intersect1d(parts[0], parts[1])):
            raise ValueError(
                f"`cv` must not validate by rows that train; in split {i} {len(shared)}"
                f" do both, such as row {shared[0]}. To train on all rows, pass "
                "`X_val`, or set n_bags=1 and validation_fraction=0."
            )
        if kept is not None:
            parts = [rows[kept[rows]] for rows in parts]
        if not all(map(len, parts)):
            raise ValueError(
                "`cv` must give train rows and test rows of positive weight; split "
                f"{i} has {len(parts[0])} and {len(parts[1])} of them."
            )
        splits.append(Split(*(place[rows] for rows in parts)))
    if not splits:
        raise ValueError(f"`cv` must give at least one split; got {shown(cv)}.")
    return splits


def _pairs(cv: Any, X: Any, y: Array, groups: Array | None) -> Iterable[Any]:
    """Return the pairs as they come."""
    if not hasattr(cv, "split"):
        if groups is not None:
            raise ValueError(
                "`groups` must be None where `cv` holds pairs of rows, which say "
                "already what validates; got both."
            )
        return cv
    try:
        return list(cv.split(X, y, groups))
    except Exception as error:
        error.add_note(f"It was raised by `cv`={shown(cv)}.")
        raise


def _check_rows(rows: Any, what: str, n: int) -> Array:
    """Return row numbers (m,) as an array; raise if they can be none."""
    try:
        rows = np.asarray(rows)
    except ValueError:  # rows of several lengths
        rows = np.asarray(rows, dtype=object)
    if not rows.size:
        return np.empty(0, int)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise ValueError(
            f"The {what} must be a list of row numbers; got {shown(rows)} of "
            f"{rows.dtype}."
        )
    wrong = (rows < 0) | (rows >= n)
    if wrong.any():
        raise ValueError(
            f"The {what} must be numbers from 0 to {n - 1}, of the {n} rows of `X`; "
            f"got {rows[wrong.argmax()]}."
        )
    return rows.astype(int)
