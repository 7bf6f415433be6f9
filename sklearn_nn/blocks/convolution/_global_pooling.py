"""GlobalAveragePool and GlobalMaxPool: one entry per channel."""

from dataclasses import dataclass
from math import prod

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    ParamTree,
    Rng,
    Shape,
    Views,
    Workspace,
    fill_and_end_mask,
    missing_steps_hint,
    zero_missing,
)


class GlobalPooling(Block):
    """What both global pools share: the places of a row become one."""

    def out_shape(self, in_shape: Shape) -> Shape:
        if len(in_shape) < 2:
            raise ValueError(
                f"{type(self).__name__} must read rows with an axis before that of the "
                f"channels; got rows of shape {in_shape}. "
                + missing_steps_hint(in_shape, "A `Reshape` before it gives them one.")
            )
        return in_shape[-1:]

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}


@dataclass(eq=False, repr=False)
class GlobalAveragePool(GlobalPooling):
    """``y = mean(x)`` over all axes of a row but the last.

    Shapes: x (..., *places, channels), y (..., channels). The mean is over time steps
    that exist; without any, it is 0.

    References
    ----------
    Lin, Chen and Yan, "Network in network", ICLR 2014.

    Examples
    --------
    >>> from sklearn_nn.blocks import GlobalAveragePool
    >>> GlobalAveragePool().out_shape((7, 7, 64))
    (64,)
    """

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        steps, places = ws.in_shape[0], prod(ws.in_shape[:-1])
        share = 1 / places
        if ws.mask is not None:
            count = ws.out("count", ws.mask.shape[:-1])
            np.sum(ws.mask, axis=-1, dtype=count.dtype, out=count)
            np.maximum(count, 1, out=count)
            share = np.divide(steps / places, count, out=count)[..., None]
        x, valid = fill_and_end_mask(x, ws)
        ws.saved = share, valid, x.shape
        x = _by_place(x, ws)
        y = np.sum(x, axis=-2, out=ws.out("y", (*x.shape[:-2], x.shape[-1])))
        y *= share
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        share, valid, shape = ws.saved
        dx, part = ws.out("dx", shape), ws.out("part", dy.shape)
        _by_place(dx, ws)[...] = np.multiply(dy, share, out=part)[..., None, :]
        return zero_missing(dx, valid, ws)


@dataclass(eq=False, repr=False)
class GlobalMaxPool(GlobalPooling):
    """``y = max(x)`` over all axes of a row but the last.

    Shapes: x (..., *places, channels), y (..., channels). Time steps that do not exist
    do not count; without any step, y is 0. Of equal entries the first has the gradient.

    Examples
    --------
    >>> from sklearn_nn.blocks import GlobalMaxPool
    >>> GlobalMaxPool().out_shape((100, 8))
    (8,)
    """

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        mask = ws.mask
        x, valid = fill_and_end_mask(x, ws, -np.inf)
        x = _by_place(x, ws)
        y = np.max(x, axis=-2, out=ws.out("y", (*x.shape[:-2], x.shape[-1])))
        if mask is not None:
            empty = np.any(mask, axis=-1, out=ws.out("empty", mask.shape[:-1], bool))
            np.logical_not(empty, out=empty)
            np.copyto(y, 0, where=empty[..., None])
        ws.saved = x, y, valid
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        x, y, valid = ws.saved
        places = x.shape[-2]
        won = np.equal(x, y[..., None, :], out=ws.out("won", x.shape, bool))
        # The first winner has the highest of these numbers.
        order = np.arange(places, 0, -1, dtype=x.dtype)[:, None]
        rank = np.multiply(won, order, out=ws.out("rank", x.shape))
        top = np.max(rank, axis=-2, out=ws.out("top", y.shape))
        np.equal(rank, top[..., None, :], out=won)
        dx = np.multiply(won, dy[..., None, :], out=ws.out("dx", x.shape))
        dx = dx.reshape(*dy.shape[:-1], *ws.in_shape)
        return zero_missing(dx, valid, ws)


def _by_place(x: Array, ws: Workspace) -> Array:
    """Return x as (..., places, channels)."""
    lead = x.shape[: x.ndim - len(ws.in_shape)]
    return x.reshape(*lead, -1, x.shape[-1])
