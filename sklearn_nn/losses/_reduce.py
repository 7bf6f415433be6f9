"""What every loss does with rows: weigh them and take the mean."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from sklearn_nn.core import Array, scalar


def mean_over_rows(loss: Array, w: Array | None) -> Any:
    """Return the mean over rows of the sum over outputs: a float, or one per member.

    Shapes: loss (..., n, k), w (..., n) of mean one over the training rows.
    """
    if w is not None:
        loss = loss * w[..., None]
    n = loss.shape[-2]
    # A product sums faster than np.sum, but float32 in float32 on some processors.
    if loss.ndim == 2 and loss.dtype == np.float64:
        return float(loss.reshape(-1).dot(ones(loss.size, loss.dtype.char))) / n
    mean = loss.sum(axis=(-2, -1), dtype=np.float64) / n
    return float(mean) if loss.ndim == 2 else mean


def scale_rows(grad: Array, w: Array | None) -> None:
    """Turn the gradient of each row's loss into that of the mean, in place.

    Shapes: grad (..., n, k), w (..., n).
    """
    if w is None:
        grad *= scalar(1 / grad.shape[-2], grad.dtype.char)
    else:
        grad *= row_scale(grad, w)[..., None]


def row_scale(grad: Array, w: Array | None) -> Array:
    """Return the share of each row in the mean: () or (..., n)."""
    n = grad.shape[-2]
    return scalar(1 / n, grad.dtype.char) if w is None else w / n


def weighted_mean(y: Array, w: Array | None) -> Array:
    """Return the mean of each column: (k,)."""
    return np.asarray(np.average(y, axis=0, weights=w))


def weighted_quantiles(y: Array, levels: Any, w: Array | None) -> Array:
    """Return the quantiles of the first column, of the second, ...

    They are targets: the smallest below or at which there is that share of the weight.
    """
    found = np.quantile(y, levels, axis=0, weights=w, method="inverted_cdf")
    return found.T.ravel()


@lru_cache(maxsize=8)
def ones(n: int, dtype: str) -> Array:
    """Return ``n`` ones, read-only."""
    return _frozen(np.ones(n, dtype))


@lru_cache(maxsize=8)
def starts(shape: tuple[int, ...]) -> Array:
    """Return where each row starts in a flat array of ``shape``, read-only."""
    numbers = np.arange(0, math.prod(shape), shape[-1])
    return _frozen(numbers.reshape(shape[:-1]))


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
