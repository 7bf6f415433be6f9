"""RobustScale: center, scale and a smooth clip, as RealMLP has them."""

from dataclasses import dataclass

import numpy as np

from sklearn_nn.core import Array, row_chunks

_HUGE = np.finfo(np.float64).max
VALUES_AT_ONCE = 1 << 20
_FAR = 1e15  # so far out that the smooth clip has reached its limit of 3


@dataclass(frozen=True, eq=False)
class RobustScale:
    """``u = (x - median) / scale``, then ``u / sqrt(1 + (u / 3)**2)``, within (-3, 3).

    The scale is the distance of the quartiles; where they are equal, half the distance
    of minimum and maximum. Where these are equal, too, the column is constant, and its
    scale is 0. What is missing becomes the mean. Shapes: all arrays (f,).
    """

    median: Array
    scale: Array
    mean: Array

    @classmethod
    def fit(cls, values: Array) -> "RobustScale":
        """Return the scale of values (n, f), none of whose columns is all missing."""
        with np.errstate(over="ignore", invalid="ignore"):
            low, q1, median, q3, high = _quartiles(values)
            spread = q3 - q1
            scale = np.where(spread > 0, spread, high / 2 - low / 2)
            # a sum that overflows ends at an extreme
            mean = np.fmax(np.fmin(np.nanmean(values, axis=0), high), low)
        return cls(median, np.minimum(scale, _HUGE), mean)

    def take(self, columns: Array) -> "RobustScale":
        """Return the scale of some of the columns."""
        return RobustScale(*(v[columns] for v in (self.median, self.scale, self.mean)))

    def __call__(self, values: Array) -> Array:
        """Return values (n, f) scaled, in a new array; no column may be constant."""
        u = np.where(np.isnan(values), self.mean, values)
        with np.errstate(over="ignore"):
            u -= self.median
            u /= self.scale
        np.clip(u, -_FAR, _FAR, out=u)
        square = np.square(u / 3)
        square += 1
        u /= np.sqrt(square, out=square)
        return u


def _quartiles(values: Array) -> Array:
    """Return minimum, quartiles and maximum (5, f) of values (n, f)."""
    n, f = values.shape
    found = np.empty((5, f))
    # Some columns at a time, for the sake of memory. What heeds NaN takes columns one
    # by one: where there is none, all together are found faster.
    for columns in row_chunks(f, max(1, VALUES_AT_ONCE // n)):
        own = values[:, columns]
        quantile = np.nanquantile if np.isnan(own).any() else np.quantile
        found[:, columns] = quantile(own, [0, 0.25, 0.5, 0.75, 1], axis=0)
    return found
