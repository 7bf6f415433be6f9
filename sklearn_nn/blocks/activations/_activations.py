"""Activations: functions applied to every entry on its own."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit

from sklearn_nn.core import (
    Array,
    Block,
    ParamTree,
    Rng,
    Shape,
    Views,
    Workspace,
)

FEW = 1024  # entries
_BITS: dict[int, Any] = {4: np.dtype(np.uint32), 8: np.dtype(np.uint64)}


class Elementwise(Block):
    """A block that keeps the shape and has no parameters."""

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}


class Activation(Elementwise):
    """An elementwise function with its derivative.

    A new activation is a dataclass with `apply` and `vjp`. If the derivative
    cannot be read off the output, ``reads_output`` is False and `apply` keeps in ``ws``
    what `vjp` needs: not ``x``, whose memory may become that of the output.
    """

    reads_output: ClassVar[bool] = True

    @abstractmethod
    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        """Return y, written to ``out``, which may be ``x`` itself."""

    @abstractmethod
    def vjp(self, y: Array, dy: Array, out: Array, ws: Workspace) -> Array:
        """Return dx, written to ``out``, from y and dy; ``ws`` is that of `apply`."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = self.apply(x, ws.out("y", x.shape), ws)
        return ws.saved

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        return self.vjp(ws.saved, dy, ws.out("dx", dy.shape), ws)


@dataclass(eq=False, repr=False)
class Identity(Activation):
    """``y = x``."""

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        return x

    def vjp(self, y: Array, dy: Array, out: Array, ws: Workspace) -> Array:
        return dy


@dataclass(eq=False, repr=False)
class ReLU(Activation):
    """``y = max(x, 0)``; the derivative at 0 is taken as 0."""

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        return np.maximum(x, ws.constant(0.0, x.shape), out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Workspace) -> Array:
        if y.size <= FEW or dy.dtype != y.dtype:
            np.sign(y, out=out)
            out *= dy
            return out
        # The sign is slow where there are many. Read as integers, floats that are not
        # negative keep their order, and 1 is the least that is positive. So the minimum
        # is a mask of zeros and ones, and times it the bits of dy are those of dy or of
        # 0. A mask of bools would be converted first, which takes twice as long. NaN
        # counts as positive; without a sign, so does -NaN.
        kind = _BITS[y.itemsize]
        bits = out.view(kind)
        np.minimum(y.view(kind), ws.constant(1, y.shape, kind), out=bits)
        bits *= dy.view(kind)
        return out


@dataclass(eq=False, repr=False)
class Tanh(Activation):
    """``y = tanh(x)``."""

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        return np.tanh(x, out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Workspace) -> Array:
        np.multiply(y, y, out=out)
        np.subtract(1, out, out=out)
        out *= dy  # dx = (1 - y**2) * dy
        return out


@dataclass(eq=False, repr=False)
class Logistic(Activation):
    """``y = 1 / (1 + exp(-x))``."""

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        return np.asarray(expit(x, out=out))

    def vjp(self, y: Array, dy: Array, out: Array, ws: Workspace) -> Array:
        np.subtract(1, y, out=out)
        out *= y
        out *= dy  # dx = y * (1 - y) * dy
        return out


@dataclass(eq=False, repr=False)
class Step(Activation):
    """``y = 1 if x >= 0 else 0``, the threshold of the perceptron.

    The derivative is 0 everywhere, so nothing below a step learns: it is for networks
    whose weights are given.
    """

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        return np.greater_equal(x, 0, out=out, casting="unsafe")

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        out.fill(0)
        return out
