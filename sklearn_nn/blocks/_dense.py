"""Dense: an affine map, followed by an activation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks._activations import Activation, as_activation
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
    constant,
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
    activation : str or Activation, default="identity"
        One of "elu", "gelu", "identity", "leaky_relu", "logistic", "mish", "relu",
        "selu", "silu", "softplus", "step", "tanh", or a block such as ``Tanh()``.
    init_factor : float, default=6.0
        Weights and biases start uniform in ``[-r, r)`` with
        ``r = sqrt(init_factor / (d_in + units))``.
    kernel : array-like of shape (d_in, units), default=None
        The weights to start from, in place of random ones.
    bias : array-like of shape (units,), default=None
        The biases to start from.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """

    units: int = 64
    activation: str | Activation = "identity"
    init_factor: float = 6.0
    kernel: Any = None
    bias: Any = None

    accepts_sparse: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "init_factor": number(0, np.inf, "[)"),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        as_activation(self.activation).check_values()
        if not in_shape:
            raise ValueError(
                "Dense must read rows with an axis of features; got rows of shape ()."
            )
        given = {"kernel": (in_shape[-1], self.units), "bias": (self.units,)}
        for name, shape in given.items():
            value = getattr(self, name)
            if value is not None and np.shape(value) != shape:
                raise ValueError(
                    f"`{name}` of Dense must have the shape {shape}, for {self.units} "
                    f"units that read rows of {in_shape}; got {np.shape(value)}."
                )
        return (*in_shape[:-1], self.units)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d_in = in_shape[-1]
        init = uniform(float(np.sqrt(self.init_factor / (d_in + self.units))))
        given = self.kernel, self.bias
        W, b = [init if start is None else constant(start) for start in given]
        return {
            "W": Param((d_in, self.units), W),
            "b": Param((self.units,), b, group="bias"),
        }

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        W, b = p.W, p.b
        lead = x.shape[:-1]
        if len(lead) >= W.ndim:  # a row has axes of its own: the product merges them
            x = x.reshape(*lead[: W.ndim - 2], -1, x.shape[-1])
        z = ws.out("z", (*W.shape[:-2], x.shape[-2], self.units))
        multiply(x, W, z)
        z += b if W.ndim == 2 else b[:, None]
        y = as_activation(self.activation).apply(z, z, ws)
        ws.saved = x, y, lead
        if len(lead) < W.ndim:
            return y
        return y.reshape(*W.shape[:-2], *lead[W.ndim - 2 :], self.units)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        W, (x, y, lead) = p.W, ws.saved
        dy = dy if dy.shape == y.shape else dy.reshape(y.shape)
        activation = as_activation(self.activation)
        dz = activation.pull_back(y, dy, ws.out("dz", y.shape), ws)
        multiply(x.mT if W.ndim > 2 else x.T, dz, g.W)
        # A product sums over rows faster than np.sum.
        multiply(ws.constant(1.0, x.shape[-2:-1]), dz, g.b)
        if not need_dx:
            return None
        dx = ws.out("dx", (*W.shape[:-2], *x.shape[-2:]))
        multiply(dz, W.mT, dx)
        if x.shape[:-2] != W.shape[:-2]:  # all members read the same rows
            dx = dx.sum(axis=0, keepdims=True)
        return dx if len(lead) < W.ndim else dx.reshape(*lead, -1)


def multiply(a: Any, b: Array, out: Array) -> None:
    """Write the matrix product to ``out``; ``a`` may be sparse if it has two axes."""
    if not isinstance(a, np.ndarray):
        out[...] = a @ b
    elif b.ndim == 2:
        a.dot(b, out)  # half the overhead of np.matmul, which counts for small layers
    else:
        np.matmul(a, b, out=out)
