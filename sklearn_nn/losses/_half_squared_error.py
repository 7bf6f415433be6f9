"""Half the squared error, whose best constant is the mean."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows, weighted_mean


@dataclass(eq=False, repr=False)
class HalfSquaredError(Loss):
    """``sum over outputs of (raw - y)**2 / 2`` per row; the prediction is ``raw``.

    Shapes: y (..., n, k), raw (..., n, k), w (..., n).
    """

    link: ClassVar[str] = "identity"

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        error = raw - y
        error *= error
        return 0.5 * mean_over_rows(error, w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.subtract(raw, y, out=out)
        scale_rows(out, w)

    def predict(self, raw: Array) -> Array:
        return raw

    def start(self, y: Array, w: Array | None) -> Array:
        return weighted_mean(y, w)
