"""Dense: an affine map, followed by an activation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse

from sklearn_nn.blocks._activations import Activation, Elementwise, as_activation
from sklearn_nn.core import (
    Array,
    Block,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    integer,
    number,
    uniform,
)


@dataclass(eq=False, repr=False)
class Dense(Block):
    """``y = activation(x @ W + b)``.

    Shapes: x (..., d_in), W (d_in, units), b (units,), y (..., units).
    ``x`` may be a CSR matrix if the network has no members.

    Parameters
    ----------
    units : int, default=64
        Width of the output.
    activation : str or elementwise block, default="identity"
        One of "identity", "logistic", "relu", "tanh", or a block such as ``Tanh()``.
    init_factor : float, default=6.0
        Weights and biases start uniform in ``[-r, r)`` with
        ``r = sqrt(init_factor / (d_in + units))``.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """

    units: int = 64
    activation: str | Elementwise = "identity"
    init_factor: float = 6.0

    accepts_sparse: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "init_factor": number(0, np.inf, "[)"),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        return as_activation(self.activation).out_shape((*in_shape[:-1], self.units))

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d_in = in_shape[-1]
        init = uniform(float(np.sqrt(self.init_factor / (d_in + self.units))))
        W = Param((d_in, self.units), init)
        return {"W": W, "b": Param((self.units,), init, group="bias")}

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        W, b = p.W, p.b
        lead = x.shape[:-1]
        if x.ndim > W.ndim:  # a row has axes of its own: the product merges them
            x = x.reshape(*lead[: W.ndim - 2], -1, x.shape[-1])
        z = ws.out("z", (*W.shape[:-2], x.shape[-2], self.units))
        if issparse(x):
            z[...] = x @ W
        else:
            np.matmul(x, W, out=z)
        z += b if W.ndim == 2 else b[:, None]
        ws.saved = x, lead
        activation, inner = as_activation(self.activation), ws.child("activation")
        if isinstance(activation, Activation):
            inner.lend("y", z)
        y = activation.forward(None, z, inner, rng)
        return (
            y
            if len(lead) < W.ndim
            else y.reshape(*z.shape[:-2], *lead[W.ndim - 2 :], -1)
        )

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        W, (x, lead) = p.W, ws.saved
        dy = dy.reshape(*W.shape[:-2], x.shape[-2], self.units)
        activation = as_activation(self.activation)
        dz: Any = activation.backward(None, None, dy, ws.child("activation"))
        if issparse(x):
            g.W[...] = x.T @ dz
        else:
            np.matmul(x.mT, dz, out=g.W)
        ones = ws.out("ones", (x.shape[-2],))
        ones.fill(1)
        np.matmul(ones, dz, out=g.b)  # a product sums over rows faster than np.sum
        if not need_dx:
            return None
        dx = np.matmul(dz, W.mT, out=ws.out("dx", (*W.shape[:-2], *x.shape[-2:])))
        if x.shape[:-2] != W.shape[:-2]:  # all members read the same rows
            dx = dx.sum(axis=0, keepdims=True)
        return dx.reshape(*lead, -1)
