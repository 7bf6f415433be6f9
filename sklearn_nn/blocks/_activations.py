"""Activations: functions applied to every entry on its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from sklearn_nn.core import (
    Array,
    Block,
    InvalidParameterError,
    ParamTree,
    Rng,
    Shape,
    Views,
    Workspace,
)


class Elementwise(Block):
    """A block that keeps the shape and has no parameters."""

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}


class Activation(Elementwise):
    """An elementwise function whose derivative can be read off its output.

    ``forward`` needs its input no longer, so its buffer "y" may be the input's own.
    """


@dataclass(eq=False, repr=False)
class Identity(Activation):
    """``y = x``."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        return x

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        return dy


@dataclass(eq=False, repr=False)
class ReLU(Activation):
    """``y = max(x, 0)``; the derivative at 0 is taken as 0."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = np.maximum(x, 0, out=ws.out("y", x.shape))
        return ws.saved

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        y = ws.saved
        positive = np.greater(y, 0, out=ws.out("positive", y.shape, bool))
        return np.multiply(dy, positive, out=ws.out("dx", y.shape))


@dataclass(eq=False, repr=False)
class Tanh(Activation):
    """``y = tanh(x)``."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = np.tanh(x, out=ws.out("y", x.shape))
        return ws.saved

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        y = ws.saved
        dx = np.multiply(y, y, out=ws.out("dx", y.shape))
        np.subtract(1, dx, out=dx)
        dx *= dy  # dx = (1 - y**2) * dy
        return dx


@dataclass(eq=False, repr=False)
class Logistic(Activation):
    """``y = 1 / (1 + exp(-x))``."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = expit(x, out=ws.out("y", x.shape))
        return ws.saved

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        y = ws.saved
        dx = np.subtract(1, y, out=ws.out("dx", y.shape))
        dx *= y
        dx *= dy  # dx = y * (1 - y) * dy
        return dx


ACTIVATIONS: Mapping[str, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "relu": ReLU(),
    "tanh": Tanh(),
}


def as_activation(value: Any) -> Elementwise:
    """Return the activation that a name stands for, or the elementwise block given."""
    if isinstance(value, Elementwise):
        return value
    if isinstance(value, str) and value in ACTIVATIONS:
        return ACTIVATIONS[value]
    names = ", ".join(map(repr, ACTIVATIONS))
    raise InvalidParameterError(
        f"`activation` of Dense must be one of {names}, or an elementwise block of "
        f"sklearn_nn.blocks; got {value!r}."
    )
