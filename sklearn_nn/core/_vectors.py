"""vector_operations: what training does to whole vectors, mostly in place."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs
from scipy.linalg.blas import idamax, isamax

LONG = 1 << 18  # bytes


class VectorOperations(NamedTuple):
    """Operations on contiguous vectors of one dtype.

    Nothing is checked: what is read-only is written, and a ``y`` that is strided or of
    another dtype stays as it was.

    Attributes
    ----------
    axpy : callable
        ``axpy(x, y, n, a)``: ``y += a * x``, in the first ``n`` entries; ``axpy(x, y)``
        in all of them, with a = 1.
    scal : callable
        ``scal(a, x)``: ``x *= a``.
    dot : callable
        ``dot(x, y)``: the sum of ``x * y``, a float.
    """

    axpy: Callable[..., Any]
    scal: Callable[..., Any]
    dot: Callable[..., float]


def vector_operations(p: NDArray[Any]) -> VectorOperations:
    """Return the operations for vectors like ``p``.

    They are those of SciPy's BLAS, where a call costs a third of what one of NumPy's
    does, and ``a * x`` is added in one pass in place of two. But it holds Python's
    lock, and so several threads gain nothing: long vectors have NumPy's operations.
    """
    return _BLAS[p.dtype.char] if p.nbytes <= LONG else _NUMPY


@lru_cache
def rank_one_update(dtype: str) -> Callable[..., Any]:
    """Return BLAS's ``ger(a, x, y, 1, 1, A, 1, 1, 1)``: ``A += a * outer(x, y)``.

    ``A`` is in Fortran's order. With its transpose and ones for y, x is added to all
    rows of an array in C order, for which NumPy takes about twice as long.
    """
    function: Callable[..., Any] = get_blas_funcs("ger", dtype=dtype)
    return function


def max_abs(a: NDArray[Any]) -> float:
    """Return the largest absolute value; 0 for an empty array. It may overlook NaN."""
    flat = a.ravel()
    return abs(float(flat[_IAMAX[flat.dtype.char](flat)])) if flat.size else 0.0


def _axpy(x: Any, y: Any, n: int | None = None, a: float = 1.0) -> None:
    part = y[:n]
    part += x[:n] if a == 1 else x[:n] * np.array(a, x.dtype)


def _scal(a: float, x: Any) -> None:
    x *= np.array(a, x.dtype)


def _dot(x: Any, y: Any) -> float:
    return float(x.dot(y))


_BLAS = {
    char: VectorOperations(*get_blas_funcs(("axpy", "scal", "dot"), dtype=char))
    for char in "fd"
}
_IAMAX = {"f": isamax, "d": idamax}
_NUMPY = VectorOperations(_axpy, _scal, _dot)
