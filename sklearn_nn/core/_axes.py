"""Rows of any shape seen as a matrix, and sums over rows and members."""

from typing import Any

import numpy as np

from sklearn_nn.core._protocols import Array, Block, Shape
from sklearn_nn.core._workspace import Workspace


class LastStep(tuple[int, ...]):
    """The shape of rows that hold the last step of a sequence, not all of them.

    It is a shape like any other; who misses the steps can say where they went.
    """

    __slots__ = ()


def missing_steps_hint(in_shape: Shape, otherwise: str) -> str:
    """Return the advice for who wants steps in rows of ``in_shape``."""
    if isinstance(in_shape, LastStep):
        return "Set return_sequences=True in the recurrent block before it."
    return otherwise


def check_features(block: Block, in_shape: Shape) -> None:
    """Raise ValueError for rows without an axis."""
    if not in_shape:
        raise ValueError(
            f"{type(block).__name__} must read rows with an axis of features; got rows "
            "of shape ()."
        )


def embedded_shape(block: Any, in_shape: Shape) -> Shape:
    """Return the shape of a row of which each feature becomes a vector."""
    *axes, f = in_shape
    return (*axes, f * block.units) if block.flat else (*axes, f, block.units)


def flatten_axes(x: Array, ws: Workspace) -> Array:
    """Return ``x`` as (..., rows, features): all axes of a row but the last join."""
    lead = x.shape[: x.ndim - len(ws.in_shape) - 1]
    return x.reshape(*lead, -1, x.shape[-1])


def restore_axes(y: Array, ws: Workspace) -> Array:
    """Undo `flatten_axes`."""
    return y.reshape(*y.shape[:-2], -1, *ws.in_shape[:-1], y.shape[-1])


def sum_rows(a: Array, out: Array, ws: Workspace) -> None:
    """Write the sum over the rows of ``a`` (..., rows, features) to ``out``."""
    ones = ws.constant(1.0, a.shape[-2:-1])
    if a.ndim == 2:
        ones.dot(a, out)  # a product sums over rows faster than np.sum
    else:
        np.matmul(ones, a, out=out)


def sum_members(dx: Array, shape: Shape, ws: Workspace) -> Array:
    """Return ``dx``, summed over members if x, of ``shape``, was shared by them."""
    if dx.shape == shape:
        return dx
    return np.sum(dx, axis=0, keepdims=True, out=ws.out("dx of shared rows", shape))
