"""Flatten, Reshape and Permute: the same entries in rows of another shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    fill_and_end_mask,
    integer,
    zero_missing,
)


class Reshaping(Block):
    """A block whose y is x, read in the same order as rows of ``out_shape``."""

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        lead, shape = x.shape[: x.ndim - len(ws.in_shape)], self.out_shape(ws.in_shape)
        keeps_steps = len(shape) > 1 and shape[0] == ws.in_shape[0]
        x, ws.saved = (x, None) if keeps_steps else fill_and_end_mask(x, ws)
        return x.reshape(*lead, *shape)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        lead = dy.shape[: dy.ndim - len(self.out_shape(ws.in_shape))]
        return zero_missing(dy.reshape(*lead, *ws.in_shape), ws.saved, ws)


@dataclass(eq=False, repr=False)
class Flatten(Reshaping):
    """``y = x``, all entries of a row in one axis.

    Shapes: x (..., *axes), y (..., product of the axes). Time steps that do not exist
    become zeros.

    Examples
    --------
    >>> from sklearn_nn.blocks import Flatten
    >>> Flatten().out_shape((7, 7, 64))
    (3136,)
    """

    def out_shape(self, in_shape: Shape) -> Shape:
        return (prod(in_shape),)


def _is_shape(value: Any) -> bool:
    """Whether ``value`` is a tuple of sizes with at most one -1."""
    if not isinstance(value, (tuple, list)) or not value:
        return False
    unknown = sum(size == -1 for size in value)
    known = [size for size in value if size != -1]
    return unknown <= 1 and all(map(integer(1).allows, known))


@dataclass(eq=False, repr=False)
class Reshape(Reshaping):
    """``y = x``, the entries of a row read in the same order as an array of ``shape``.

    Shapes: x (..., *axes), y (..., *shape). Unless the first axis keeps its length,
    time steps that do not exist become zeros.

    Parameters
    ----------
    shape : tuple of int, default=(-1,)
        Shape of a row of y. One entry may be -1: what is left over.

    Raises
    ------
    ValueError
        If a row of x does not have as many entries.

    Examples
    --------
    >>> from sklearn_nn.blocks import Reshape
    >>> Reshape((28, 28, 1)).out_shape((784,))
    (28, 28, 1)
    >>> Reshape((-1, 4)).out_shape((12,))
    (3, 4)
    """

    shape: Sequence[int] = (-1,)

    rules: ClassVar[Mapping[str, Rule]] = {
        "shape": Satisfying(
            _is_shape, "a tuple of integers in [1, inf), of which one may be -1"
        )
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        known = prod(size for size in self.shape if size != -1)
        left, rest = divmod(prod(in_shape), known)
        if rest or (left != 1 and -1 not in self.shape):
            raise ValueError(
                f"`shape` of Reshape must have the {prod(in_shape)} entries of its "
                f"rows, which have the shape {in_shape}; got {self.shape!r}."
            )
        return tuple(left if size == -1 else int(size) for size in self.shape)


def _is_order(value: Any) -> bool:
    """Whether ``value`` holds the integers from 0 once each."""
    is_list = isinstance(value, (tuple, list)) and len(value) > 0
    if not is_list or not all(map(integer(0).allows, value)):
        return False
    return sorted(value) == list(range(len(value)))


@dataclass(eq=False, repr=False)
class Permute(Block):
    """``y = transpose(x)``: the axes of a row in another order.

    Shapes: x (..., *axes), y (..., *axes in the new order). Unless the first axis stays
    in its place, time steps that do not exist become zeros.

    Parameters
    ----------
    axes : tuple of int, default=(1, 0)
        Which axis of a row of x, counted from 0, is first in y, which second, ...

    Raises
    ------
    ValueError
        If a row of x has another number of axes.

    Examples
    --------
    >>> from sklearn_nn.blocks import Permute
    >>> Permute((1, 2, 0)).out_shape((3, 28, 32))  # channels last
    (28, 32, 3)
    """

    axes: Sequence[int] = (1, 0)

    rules: ClassVar[Mapping[str, Rule]] = {
        "axes": Satisfying(_is_order, "a tuple of the integers from 0, once each")
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        if len(self.axes) != len(in_shape):
            raise ValueError(
                f"`axes` of Permute must name each axis of its rows, which have the "
                f"shape {in_shape}; got {self.axes!r}."
            )
        return tuple(in_shape[axis] for axis in self.axes)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x, ws.saved = (x, None) if self.axes[0] == 0 else fill_and_end_mask(x, ws)
        return _transposed(x, self.axes, ws, "y")

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        dx = _transposed(dy, np.argsort(self.axes).tolist(), ws, "dx")
        return zero_missing(dx, ws.saved, ws)


def _transposed(x: Array, axes: Sequence[int], ws: Workspace, name: str) -> Array:
    """Return a copy with the last axes in another order; blocks want it contiguous."""
    lead = x.ndim - len(axes)
    view = x.transpose(*range(lead), *(lead + axis for axis in axes))
    y = ws.out(name, view.shape)
    y[...] = view
    return y
