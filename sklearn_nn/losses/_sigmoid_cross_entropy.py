"""Cross-entropy after a sigmoid: binary targets and independent labels."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, logit

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses._reduce import (
    mean_over_rows,
    scale_rows,
    weighted_mean,
)


@dataclass(eq=False, repr=False)
class SigmoidCrossEntropy(Loss):
    """``-y log p - (1 - y) log(1 - p)`` with ``p = sigmoid(raw)``, summed over outputs.

    The log loss of a binary target (k = 1) and of k independent labels.
    Shapes: y (..., n, k) in [0, 1], raw (..., n, k), w (..., n).
    """

    link: ClassVar[str] = "logistic"

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        # log(1 + exp(raw)) - y * raw; logaddexp is exact where exp would overflow.
        loss = np.logaddexp(0, raw, dtype=raw.dtype)
        loss -= y * raw
        return mean_over_rows(loss, w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        expit(raw, out)
        out -= y
        scale_rows(out, w)

    def predict(self, raw: Array) -> Array:
        """Return the probabilities: (..., n, k), below 1 also where they round to 1."""
        p = np.asarray(expit(raw))
        return np.minimum(p, np.nextafter(p.dtype.type(1), p.dtype.type(0)), out=p)

    def start(self, y: Array, w: Array | None) -> Array:
        return np.asarray(logit(weighted_mean(y, w)))

    def check_targets(self, y: Array) -> None:
        if y.size and not (y.min() >= 0 and y.max() <= 1):
            raise ValueError(
                "`y` must lie in [0, 1] for the cross-entropy of a sigmoid; got "
                f"values from {y.min():g} to {y.max():g}."
            )
