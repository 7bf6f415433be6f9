"""LogCoshLoss: quadratic near the target, linear far from it, smooth everywhere."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import brentq

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows


@dataclass(eq=False, repr=False)
class LogCoshLoss(Loss):
    """``log(cosh(raw - y))``, summed over outputs; the gradient is ``tanh(raw - y)``.

    Nearly ``e**2 / 2`` for small errors and ``|e| - log 2`` for large ones: as robust
    as the Huber loss, and smooth everywhere, as L-BFGS expects of a loss.

    Shapes: y (..., n, k), raw (..., n, k), w (..., n).

    References
    ----------
    Saleh and Saleh, "Statistical properties of the log-cosh loss function used in
    machine learning", 2022, arXiv:2208.04564.
    """

    link: ClassVar[str] = "identity"
    predicts_mean: ClassVar[bool] = False

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        size = np.abs(raw - y)
        # log(cosh(e)) = |e| + log(1 + exp(-2 |e|)) - log 2, without overflow.
        loss = np.log1p(np.exp(-2 * size))
        loss += size
        loss -= math.log(2)
        return mean_over_rows(loss, w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.subtract(raw, y, out=out)
        np.tanh(out, out=out)
        scale_rows(out, w)

    def predict(self, raw: Array) -> Array:
        return raw

    def start(self, y: Array, w: Array | None) -> Array:
        weights = np.ones(len(y)) if w is None else w
        return np.asarray([_center(column, weights) for column in y.T], y.dtype)


def _center(y: Array, w: Array) -> float:
    """Return the constant at which the slope of the loss is 0. Shapes: y, w (n,)."""
    low, high = float(y.min()), float(y.max())
    if low == high:
        return low
    return float(brentq(lambda c: float(w @ np.tanh(c - y)), low, high, xtol=1e-15))
