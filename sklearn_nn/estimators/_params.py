"""Rules that constructor parameters of several estimators share."""

from typing import Any

import numpy as np

from sklearn_nn.core import OneOf, Satisfying, any_of, integer, number

FLOATS = (np.float64, np.float32)


def is_seed(value: Any) -> bool:
    """Whether ``value`` is what scikit-learn takes as ``random_state``."""
    fixed = value is None or isinstance(value, np.random.RandomState)
    return fixed or integer(0, 2**32 - 1).allows(value) or value is np.random


def is_float(value: Any) -> bool:
    """Whether ``value`` names float32 or float64."""
    try:
        return np.dtype(value) in FLOATS
    except (TypeError, ValueError):
        return False


def is_class_weight(value: Any) -> bool:
    """Whether ``value`` is a dict of weights."""
    return isinstance(value, dict) and all(
        number(0, np.inf, "[)").allows(weight) for weight in value.values()
    )


SEED = Satisfying(is_seed, "None, an integer in [0, 2**32 - 1] or a RandomState")
DTYPE = any_of(OneOf((None,)), Satisfying(is_float, "float32 or float64"))
CLASS_WEIGHT = any_of(
    OneOf((None, "balanced")),
    Satisfying(is_class_weight, "a dict of numbers in [0, inf)"),
)
