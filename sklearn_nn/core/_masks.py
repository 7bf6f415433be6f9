"""Masks of time steps, laid over arrays."""

import numpy as np

from sklearn_nn.core._protocols import Array
from sklearn_nn.core._workspace import Workspace


def expand_mask(mask: Array, x: Array, ws: Workspace) -> Array:
    """Return the mask of the steps of x with as many axes as x."""
    after = len(ws.in_shape) - 1
    before = x.ndim - after - mask.ndim
    return mask.reshape(*(1,) * before, *mask.shape, *(1,) * after)


def fill_missing(x: Array, valid: Array, value: float, ws: Workspace) -> Array:
    """Return a copy of ``x`` with ``value`` at steps that do not exist."""
    copy = ws.out("existing", x.shape)
    copy.fill(value)
    np.copyto(copy, x, where=valid)
    return copy


def zero_steps(x: Array, ws: Workspace) -> tuple[Array, Array | None]:
    """Return x with 0 where no step is, and where steps are, for the backward."""
    if ws.mask is None:
        return x, None
    valid = expand_mask(ws.mask, x, ws)
    return fill_missing(x, valid, 0, ws), valid


def fill_and_end_mask(
    x: Array, ws: Workspace, value: float = 0
) -> tuple[Array, Array | None]:
    """Return x with ``value`` where no step is, and where steps are; end the mask."""
    if ws.mask is None:
        return x, None
    valid, ws.mask = expand_mask(ws.mask, x, ws), None
    return fill_missing(x, valid, value, ws), valid


def zero_missing(dx: Array, valid: Array | None, ws: Workspace) -> Array:
    """Return ``dx`` with zeros at steps that do not exist, whatever is there."""
    if valid is None:
        return dx
    copy = ws.out("dx of steps", dx.shape)
    copy.fill(0)
    np.copyto(copy, dx, where=valid)
    return copy
