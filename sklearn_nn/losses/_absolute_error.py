"""The absolute error, whose best constant is a median."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows, weighted_quantiles


@dataclass(eq=False, repr=False)
class AbsoluteError(Loss):
    """``sum over outputs of |raw - y|`` per row; the prediction is a median.

    It is twice the pinball loss of the quantile 1/2. The gradient is the sign of the
    error, and 0 where there is none.

    Shapes: y (..., n, k), raw (..., n, k), w (..., n).
    """

    link: ClassVar[str] = "identity"
    predicts_mean: ClassVar[bool] = False

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        return mean_over_rows(np.abs(raw - y), w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.subtract(raw, y, out=out)
        np.sign(out, out=out)
        scale_rows(out, w)

    def predict(self, raw: Array) -> Array:
        return raw

    def start(self, y: Array, w: Array | None) -> Array:
        return weighted_quantiles(y, [0.5], w)
