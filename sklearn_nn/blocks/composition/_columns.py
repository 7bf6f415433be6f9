"""Columns: some of the features, by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    InvalidParameterError,
    ParamTree,
    Rng,
    Shape,
    Views,
    Workspace,
)


@dataclass(eq=False, repr=False)
class Columns(Block):
    """``y = x[..., columns]``.

    ``columns`` is an integer, a slice, or a list of integers or of booleans; also names
    of columns where the network is fitted on a data frame and x are columns of it, see
    `with_columns`. Those that stand side by side are copied together.
    """

    columns: Any

    accepts_sparse: ClassVar[bool] = True

    def out_shape(self, in_shape: Shape) -> Shape:
        return (*in_shape[:-1], len(self.positions(in_shape)))

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        if ws.saved is None:
            positions = self.positions(ws.in_shape)
            ws.saved = positions, _runs(positions)
        positions, runs = ws.saved
        if not isinstance(x, np.ndarray):
            return x[:, positions]
        y = ws.out("y", (*x.shape[:-1], len(positions)))
        for of_x, of_y in runs:
            y[..., of_y] = x[..., of_x]
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        dx = ws.out("dx", (*dy.shape[:-1], ws.in_shape[-1]))
        dx.fill(0)
        for of_x, of_y in ws.saved[1]:
            dx[..., of_x] += dy[..., of_y]  # a column may be there twice
        return dx

    def positions(self, in_shape: Shape) -> Array:
        """Return the positions of the columns; raise if there are none such."""
        own = self.columns
        own = list(own) if isinstance(own, tuple) else own
        n = in_shape[-1] if in_shape else 0
        try:
            found: Array = np.atleast_1d(np.arange(n)[own])
        except (IndexError, TypeError):
            found = np.empty(0)
        if found.ndim != 1 or not found.size:
            raise ValueError(
                "Columns must be positions, in a list or a slice, of the last axis of "
                f"rows of shape {in_shape}; got {self.columns!r}. Names need an "
                "estimator that is fitted on a data frame."
            )
        return found


def column_positions(columns: Any, names: Sequence[str] | None, owner: str) -> Any:
    """Return ``columns`` with the positions of columns given by name.

    A slice of names includes its last, as in pandas. Without ``names`` a name is an
    error.
    """

    def position(column: Any) -> Any:
        if not isinstance(column, str):
            return column
        if names is None:
            raise InvalidParameterError(
                f"The columns of {owner} can be named only where it reads columns of "
                f"the data; it reads what other blocks return; got {column!r}. Give "
                "positions."
            )
        if column not in names:
            raise InvalidParameterError(
                f"The columns of {owner} must be among those that it reads, "
                f"{', '.join(map(repr, names))}; got {column!r}."
            )
        return list(names).index(column)

    if isinstance(columns, slice):
        stop, last = columns.stop, position(columns.stop)
        stop = last + 1 if isinstance(stop, str) else last
        return slice(position(columns.start), stop, columns.step)
    if isinstance(columns, str) or not np.iterable(columns):
        return position(columns)
    if not any(isinstance(column, str) for column in columns):
        return columns
    return [position(column) for column in columns]


def _runs(positions: Array) -> list[tuple[slice, slice]]:
    """Return slices of consecutive positions, and where they go."""
    cuts = [0, *(np.flatnonzero(np.diff(positions) != 1) + 1), len(positions)]
    starts = [(int(positions[a]), int(a), int(b)) for a, b in pairwise(cuts)]
    return [(slice(c, c + b - a), slice(a, b)) for c, a, b in starts]
