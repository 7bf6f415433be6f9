"""fit_slope: from the scores of a linear classifier to probabilities."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, softmax

from sklearn_nn.core import Array

# Between these, relative to the largest score: flat but in order, and a step.
LOWEST, HIGHEST = 2.0**-10, 2.0**60


def fit_slope(scores: Array, codes: Array, w: Array) -> float:
    """Return the s > 0 that makes ``softmax(s * scores)`` most likely.

    Shapes: scores (n, k), or (n,) for two classes of which the first has score 0; codes
    (n,) of int; w (n,).

    As in Platt's scaling, a class with m rows counts as seen once more with each label,
    that is, its targets are ``(m + 1) / (m + k)`` and ``1 / (m + k)``: otherwise rows
    without an error would have the slope infinity. The loss is convex in s.

    References
    ----------
    Platt, "Probabilistic outputs for support vector machines and comparisons to
    regularized likelihood methods", 1999.
    """
    scores = scores.astype(np.float64)
    if (scale := float(np.abs(scores).max())) == 0:
        return 1.0
    scores /= scale
    target = _expected_under_targets(scores, codes, w)
    mean = _mean_two if scores.ndim == 1 else _mean_many

    def excess(s: float) -> float:
        return float(w @ mean(s, scores)) - target

    return _increasing_root(excess) / scale


def _mean_two(s: float, scores: Array) -> Array:
    return np.asarray(expit(s * scores) * scores)


def _mean_many(s: float, scores: Array) -> Array:
    return np.asarray((softmax(s * scores, axis=1) * scores).sum(axis=1))


def _expected_under_targets(scores: Array, codes: Array, w: Array) -> float:
    """Return the weighted sum of the rows' mean scores, over their smoothed targets."""
    if scores.ndim == 1:
        own, total, k = scores * (codes == 1), scores, 2
    else:
        own, total = scores[np.arange(len(scores)), codes], scores.sum(axis=1)
        k = scores.shape[1]
    m = np.bincount(codes, w > 0)[codes]
    return float(w @ ((m * own + total) / (m + k)))


def _increasing_root(function: Callable[[float], float]) -> float:
    """Return the root in [LOWEST, HIGHEST], or the end that is nearest to it."""
    if function(LOWEST) >= 0:
        return LOWEST
    high = 1.0
    while function(high) < 0:
        if high >= HIGHEST:
            return HIGHEST
        high *= 2
    return float(brentq(function, LOWEST if high == 1 else high / 2, high, rtol=1e-6))
