"""Gates: activations that multiply x by a function of it between 0 and 1.

Their derivative cannot be read off y, because two x have the same y.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.core import Array, Workspace

# GELU's gate is (1 + tanh(LINEAR * x + CUBIC * x**3)) / 2.
LINEAR = float(np.sqrt(2 / np.pi))
CUBIC = 0.044715 * LINEAR


@dataclass(eq=False, repr=False)
class SiLU(Activation):
    """``y = x / (1 + exp(-x))``, also called swish.

    References
    ----------
    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", Neural Networks 107, 2018.
    """

    reads_output: ClassVar[bool] = False

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        gate = np.multiply(x, 0.5, out=ws.out("gate", x.shape))
        _half_tanh(gate)
        return np.multiply(x, gate, out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        gate = ws.out("gate", y.shape)
        np.subtract(1, gate, out=out)
        out *= y
        out += gate
        out *= dy  # dx = (gate + y * (1 - gate)) * dy
        return out


@dataclass(eq=False, repr=False)
class GELU(Activation):
    """``y = x * P(x)``, with P the distribution function of the standard normal.

    P is computed as ``(1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``. So y is
    off by 5e-4 at most, and takes a tenth of the time.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415, 2016.
    """

    reads_output: ClassVar[bool] = False

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        gate, near = ws.out("gate", x.shape), ws.out("kept", x.shape)
        np.clip(x, -10, 10, out=near)  # beyond, the gate is 0 or 1 to the last digit
        np.multiply(near, near, out=gate)
        gate *= CUBIC
        gate += LINEAR
        gate *= near
        _half_tanh(gate)
        return np.multiply(x, gate, out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        gate, near = ws.out("gate", y.shape), ws.out("kept", y.shape)
        slope = np.multiply(near, near, out=ws.out("slope", y.shape))
        slope *= 6 * CUBIC
        slope += 2 * LINEAR
        slope *= near
        np.subtract(1, gate, out=out)
        out *= gate
        out *= slope
        out += gate
        out *= dy  # dx = (gate + x * gate') * dy, gate' = 2 u' * gate * (1 - gate)
        return out


@dataclass(eq=False, repr=False)
class Mish(Activation):
    """``y = x * tanh(log(1 + exp(x)))``.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.
    """

    reads_output: ClassVar[bool] = False

    def apply(self, x: Array, out: Array, ws: Workspace) -> Array:
        near, e = ws.out("kept", x.shape), ws.out("exp", x.shape)
        gate, below = ws.out("gate", x.shape), ws.out("slope", x.shape)
        top = ws.constant(20.0, x.shape)  # beyond, the gate is 1 to the last digit
        np.minimum(x, top, out=near)
        np.exp(near, out=e)
        np.add(e, 2, out=gate)
        gate *= e
        np.add(gate, 2, out=below)
        gate /= below  # with n = e * (e + 2) it is n / (n + 2)
        return np.multiply(x, gate, out=out)

    def vjp(self, y: Array, dy: Array, out: Array, ws: Any = None) -> Array:
        near, e = ws.out("kept", y.shape), ws.out("exp", y.shape)
        gate, below = ws.out("gate", y.shape), ws.out("slope", y.shape)
        np.add(e, 1, out=below)
        np.multiply(gate, gate, out=out)
        np.subtract(1, out, out=out)
        out *= e
        out /= below
        out *= near
        out += gate
        out *= dy  # dx = (gate + x * (1 - gate**2) * e / (1 + e)) * dy
        return out


def _half_tanh(u: Array) -> None:
    """Replace u by ``(1 + tanh(u)) / 2``, the logistic function of ``2 * u``.

    The tanh of NumPy is several times as fast as the `expit` of SciPy.
    """
    np.tanh(u, out=u)
    u += 1
    u *= 0.5
