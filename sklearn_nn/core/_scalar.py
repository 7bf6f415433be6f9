"""scalar: a number as NumPy's loops take it fastest."""

from functools import lru_cache

import numpy as np

from sklearn_nn.core._protocols import Array


@lru_cache(maxsize=256)
def scalar(value: float, dtype: str) -> Array:
    """Return ``value`` as a read-only array without axes.

    An operation with a Python number takes twice as long on a small array.
    """
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array
