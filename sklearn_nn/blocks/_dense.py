"""Dense: an affine map, followed by an activation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

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
        W, plan = p.W, ws.plan(x.shape)
        if plan is None:
            plan = ws.keep_plan(x.shape, self._plan(W, x.shape, ws))
        if plan.y_shape:
            x = x.reshape(plan.x_shape)
        z = plan.z
        multiply(x, W, z)
        z += p.b if W.ndim == 2 else p.b[:, None]
        y = plan.activation.apply(z, z, ws)
        ws.saved = x, y, plan
        return y.reshape(plan.y_shape) if plan.y_shape else y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        W, (x, y, plan) = p.W, ws.saved
        if plan.y_shape:
            dy = dy.reshape(y.shape)
        dz = plan.activation.pull_back(y, dy, plan.dz, ws)
        multiply(x.T if W.ndim == 2 else x.mT, dz, g.W)
        multiply(plan.ones, dz, g.b)  # a product sums over rows faster than np.sum
        if not need_dx:
            return None
        dx: Array = plan.dx
        multiply(dz, W.mT, dx)
        if plan.is_shared:
            dx = dx.sum(axis=0, keepdims=True)
        return dx.reshape(plan.dx_shape) if plan.y_shape else dx

    def _plan(self, W: Array, shape: Shape, ws: Workspace) -> "_Plan":
        members, lead = W.shape[:-2], shape[:-1]
        own = lead[: len(members)]  # 1 in place of k where all members read the same
        n = math.prod(lead[len(members) :])
        has_axes = len(lead) > len(members) + 1
        y_shape = (*members, *lead[len(members) :], self.units)
        return _Plan(
            x_shape=(*own, n, shape[-1]),
            y_shape=y_shape if has_axes else None,
            dx_shape=shape,
            is_shared=own != members,
            z=ws.out("z", (*members, n, self.units)),
            dz=ws.out("dz", (*members, n, self.units)),
            dx=ws.out("dx", (*members, n, shape[-1])),
            ones=ws.constant(1.0, (n,)),
            activation=as_activation(self.activation),
        )


class _Plan(NamedTuple):
    """What follows from the shape of x: other shapes, and buffers.

    If a row has axes of its own, the products merge them: ``y_shape`` undoes that, and
    is None otherwise.
    """

    x_shape: Shape
    y_shape: Shape | None
    dx_shape: Shape
    is_shared: bool
    z: Array
    dz: Array
    dx: Array
    ones: Array
    activation: Activation


def multiply(a: Any, b: Array, out: Array) -> None:
    """Write the matrix product to ``out``; ``a`` may be sparse if it has two axes."""
    if not isinstance(a, np.ndarray):
        out[...] = a @ b
    elif b.ndim == 2:
        a.dot(b, out)  # half the overhead of np.matmul, which counts for small layers
    else:
        np.matmul(a, b, out=out)
