"""ParametricActivation: how far a unit is from linear is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.activations._names import as_activation
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
    check_features,
    constant,
    flatten_axes,
    number,
    restore_axes,
    sum_members,
    sum_rows,
)


@dataclass(eq=False, repr=False)
class ParametricActivation(Block):
    """``y = x + a * (f(x) - x)``, with an ``a`` for each feature, which starts at 1.

    With ``a = 1`` it is the activation ``f``, with ``a = 0`` the identity. ``a`` is of
    the group "activation": trained and not penalized.

    Shapes: x (..., d), a (d,), y (..., d).

    Parameters
    ----------
    activation : str or Activation, default="selu"
        The function f; as of `Dense`.
    start : float, default=1.0
        The first value of ``a``.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.
    """

    activation: str | Activation = "selu"
    start: float = 1.0

    rules: ClassVar[Mapping[str, Rule]] = {"start": number(-np.inf, np.inf, "()")}

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        as_activation(self.activation).check_values()
        check_features(self, in_shape)
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {"a": Param(in_shape[-1:], constant(self.start), group="activation")}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x = flatten_axes(x, ws)
        f = as_activation(self.activation)
        z = f.apply(x, ws.out("z", x.shape), ws.child("activation"))
        bend = np.subtract(z, x, out=ws.out("bend", x.shape))
        y = ws.out("y", (*p.a.shape[:-1], *x.shape[-2:]))
        np.multiply(bend, p.a[..., None, :], out=y)
        y += x
        ws.saved = f, z, bend
        return restore_axes(y, ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        (f, z, bend), dy, a = ws.saved, flatten_axes(dy, ws), p.a[..., None, :]
        own = ws.child("activation")
        tmp = ws.out("tmp", dy.shape)
        sum_rows(np.multiply(bend, dy, out=tmp), g.a, ws)
        if not need_dx:
            return None
        dy_f = np.multiply(dy, a, out=ws.out("dy_f", dy.shape))
        tmp = np.subtract(dy, dy_f, out=tmp)
        straight = sum_members(tmp, z.shape, ws)
        bent = sum_members(dy_f, z.shape, own)
        dx = f.vjp(z, bent, ws.out("dx", z.shape), own)
        dx += straight  # dx = (1 - a) * dy + a * f'(x) * dy
        return restore_axes(dx, ws)
