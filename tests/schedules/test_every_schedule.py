"""Laws that every public schedule obeys."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from sklearn_nn import schedules
from sklearn_nn.core import Clock, Schedule
from sklearn_nn.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CosineLog,
    FlatCosine,
    InverseScaling,
)

CASES = {
    "Adaptive": Adaptive(),
    "Adaptive, slow": Adaptive(0.9, min_rate=0.1),
    "Constant": Constant(),
    "Cosine": Cosine(),
    "Cosine, floor": Cosine(floor=0.3),
    "Cosine, floor 1": Cosine(floor=1),
    "Cosine, warm-up": Cosine(warmup=0.2, floor=0.05),
    "CosineLog": CosineLog(),
    "CosineLog, one cycle": CosineLog(1),
    "FlatCosine": FlatCosine(),
    "InverseScaling": InverseScaling(),
    "InverseScaling, power 0": InverseScaling(0),
    "InverseScaling, power 2": InverseScaling(2),
}
RISING = {"Cosine, warm-up", "CosineLog", "CosineLog, one cycle"}  # from zero
ZERO = RISING | {"Cosine", "FlatCosine"}  # at one of the ends of the training
FALLING = [name for name in CASES if name not in RISING]
falling = pytest.mark.parametrize("name", FALLING)
every_schedule = pytest.mark.parametrize("schedule", CASES.values(), ids=CASES)
clocks = st.builds(Clock, st.floats(0, 1), st.integers(0, 10**9), st.integers(0, 100))


def test_every_public_schedule_has_a_case():
    items = [getattr(schedules, name) for name in schedules.__all__]
    public = {item for item in items if inspect.isclass(item)}
    assert {type(schedule) for schedule in CASES.values()} == public
    assert all(issubclass(item, Schedule) for item in public)


@every_schedule
@given(clock=clocks)
def test_the_factor_is_between_zero_and_one(schedule, clock):
    factor = schedule(clock)
    assert type(factor) is float
    assert 0 <= factor <= 1


@pytest.mark.parametrize("name", [name for name in CASES if name not in ZERO])
@given(clock=clocks)
def test_the_factor_is_above_zero_where_no_end_is_at_zero(name, clock):
    assert CASES[name](clock) > 0


@every_schedule
@given(clock=clocks, other=clocks)
def test_the_same_clock_gives_the_same_factor(schedule, clock, other):
    first = schedule(clock)
    schedule(other)
    assert schedule(Clock(**vars(clock))) == first


@every_schedule
@given(clock=clocks)
def test_the_clock_is_left_alone(schedule, clock):
    before = dict(vars(clock))
    schedule(clock)
    assert vars(clock) == before


@falling
def test_the_factor_at_the_beginning_is_one(name):
    assert CASES[name](Clock()) == 1


@pytest.mark.parametrize("name", sorted(RISING))
def test_the_factor_of_a_schedule_that_rises_begins_at_zero(name):
    assert CASES[name](Clock()) == 0


@falling
@given(a=clocks, b=clocks)
def test_the_factor_never_rises_with_time(name, a, b):
    schedule = CASES[name]
    late = Clock(*(max(vars(a)[k], vars(b)[k]) for k in vars(a)))
    assert schedule(late) <= schedule(a)


@every_schedule
def test_a_clone_is_the_same_schedule(schedule):
    assert repr(clone(schedule)) == repr(schedule)


@pytest.mark.parametrize("cls", dict.fromkeys(map(type, CASES.values())))
def test_what_follows_the_progress_spans_the_training(cls):
    own = [schedule for schedule in CASES.values() if type(schedule) is cls]
    ends = [{schedule(Clock(t)) for t in (0, 0.3, 0.7, 1)} for schedule in own]
    assert any(len(factors) > 1 for factors in ends) == cls.spans_training
