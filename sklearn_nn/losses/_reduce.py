"""What every loss does with rows: weigh them and take the mean."""

from typing import Any

import numpy as np

from sklearn_nn.core import Array


def mean_over_rows(per_row: Array, w: Array | None) -> Any:
    """Return the mean over the last axis, a float or one value per member.

    Shapes: per_row (..., n), w (n,) of mean one over the training rows. The sum is
    taken in float64: it decides when training stops.
    """
    if w is not None:
        per_row = per_row * w
    mean = per_row.sum(axis=-1, dtype=np.float64) / per_row.shape[-1]
    return mean if per_row.ndim > 1 else float(mean)


def scale_rows(grad: Array, w: Array | None) -> None:
    """Turn the gradient of each row's loss into that of the mean, in place.

    Shapes: grad (..., n, k), w (n,).
    """
    n = grad.shape[-2]
    if w is None:
        grad /= n
    else:
        grad *= (w / n)[:, None]


def weighted_mean(y: Array, w: Array | None) -> Array:
    """Return the mean of each column: (k,)."""
    return np.asarray(np.average(y, axis=0, weights=w))
