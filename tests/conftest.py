"""The seed of the tests, `SEED=17 pytest` for another, and hypothesis's profile."""

import os

import numpy as np
import pytest
from hypothesis import settings

SEED = int(os.environ.get("SEED", "0"))

settings.register_profile("local", deadline=None, max_examples=25)
settings.register_profile(
    "reproducible", settings.get_profile("local"), derandomize=True
)
settings.load_profile("reproducible" if "CI" in os.environ else "local")


@pytest.fixture
def rng():
    """Return a generator with the seed of this run."""
    return np.random.default_rng(SEED)
