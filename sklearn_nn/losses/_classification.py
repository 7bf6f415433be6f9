"""Losses for classification: cross-entropy after a softmax or a sigmoid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, logit, softmax

from sklearn_nn.core import Array, Loss, Rule, number, scalar
from sklearn_nn.losses._reduce import (
    mean_over_rows,
    ones,
    row_scale,
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

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        loss, _, _ = self._losses(y, raw, np.empty_like(raw))
        return mean_over_rows(loss[..., None], w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        own = _lower(raw, out) + y
        np.exp(out, out)
        self._finish(own, out.dot(ones(out.shape[-1], out.dtype.char)), w, out)

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        loss, own, total = self._losses(y, raw, out)
        self._finish(own, total, w, out)
        return mean_over_rows(loss[..., None], w)

    def _losses(self, y: Array, raw: Array, out: Array) -> tuple[Array, Array, Array]:
        """Return the losses of the rows; write a multiple of the softmax to ``out``.

        The multiple is the sum of each row, the third array; the second tells where the
        entry of each row's class stands in the flat array.
        """
        own, sums = _lower(raw, out) + y, ones(out.shape[-1], out.dtype.char)
        loss = out.ravel().take(own)
        if smoothing := self.smoothing:
            loss += smoothing * (out.dot(sums) / len(sums) - loss)
        np.exp(out, out)
        total = out.dot(sums)
        return np.subtract(np.log(total), loss, loss), own, total

    def _finish(self, own: Array, total: Array, w: Array | None, out: Array) -> None:
        """Turn ``out``, a multiple of the softmax, into the gradient."""
        scale = row_scale(out, w)
        out *= np.divide(scale, total, total)[..., None]
        entries = out.ravel()
        if smoothing := self.smoothing:
            share = scalar(smoothing / out.shape[-1], out.dtype.char)
            out -= scale[..., None] * share
            scale = scale * scalar(1 - smoothing, out.dtype.char)
        entries[own] -= scale

    def predict(self, raw: Array) -> Array:
        return np.asarray(softmax(raw, axis=-1))

    def start(self, y: Array, w: Array | None) -> Array:
        p = np.bincount(y, weights=w) / (len(y) if w is None else w.sum())
        return np.log((1 - self.smoothing) * p + self.smoothing / len(p))


def _lower(raw: Array, out: Array) -> Array:
    """Write ``raw`` less the largest entry of each row to ``out``: exp is 1 at most.

    Return where the rows start in the flat array: (..., n). Over the few entries of a
    row, argmax is faster than max, and a product with ones is faster than a sum.
    """
    first = starts(raw.shape)
    top = raw.ravel().take(first + raw.argmax(-1))
    np.subtract(raw, top[..., None], out)
    return first
