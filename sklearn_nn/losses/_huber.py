"""HuberLoss: quadratic near the target, linear far from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import Array, Loss, Rule, number
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows


@dataclass(eq=False, repr=False)
class HuberLoss(Loss):
    """``e**2 / 2`` where ``|e| <= delta``, else ``delta * (|e| - delta / 2)``.

    Summed over outputs, with the error ``e = raw - y``. Targets far off pull no harder
    than those at ``delta``, so that a few wild ones do not spoil the fit.

    Shapes: y (..., n, k), raw (..., n, k), w (..., n).

    Parameters
    ----------
    delta : float, default=1.0
        Error from which on the loss is linear, in units of the target; positive.

    References
    ----------
    Huber, "Robust estimation of a location parameter", Annals of Mathematical
    Statistics 35, 1964.
    """

    delta: float = 1.0

    link: ClassVar[str] = "identity"
    predicts_mean: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {"delta": number(0, np.inf, "()")}

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        return mean_over_rows(self._losses(y, raw, np.empty_like(raw)), w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.subtract(raw, y, out=out)
        np.clip(out, -self.delta, self.delta, out=out)
        scale_rows(out, w)

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        losses = self._losses(y, raw, out)
        scale_rows(out, w)
        return mean_over_rows(losses, w)

    def _losses(self, y: Array, raw: Array, out: Array) -> Array:
        """Return the loss of each entry; write its slope to ``out``."""
        error = raw - y
        np.clip(error, -self.delta, self.delta, out=out)
        error -= 0.5 * out
        error *= out  # e**2 / 2 inside, delta * (|e| - delta / 2) outside
        return error

    def predict(self, raw: Array) -> Array:
        return raw

    def start(self, y: Array, w: Array | None) -> Array:
        weights = np.ones(len(y)) if w is None else w
        centers = [_center(column, weights, self.delta) for column in y.T]
        return np.asarray(centers, y.dtype)


def _center(y: Array, w: Array, delta: float) -> float:
    """Return the constant at which the slope of the loss is 0. Shapes: y, w (n,).

    The slope ``sum(w * clip(c - y, -delta, delta))`` is a line between the ends of the
    clipping, where row i begins and ends to add ``w_i`` to its rise.
    """
    ends = np.concatenate([y - delta, y + delta]).astype(np.float64)
    order, change = ends.argsort(), np.concatenate([w, -w])
    ends, rise = ends[order], change[order].cumsum(dtype=np.float64)
    slope = np.cumsum(rise[:-1] * np.diff(ends), dtype=np.float64)
    slope -= slope[-1] / 2  # from -delta * sum(w) to delta * sum(w)
    return float(np.interp(0.0, np.append(-slope[-1], slope), ends))
