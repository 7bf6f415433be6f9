"""ExactMatrix: products without rounding, which are the same in any order of sums."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_nn.core._layout import ParamLayout, Views

SIGNIFICAND = 53  # bits of a float64
MEAN = 3  # the power of 2 up to which the mean entry of the other factor may be
# 1.5 * 2**52 times a unit, added and subtracted, rounds to multiples of the unit.
ROUNDER = 1.5 * 2.0**52


class ExactMatrix:
    """A matrix of which products are sums of integers, and so without rounding.

    A product of float32 is rounded in an order of sums that depends on the processor,
    and on the place of a row among the others. Here both factors are first rounded to
    multiples of powers of 2, so coarse that float64 holds all sums exactly. Then the
    order does not matter. The rounding costs some 1e-7, as float32 does.

    The sums are exact where the mean of the absolute entries of a row is 8 at most.
    Beyond they have the error of float64.

    Parameters
    ----------
    values : ndarray
        The matrix, or a stack of matrices.
    axis : {-2, -1}
        The axis over which products sum; -2 for ``x @ matrix``.

    References
    ----------
    Ozaki, Ogita, Oishi and Rump, "Error-free transformations of matrix multiplication
    by using fast routines of matrix multiplication and its applications", Numerical
    Algorithms 59, 2012.
    """

    def __init__(self, values: NDArray[Any], axis: int) -> None:
        bits = SIGNIFICAND - math.ceil(math.log2(values.shape[axis]))
        own = bits // 2 - 1
        largest = np.abs(values).max(axis=axis, keepdims=True)
        _, exponent = np.frexp(largest)
        self.values = _rounded(values, ROUNDER * np.ldexp(1.0, exponent - own))
        self._axis, self._rounder = axis, ROUNDER * 2.0 ** (MEAN - (bits - own))
        self.shape, self.ndim = values.shape, values.ndim

    def multiply(self, x: NDArray[Any], out: NDArray[Any]) -> None:
        """Write ``x @ matrix``, or ``matrix @ x`` if the axis is -1, to ``out``."""
        left, right = self.values, _rounded(x, self._rounder)
        if self._axis == -2:
            left, right = right, left
        np.copyto(out, np.matmul(left, right), casting="same_kind")


def matmul(a: Any, b: Any, out: NDArray[Any]) -> NDArray[Any]:
    """Write the product of two arrays, of which one may be exact, to ``out``."""
    if isinstance(b, ExactMatrix):
        b.multiply(a, out)
    elif isinstance(a, ExactMatrix):
        a.multiply(b, out)
    else:
        np.matmul(a, b, out=out)
    return out


def exact_views(layout: ParamLayout, params: NDArray[Any]) -> Views:
    """Return the tree of parameters, with exact matrices in place of arrays."""
    named: dict[str, Any] = layout.named_views(params)
    for name, param in layout.params.items():
        if param.summed is not None:
            named[name] = ExactMatrix(named[name], param.summed)
    return layout.unflatten(named)


def _rounded(values: NDArray[Any], rounder: Any) -> NDArray[Any]:
    """Return values as float64, rounded to multiples of a unit."""
    rounded: NDArray[Any] = np.add(values, rounder, dtype=np.float64)
    rounded -= rounder
    return rounded
