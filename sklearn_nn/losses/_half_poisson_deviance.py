"""Half the Poisson deviance, for counts."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows, weighted_mean


@dataclass(eq=False, repr=False)
class HalfPoissonDeviance(Loss):
    """``sum over outputs of y * log(y / m) - y + m`` per row, with ``m = exp(raw)``.

    Shapes: y (..., n, k) of numbers >= 0, raw (..., n, k), w (..., n).
    """

    link: ClassVar[str] = "exp"

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        return mean_over_rows(xlogy(y, y) - y - y * raw + np.exp(raw), w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.exp(raw, out=out)
        out -= y
        scale_rows(out, w)

    def predict(self, raw: Array) -> Array:
        return np.exp(raw)

    def check_targets(self, y: Array) -> None:
        if y.size and (low := y.min()) < 0:
            raise ValueError(
                f"`y` must not be negative for the Poisson loss; got {low:g}. "
                "Use loss='squared_error' for targets of either sign."
            )

    def start(self, y: Array, w: Array | None) -> Array:
        return np.log(weighted_mean(y, w))
