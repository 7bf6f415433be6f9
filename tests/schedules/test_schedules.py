"""Factors worked out on paper, and what a plateau does."""

import re

import numpy as np
import pytest

from sklearn_nn.core import Clock, InvalidParameterError
from sklearn_nn.schedules import Adaptive, Constant, Cosine, InverseScaling

PAPER = [
    (Constant(), Clock(0.9, 1000, 7), 1.0),
    (Cosine(), Clock(1 / 3, 1000, 7), 0.75),
    (Cosine(), Clock(0.5), 0.5),
    (Cosine(), Clock(1.0), 0.0),
    (Cosine(floor=0.2), Clock(0.5), 0.6),
    (Cosine(floor=0.2), Clock(1.0), 0.2),
    (Cosine(warmup=0.25), Clock(0.0), 0.0),
    (Cosine(warmup=0.25), Clock(0.125), 0.5),
    (Cosine(warmup=0.25), Clock(0.25), 1.0),
    (Cosine(warmup=0.25, floor=0.5), Clock(0.5), 0.875),  # a third of the way down
    (InverseScaling(), Clock(samples=99), 0.1),
    (InverseScaling(1.0), Clock(samples=3), 0.25),
    (InverseScaling(2), Clock(samples=3), 0.0625),
    (InverseScaling(0), Clock(samples=1000), 1.0),
    (Adaptive(), Clock(plateaus=2), 0.04),
    (Adaptive(0.5), Clock(samples=1000, plateaus=3), 0.125),
]


@pytest.mark.parametrize(("schedule", "clock", "factor"), PAPER)
def test_the_factor_is_that_on_paper(schedule, clock, factor):
    assert schedule(clock) == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize(
    ("schedule", "rate", "answer"),
    [
        (Adaptive(), 1e-3, True),
        (Adaptive(), 1.1e-6, True),
        (Adaptive(), 1e-6, False),
        (Adaptive(), 1e-7, False),
        (Adaptive(min_rate=0.1), 0.1, False),
        (Adaptive(min_rate=0.1), 0.2, True),
        (Constant(), 1.0, False),
        (Cosine(), 1.0, False),
        (InverseScaling(), 1.0, False),
    ],
)
def test_a_plateau_is_answered_by_a_lower_rate_or_not(schedule, rate, answer):
    assert schedule.answers_plateau(rate) is answer


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            InverseScaling(-1),
            "`power_t` of InverseScaling must be a number in [0, inf)",
        ),
        (InverseScaling(np.nan), "must be a number in [0, inf); got nan."),
        (Cosine(1), "`warmup` of Cosine must be a number in [0, 1); got 1."),
        (Cosine(-0.1), "`warmup` of Cosine must be a number in [0, 1); got -0.1."),
        (Cosine(floor=1.1), "`floor` of Cosine must be a number in [0, 1]; got 1.1."),
        (Adaptive(1), "`factor` of Adaptive must be a number in (0, 1); got 1."),
        (Adaptive(0.0), "`factor` of Adaptive must be a number in (0, 1); got 0.0."),
        (
            Adaptive(min_rate=0),
            "`min_rate` of Adaptive must be a number in (0, inf); got 0.",
        ),
    ],
)
def test_values_are_checked_on_demand(schedule, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        schedule.check_values()
