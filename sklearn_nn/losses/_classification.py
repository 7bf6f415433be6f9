"""Losses for classification: cross-entropy after a softmax or a sigmoid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, logit, softmax

from sklearn_nn.core import Array, Loss, Rule, number
from sklearn_nn.losses._reduce import (
    mean_over_rows,
    ones,
    scale_rows,
    starts,
    weighted_mean,
)


@dataclass(eq=False, repr=False)
class SigmoidCrossEntropy(Loss):
    """``-y log p - (1 - y) log(1 - p)`` with ``p = sigmoid(raw)``, summed over outputs.

    The log loss of a binary target (k = 1) and of k independent labels.
    Shapes: y (..., n, k) in [0, 1], raw (..., n, k), w (..., n).
    """

    link: ClassVar[str] = "logistic"

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        # log(1 + exp(raw)) - y * raw; logaddexp is exact where exp would overflow.
        loss = np.logaddexp(0, raw, dtype=raw.dtype)
        np.multiply(y, raw, out=out)
        loss -= out
        value = mean_over_rows(loss, w)
        expit(raw, out=out)
        out -= y
        scale_rows(out, w)
        return value

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


@dataclass(eq=False, repr=False)
class SoftmaxCrossEntropy(Loss):
    """``-log softmax(raw)[y]`` per row: the log loss of one class out of k.

    With smoothing e it is ``-sum(t * log softmax(raw))``, where the target t is
    ``1 - e + e / k`` at class y and ``e / k`` at each other class.

    Shapes: y (..., n) of ints, raw (..., n, k), w (..., n).

    Parameters
    ----------
    smoothing : float, default=0.0
        Share of each target that is spread evenly over the k classes, in [0, 1).

    References
    ----------
    Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the inception architecture
    for computer vision", CVPR 2016 (label smoothing).
    """

    smoothing: float = 0.0

    link: ClassVar[str] = "softmax"
    rules: ClassVar[Mapping[str, Rule]] = {"smoothing": number(0, 1, "[)")}

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        # Over the few entries of a row, argmax is faster than max, and a product with
        # ones is faster than a sum.
        entries, k = out.reshape(-1), out.shape[-1]
        first = starts(out.shape)
        top = raw.reshape(-1).take(first + raw.argmax(axis=-1))
        np.subtract(raw, top[..., None], out=out)  # exp is <= 1: it cannot overflow
        own = first + y  # where each row's own class stands in `entries`
        picked = entries.take(own)
        if smoothing := self.smoothing:
            mean = out.dot(ones(k, out.dtype.char)) / k
            picked += smoothing * (mean - picked)
        np.exp(out, out=out)
        total = out.dot(ones(k, out.dtype.char))
        loss = np.log(total, out=top)
        loss -= picked  # log(sum(exp(raw))) - raw[y], or - sum(t * raw)
        value = mean_over_rows(loss[..., None], w)
        out /= total[..., None]
        entries[own] -= 1 - smoothing
        if smoothing:
            out -= smoothing / k
        scale_rows(out, w)
        return value

    def predict(self, raw: Array) -> Array:
        return np.asarray(softmax(raw, axis=-1))

    def start(self, y: Array, w: Array | None) -> Array:
        p = np.bincount(y, weights=w) / (len(y) if w is None else w.sum())
        return np.log((1 - self.smoothing) * p + self.smoothing / len(p))
