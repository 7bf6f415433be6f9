"""Rectifiers: activations that are linear, or nearly, where x is positive."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.core import Array, Rule, Workspace, number


@dataclass(eq=False, repr=False)
class LeakyReLU(Activation):
    """``y = max(x, slope * x)``; the derivative at 0 is taken as ``slope``.

    Parameters
    ----------
    slope : float, default=0.01
        Slope where x is negative, in [0, 1].

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic
    models", ICML 2013.
    """

    slope: float = 0.01

    rules: ClassVar[Mapping[str, Rule]] = {"slope": number(0, 1, "[]")}

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        leak = np.multiply(x, self.slope, out=ws.out("kept", x.shape))
        return np.maximum(x, leak, out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        np.greater(y, 0, out=out, casting="unsafe")
        np.maximum(out, self.slope, out=out)
        out *= dy
        return out


@dataclass(eq=False, repr=False)
class ELU(Activation):
    """``y = scale * x`` where x is positive, else ``scale * alpha * (exp(x) - 1)``.

    By the name "selu" it has the constants that keep mean 0 and variance 1 from layer
    to layer: ``alpha=1.6732632423543772, scale=1.0507009873554805``.

    Parameters
    ----------
    alpha : float, default=1.0
        How far y falls where x is negative, in units of ``scale``.
    scale : float, default=1.0
        Slope where x is positive.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR 2016. Klambauer, Unterthiner, Mayr and
    Hochreiter, "Self-normalizing neural networks", NeurIPS 2017.
    """

    alpha: float = 1.0
    scale: float = 1.0

    reads_output: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {
        "alpha": number(0, np.inf, "[)"),
        "scale": number(0, np.inf, "()"),
    }

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        zero = ws.constant(0.0, x.shape)
        low = np.minimum(x, zero, out=ws.out("kept", x.shape))
        np.expm1(low, out=low)
        low *= self.scale * self.alpha
        np.maximum(x, zero, out=out)
        out *= self.scale
        out += low
        return out

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        np.greater(y, 0, out=out, casting="unsafe")
        out *= self.scale * (1 - self.alpha)
        out += ws.out("kept", y.shape)
        out += self.scale * self.alpha
        out *= dy  # dx = (scale, or y + scale * alpha where y < 0) * dy
        return out


@dataclass(eq=False, repr=False)
class Softplus(Activation):
    """``y = log(1 + exp(x))``.

    References
    ----------
    Dugas, Bengio, Belisle, Nadeau and Garcia, "Incorporating second-order functional
    knowledge for better option pricing", NeurIPS 2000.
    """

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        rest = np.abs(x, out=ws.out("kept", x.shape))
        np.negative(rest, out=rest)
        np.exp(rest, out=rest)
        np.log1p(rest, out=rest)
        np.maximum(x, ws.constant(0.0, x.shape), out=out)
        out += rest  # y = max(x, 0) + log(1 + exp(-|x|))
        return out

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        np.negative(y, out=out)
        np.expm1(out, out=out)
        out *= dy
        return np.negative(out, out=out)  # dx = (1 - exp(-y)) * dy
