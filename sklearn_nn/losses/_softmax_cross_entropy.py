"""Cross-entropy after a softmax: one class of several."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import softmax

from sklearn_nn.core import Array, Loss, Rule, max_abs, number, scalar
from sklearn_nn.losses._reduce import (
    mean_over_rows,
    ones,
    row_scale,
    starts,
)

# Up to here exp needs no shift. A loss is the difference of two numbers of this size:
# float64 has digits enough, float32 has not.
MODERATE = 16.0


MODERATE_IN_LOSS = {"d": MODERATE, "f": 1.0}


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
        loss, _ = self._losses(y, raw, np.empty_like(raw))
        return mean_over_rows(loss[..., None], w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        np.exp(_lowered(raw, out, MODERATE), out)
        self._finish(y, out.dot(ones(out.shape[-1], out.dtype.char)), w, out)

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        loss, total = self._losses(y, raw, out)
        self._finish(y, total, w, out)
        return mean_over_rows(loss[..., None], w)

    def _losses(self, y: Array, raw: Array, out: Array) -> tuple[Array, Array]:
        """Return the losses of the rows; write a multiple of the softmax to ``out``.

        The multiple is the sum of each row, the second array.
        """
        sums = ones(out.shape[-1], out.dtype.char)
        low = _lowered(raw, out, MODERATE_IN_LOSS[raw.dtype.char])
        loss = low.ravel().take(starts(raw.shape) + y)
        if smoothing := self.smoothing:
            loss += smoothing * (low.dot(sums) / len(sums) - loss)
        np.exp(low, out)
        total = out.dot(sums)  # a product with ones is faster than a sum
        return np.subtract(np.log(total), loss, loss), total

    def _finish(self, y: Array, total: Array, w: Array | None, out: Array) -> None:
        """Turn ``out``, a multiple of the softmax, into the gradient."""
        scale = row_scale(out, w)
        out *= np.divide(scale, total, total)[..., None]
        entries, own = out.ravel(), starts(out.shape) + y
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


def _lowered(raw: Array, out: Array, moderate: float) -> Array:
    """Return ``raw`` if it is moderate, else less the largest entry of each row.

    That goes to ``out``. Over the few entries of a row, argmax is faster than max. With
    members it is never returned: NaN, which may be overlooked, is to spoil but its own.
    """
    if raw.ndim == 2 and max_abs(raw) < moderate:
        return raw
    top = raw.ravel().take(starts(raw.shape) + raw.argmax(-1))
    return np.subtract(raw, top[..., None], out)
