"""Single values: as NumPy and messages read them best, and what is missing."""

from functools import lru_cache
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_SHOWN = 200  # characters


@lru_cache(maxsize=256)
def scalar(value: float, dtype: str) -> NDArray[Any]:
    """Return ``value`` as a read-only array without axes.

    An operation with a Python number takes twice as long on a small array.
    """
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


def plain(value: Any) -> Any:
    """Return a number of any type as one of Python; all else as it is.

    So a parameter `np.float16(0.1)` or `Fraction(1, 10)` computes like 0.1.
    """
    if type(value) in (int, float, bool, str) or value is None:
        return value
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def is_missing(value: Any) -> bool:
    """Whether ``value`` is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ == "NAType":
        return True
    try:
        return bool(value != value)  # NaN and NaT
    except (TypeError, ValueError):
        return False


def shown(value: Any) -> str:
    """Return a short text of a value for a message; of an array, its first entries."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape and hasattr(value, "__array__"):
        entries = np.asarray(value).ravel()
        first = ", ".join(map(repr, entries[:3].tolist()))
        more = ", ..." if entries.size > 3 else ""
        return f"{type(value).__name__} of shape {shape}: {first}{more}"
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return f"{type(value).__name__} of {value.bit_length()} bits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
