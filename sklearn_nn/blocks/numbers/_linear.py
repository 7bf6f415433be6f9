"""Embeddings of numeric features: a vector per feature instead of a number."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.activations._names import as_activation
from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    check_features,
    embedded_shape,
    flatten_axes,
    integer,
    matmul,
    sum_members,
    uniform,
)

GROUP = "numeric"  # of all parameters here: trained, not penalized


class NumericEmbedding(Block):
    """``y_j = activation(q(x_j) @ W_j)`` for each feature j on its own.

    A subclass is a dataclass that says what q is, by `encode` and `vjp`. These
    have the rows on the last axis, so that NumPy's loops are long. The last row of q is
    ones and that of W a bias, which saves two passes over y.

    Shapes: x (..., f), W (f, h, units), y (..., f * units), or (..., f, units) if not
    ``flat``. Inside, x is (..., f, n) and q (..., f, h, n).
    """

    units: int
    flat: bool
    activation: str | Activation = "identity"

    learns_q: ClassVar[bool] = False  # whether q has parameters
    keeps_x: ClassVar[bool] = False  # whether the last unit is x itself

    @abstractmethod
    def encode(self, p: Views, x: Array, ws: Workspace) -> Array:
        """Return q. What `vjp` needs stays in ``ws.saved``."""

    @abstractmethod
    def vjp(self, p: Views, g: Views, dq: Array, ws: Workspace) -> Array:
        """Overwrite the gradient of q's parameters; return dx. May overwrite dq."""

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        as_activation(self.activation).check_values()
        check_features(self, in_shape)
        return embedded_shape(self, in_shape)

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x = flatten_axes(x, ws)
        x_t = ws.out("x_t", (*x.shape[:-2], x.shape[-1], x.shape[-2]))
        x_t[...] = x.mT
        q = self.encode(p, x_t, ws.child("q"))
        lead = p.W.shape[:-3]
        z = ws.out("z", (*lead, *x.shape[-2:], self.units))
        matmul(q.mT, p.W, self._linear_part(z))
        if self.keeps_x:
            z[..., -1] = x
        y = as_activation(self.activation).forward(None, z, ws.child("activation"), rng)
        ws.saved = q, x.shape
        return y.reshape(*lead, -1, *embedded_shape(self, ws.in_shape))

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        q, shape = ws.saved
        dy = dy.reshape(*p.W.shape[:-3], *shape[-2:], self.units)
        own = ws.child("activation")
        dz: Any = as_activation(self.activation).backward(None, None, dy, own)
        linear = self._linear_part(dz)
        np.matmul(q, linear, out=g.W)
        if not (need_dx or self.learns_q):
            return None
        dq = ws.out("dq", (*linear.shape[:-2], *q.shape[-2:]))
        dx_t = self.vjp(p, g, np.matmul(p.W, linear.mT, out=dq), ws.child("q"))
        dx = ws.out("dx", (*dx_t.shape[:-2], *shape[-2:]))
        dx[...] = dx_t.mT
        if self.keeps_x:
            dx += dz[..., -1]
        dx = sum_members(dx, shape, ws)
        return dx.reshape(*shape[:-2], -1, *ws.in_shape)

    def _linear_part(self, z: Array) -> Array:
        """Return what a product makes of ``z``: a view, (..., f, n, units)."""
        units = self.units - self.keeps_x
        return z[..., :units].swapaxes(-3, -2)


def with_ones(rows: Shape, name: str, ws: Workspace) -> Array:
    """Return an array for q, (..., f, h, n), with ones as its last row."""
    *lead, h, n = rows
    q = ws.out(name, (*lead, h + 1, n))
    q[..., h, :] = 1
    return q


@dataclass(eq=False, repr=False)
class LinearEmbedding(NumericEmbedding):
    """``y_j = activation(x_j * w_j + b_j)``: a line through space for each feature.

    This is the feature tokenizer of the FT-Transformer if not ``flat``. Parameters
    start uniform within ``1 / sqrt(units)`` of 0. They are of the group "numeric":
    trained and not penalized.

    Shapes: x (..., f), W (f, 2, units), of w and b, y (..., f * units), or
    (..., f, units) if not ``flat``.

    Parameters
    ----------
    units : int, default=16
        Length of a feature's vector.
    activation : str or Activation, default="identity"
        As of `Dense`.
    flat : bool, default=True
        Whether the vectors of a row stand in one line; if not, they become a sequence,
        for attention over the features.

    References
    ----------
    Gorishniy, Rubachev, Khrulkov and Babenko, "Revisiting deep learning models for
    tabular data", NeurIPS 2021.
    """

    units: int = 16
    activation: str | Activation = "identity"
    flat: bool = True

    rules: ClassVar[Mapping[str, Rule]] = {"units": integer(1), "flat": Boolean()}

    def param_tree(self, in_shape: Shape) -> ParamTree:
        init = uniform(self.units**-0.5)
        return {"W": Param((in_shape[-1], 2, self.units), init, GROUP, summed=-2)}

    def encode(self, p: Views, x: Array, ws: Workspace) -> Array:
        q = with_ones((*x.shape[:-1], 1, x.shape[-1]), "q", ws)
        q[..., 0, :] = x
        return q

    def vjp(self, p: Views, g: Views, dq: Array, ws: Workspace) -> Array:
        return dq[..., 0, :]
