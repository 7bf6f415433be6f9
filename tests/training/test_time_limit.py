"""train_together with a limit of time, by a clock that steps and monitors move."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Dense
from sklearn_nn.core import Clock, Schedule, compile_network
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import SGD
from sklearn_nn.training import (
    MemberData,
    Monitor,
    Recipe,
    TimeLimit,
    TrainingRun,
    TrainingState,
    train_together,
)
from sklearn_nn.training import _loop as loop
from sklearn_nn.training import _pace as pace

ROWS, STEPS = 40, 20  # of an epoch


class Steps(Schedule):
    """A constant schedule that notes the progress of each step, which takes time."""

    seen: list = []  # noqa: RUF012  # one for the class: a schedule holds no state
    watch = SimpleNamespace(now=0.0)
    seconds = 1.0

    def __call__(self, clock, /):
        self.seen.append(clock.progress)
        self.watch.now += self.seconds
        return 1.0


class Takes(Monitor):
    """A validation that takes some seconds; or stops after some epochs."""

    def __init__(self, seconds=0.0, stop=math.inf):
        self.seconds, self.stop, self.n_epochs = seconds, stop, 0

    def after_epoch(self, epoch, net):
        Steps.watch.now += self.seconds
        self.n_epochs += 1
        return self.n_epochs >= self.stop


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    """Return a clock that the loop reads, and steps of a second."""
    watch = SimpleNamespace(now=0.0)
    fake = SimpleNamespace(perf_counter=lambda: watch.now)
    for module in (loop, pace):
        monkeypatch.setattr(module, "time", fake)
    monkeypatch.setattr(Steps, "watch", watch)
    monkeypatch.setattr(Steps, "seen", [])
    monkeypatch.setattr(Steps, "seconds", 1.0)
    return watch


def make_run(rng, monitors=(), n_val=0):
    X, y = rng.standard_normal((ROWS, 2)), rng.standard_normal((ROWS, 1))
    net = compile_network(Dense(1), (2,), np.float64, rng, members=1)
    recipe = Recipe(SGD(), Steps(), 0.01, 0.0, ROWS // STEPS, shuffle=False)
    state = TrainingState(recipe.optimizer.init(net.trained), rng, Clock())
    data = MemberData.of(X, y, None, [np.arange(ROWS)])
    return TrainingRun(net, HalfSquaredError(), data, recipe, state, monitors, n_val)


def train(runs, n_epochs, seconds, monitors=(), n_threads=1):
    limit = TimeLimit(seconds)
    return train_together(runs, None, monitors, n_epochs, n_threads, limit)


@pytest.mark.parametrize("seconds", [60, 61, 1000])
def test_a_limit_that_is_not_reached_changes_nothing(seconds, rng):
    train_together([make_run(rng)], None, [], 3)
    expected = Steps.seen.copy()
    Steps.seen.clear()
    train([make_run(rng)], 3, seconds)
    assert_array_equal(Steps.seen, expected)


@pytest.mark.parametrize("seconds", [3, 7, 20, 59, 400])
@pytest.mark.parametrize("n_epochs", [21, 1000])
def test_a_training_takes_the_time_there_is_and_not_more(seconds, n_epochs, watch, rng):
    train([make_run(rng)], n_epochs, seconds)
    assert watch.now == seconds


def test_an_epoch_that_takes_longer_than_the_limit_is_cut(watch, rng):
    outcome = train([make_run(rng)], 1000, 7)
    assert (len(outcome.epochs), len(Steps.seen)) == (1, 7)


@pytest.mark.parametrize("seconds", [1e-9, 0.4])
def test_there_are_three_steps_at_least(seconds, rng):
    outcome = train([make_run(rng)], 1000, seconds)
    assert (len(outcome.epochs), len(Steps.seen)) == (1, 3)


@pytest.mark.parametrize("seconds", [7, 50, 333])
def test_schedules_end_with_the_time(seconds, rng):
    train([make_run(rng)], 1000, seconds)
    steps = np.diff([*Steps.seen, 1.0])
    # all alike once the steps were judged, at a twentieth of the time
    judged = max(3, 1 + math.ceil(seconds / 20))
    assert (steps > 0).all()
    assert_allclose(steps[judged:], steps[-1])


def test_progress_follows_the_time_if_steps_become_slower(watch, rng):
    class Slower(Takes):
        def after_epoch(self, epoch, net):
            Steps.seconds *= 1.2
            return False

    train([make_run(rng, [Slower()])], 20, 200)
    assert (np.diff(Steps.seen) > 0).all()
    assert watch.now == pytest.approx(200, rel=0.05)
    assert Steps.seen[-1] > 0.95


@pytest.mark.parametrize("seconds", [60, 100, 500])
def test_validation_counts_and_there_is_time_left_for_one_more(seconds, watch, rng):
    train([make_run(rng, [Takes(5.0)])], 1000, seconds)
    assert abs(watch.now - (seconds - 5)) <= 3


def test_before_the_first_validation_its_time_is_guessed_by_rows(watch, rng):
    # 12 rows that go forward count as 4, which are 2 steps; and once more at the end
    train([make_run(rng, [Takes(2.0)], n_val=12)], 1000, 16)
    assert watch.now == 12 + 2


def test_what_callbacks_take_counts(watch, rng):
    train([make_run(rng)], 1000, 300, [Takes(10.0)])
    assert abs(watch.now - 290) <= 5


@pytest.mark.parametrize("seconds", [9, 90])
def test_runs_that_share_a_thread_share_its_time(seconds, watch, rng):
    runs = [make_run(rng) for _ in range(3)]
    train(runs, 1000, seconds)
    assert watch.now == pytest.approx(seconds, abs=2)
    samples = [training_run.state.clock.samples for training_run in runs]
    assert max(samples) - min(samples) <= 4


def test_a_run_that_has_ended_leaves_its_time_to_the_others(watch, rng):
    train([make_run(rng, [Takes(stop=1)]), make_run(rng)], 1000, 200)
    assert watch.now == pytest.approx(200, abs=2)
