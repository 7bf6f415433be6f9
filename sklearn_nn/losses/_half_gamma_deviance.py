"""Half the gamma deviance, for positive targets."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows, weighted_mean


@dataclass(eq=False, repr=False)
class HalfGammaDeviance(Loss):
    """``sum over outputs of log(m / y) + y / m - 1`` per row, with ``m = exp(raw)``.

    For positive targets whose spread grows with their mean: it depends on y / m only.

    Shapes: y (..., n, k) of numbers > 0, raw (..., n, k), w (..., n).

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 1989, chapter 8.
    """

    link: ClassVar[str] = "exp"

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        log_ratio = np.log(y) - raw
        return mean_over_rows(np.expm1(log_ratio) - log_ratio, w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.subtract(np.log(y), raw, out=out)
        np.expm1(out, out=out)  # y / m - 1, without a loss of digits near 0
        np.negative(out, out=out)
        scale_rows(out, w)

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        log_ratio = np.log(y) - raw
        np.expm1(log_ratio, out=out)
        value = mean_over_rows(out - log_ratio, w)
        np.negative(out, out=out)
        scale_rows(out, w)
        return value

    def predict(self, raw: Array) -> Array:
        return np.exp(raw)

    def check_targets(self, y: Array) -> None:
        if y.size and (low := y.min()) <= 0:
            raise ValueError(
                f"`y` must be positive for the gamma loss; got {low:g}. Use "
                "loss='poisson' for targets that may be zero, or loss='squared_error'."
            )

    def start(self, y: Array, w: Array | None) -> Array:
        return np.log(weighted_mean(y, w))
