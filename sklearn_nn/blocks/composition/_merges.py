"""Merges: what several arrays with the same rows become together."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from sklearn_nn.core import Array, Shape, Workspace, zero_missing, zero_steps

Gradients = Sequence[Array]
Masks = Sequence[Array | None]


class Merge(ABC):
    """A differentiable function of several arrays that have the same rows.

    Where members share rows, some of the arrays may have a first axis of length 1 and
    others one of length k.
    """

    def out_shape(self, shapes: Sequence[tuple[str, Shape]], owner: str) -> Shape:
        """Return the shape of a merged row; raise if the named shapes do not fit."""
        (first, shape), *rest = shapes
        for name, other in rest:
            if other != shape:
                raise ValueError(
                    f"{owner} must get rows of one shape to merge them by "
                    f"{type(self).__name__.lower()!r}; {first!r} has {shape}, "
                    f"{name!r} has {other}. Make them equal, or merge by 'concat'."
                )
        return shape

    def row_shape(self, xs: Sequence[Array]) -> Shape:
        """Return the axes of y after the first."""
        return xs[0].shape[1:]

    @abstractmethod
    def merge(self, xs: Sequence[Array], y: Array) -> None:
        """Write the merged arrays to ``y``."""

    @abstractmethod
    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        """Return the gradient of each array, with as many members as ``dy``."""

    def forward(self, xs: Sequence[Array], masks: Masks, ws: Workspace) -> Array:
        """Return y, and leave its mask in ``ws``.

        A step exists if one of the arrays has it; it is 0 in those that miss it.
        """
        ws.mask = masks[0]
        if len(xs) == 1:
            return xs[0]
        valid: Masks | None = None
        if any(mask is not masks[0] for mask in masks):
            xs, valid = _zero_steps(xs, masks, ws)
            ws.mask = _union(masks)
        length = max(map(len, xs))  # of members; of rows all have the same
        y = ws.out("y", (length, *self.row_shape(xs)))
        self.merge(xs, y)
        ws.saved = xs, y, valid
        return y

    def backward(self, dy: Array, ws: Workspace, n: int) -> Gradients:
        """Return the gradients of the ``n`` arrays."""
        if n == 1:
            return [dy]
        xs, y, valid = ws.saved
        dxs = self.vjp(dy, xs, y, ws)
        dxs = [_like(x, dxs[i], ws, i) for i, x in enumerate(xs)]
        if valid is None:
            return dxs
        return [zero_missing(dx, valid[i], ws.child(i)) for i, dx in enumerate(dxs)]


class Concat(Merge):
    """One array after the other in the last axis."""

    def out_shape(self, shapes: Sequence[tuple[str, Shape]], owner: str) -> Shape:
        (first, shape), *rest = shapes
        for name, other in rest:
            if len(other) != len(shape) or other[:-1] != shape[:-1]:
                raise ValueError(
                    f"{owner} must get rows that agree in all axes but the last to "
                    f"merge them by 'concat'; {first!r} has {shape}, {name!r} has "
                    f"{other}. Make the other axes equal."
                )
        if not rest:
            return shape
        return (*shape[:-1], sum(shape[-1] for _, shape in shapes))

    def row_shape(self, xs: Sequence[Array]) -> Shape:
        return (*xs[0].shape[1:-1], sum(x.shape[-1] for x in xs))

    def merge(self, xs: Sequence[Array], y: Array) -> None:
        start = 0
        for x in xs:
            stop = start + x.shape[-1]
            y[..., start:stop] = x
            start = stop

    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        dxs, start = [], 0
        for i, x in enumerate(xs):
            stop = start + x.shape[-1]
            dx = ws.out(f"dx{i}", (*dy.shape[:-1], stop - start))
            dx[...] = dy[..., start:stop]  # a block is faster on a contiguous array
            dxs.append(dx)
            start = stop
        return dxs


class Add(Merge):
    """The sum."""

    def merge(self, xs: Sequence[Array], y: Array) -> None:
        add_all(xs, y)

    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        return [dy] * len(xs)


class Mean(Merge):
    """The mean."""

    def merge(self, xs: Sequence[Array], y: Array) -> None:
        add_all(xs, y)
        y /= len(xs)

    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        return [np.divide(dy, len(xs), out=ws.out("dx", dy.shape))] * len(xs)


class Multiply(Merge):
    """The product; each factor's derivative is the product of the others."""

    def merge(self, xs: Sequence[Array], y: Array) -> None:
        np.multiply(xs[0], xs[1], out=y)
        for x in xs[2:]:
            y *= x

    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        dxs = []
        for i in range(len(xs)):
            first, *others = (*xs[:i], *xs[i + 1 :])
            dx = np.multiply(dy, first, out=ws.out(f"dx{i}", dy.shape))
            for other in others:
                dx *= other
            dxs.append(dx)
        return dxs


class Max(Merge):
    """The largest; among equal ones the first has the derivative."""

    def merge(self, xs: Sequence[Array], y: Array) -> None:
        np.maximum(xs[0], xs[1], out=y)
        for x in xs[2:]:
            np.maximum(y, x, out=y)

    def vjp(self, dy: Array, xs: Sequence[Array], y: Array, ws: Workspace) -> Gradients:
        taken, wins = [ws.out(name, y.shape, bool) for name in ("taken", "wins")]
        taken[...] = False
        dxs = []
        for i, x in enumerate(xs):
            np.equal(x, y, out=wins)
            np.greater(wins, taken, out=wins)  # and not taken
            taken |= wins
            dxs.append(np.multiply(dy, wins, out=ws.out(f"dx{i}", dy.shape)))
        return dxs


MERGES: Mapping[str, Merge] = {
    "concat": Concat(),
    "add": Add(),
    "multiply": Multiply(),
    "max": Max(),
    "mean": Mean(),
}


def add_all(arrays: Sequence[Array], out: Array) -> Array:
    """Return the sum of two arrays or more, written to ``out``."""
    np.add(arrays[0], arrays[1], out=out)
    for array in arrays[2:]:
        out += array
    return out


def _zero_steps(
    xs: Sequence[Array], masks: Masks, ws: Workspace
) -> tuple[list[Array], Masks]:
    """Return the arrays with 0 where a step is missing, and where steps are."""
    filled, valid = [], []
    for i, (x, mask) in enumerate(zip(xs, masks, strict=True)):
        own = ws.child(i, ws.in_shape)
        own.mask = mask
        x, where = zero_steps(x, own)
        filled.append(x)
        valid.append(where)
    return filled, valid


def _union(masks: Masks) -> Array | None:
    """Return which steps one of the masks has; None for all."""
    known = [mask for mask in masks if mask is not None]
    if len(known) < len(masks):
        return None
    union = known[0]
    for mask in known[1:]:
        union = np.logical_or(union, mask)
    return union


def _like(x: Array, dx: Array, ws: Workspace, i: int) -> Array:
    """Return ``dx``, summed over the members if all of them read the same rows."""
    if len(x) == len(dx):
        return dx
    return np.sum(dx, axis=0, keepdims=True, out=ws.out(f"sum{i}", x.shape))
