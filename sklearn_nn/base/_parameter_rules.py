"""Rules that constructor parameters of several estimators share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sklearn_nn.core import (
    Boolean,
    OneOf,
    Rule,
    Satisfying,
    any_of,
    integer,
    no_fork,
    number,
)

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


def draw_seeds(random_state: Any, size: int) -> list[int]:
    """Draw seeds from what scikit-learn takes as ``random_state``."""
    with no_fork():  # NumPy's generator has a lock, and there is one for all threads
        seeds = check_random_state(random_state).randint(2**31 - 1, size=size)
    return [int(seed) for seed in seeds]


SEED = Satisfying(is_seed, "None, an integer in [0, 2**32 - 1] or a RandomState")
DTYPE = any_of(OneOf((None,)), Satisfying(is_float, "float32 or float64"))
CLASS_WEIGHT = any_of(
    OneOf((None, "balanced")),
    Satisfying(is_class_weight, "a dict of numbers in [0, inf)"),
)

# Of every estimator that trains a network.
TRAINING_RULES: Mapping[str, Rule] = {
    "alpha": number(0, np.inf, "[)"),
    "batch_size": any_of(OneOf(("auto",)), integer(1)),
    "max_iter": integer(1),
    "shuffle": Boolean(),
    "random_state": SEED,
    "tol": number(0, np.inf, "[)"),
    "verbose": any_of(Boolean(), integer(0)),
    "warm_start": Boolean(),
    "early_stopping": Boolean(),
    "validation_fraction": number(0, 1, "[)"),
    "n_iter_no_change": any_of(integer(1), OneOf((np.inf,))),
    "max_fun": integer(1),
    "dtype": DTYPE,
}
