"""The seed of the tests, `SEED=17 pytest` for another, and hypothesis's profiles.

``pytest --hypothesis-profile random`` tries examples that are new in every run.
"""

import os

import numpy as np
import pytest
from hypothesis import Phase, settings

SEED = int(os.environ.get("SEED", "0"))

settings.register_profile(
    "reproducible", deadline=None, max_examples=25, derandomize=True
)
reproducible = settings.get_profile("reproducible")
settings.register_profile("random", reproducible, derandomize=False)
quick = [phase for phase in Phase if phase is not Phase.shrink]
settings.register_profile("no-shrinking", reproducible, phases=quick)
settings.load_profile("reproducible")


@pytest.fixture
def rng():
    """Return a generator with the seed of this run."""
    return np.random.default_rng(SEED)


@pytest.fixture(autouse=True)
def _seeded():
    """Seed the generator that estimators without a ``random_state`` take."""
    np.random.seed(SEED)  # noqa: NPY002  # None stands for this generator
