"""Monitors: when they stop, and what they keep."""

import re
from math import inf, nan
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import Dense
from sklearn_nn.core import Network
from sklearn_nn.optimizers import SGD
from sklearn_nn.schedules import Adaptive, Constant
from sklearn_nn.training import (
    Epoch,
    KeepBest,
    Monitor,
    Patience,
    Printer,
    TimeLimit,
    TrainingState,
    Validation,
)
from sklearn_nn.training import _monitors as monitors
from sklearn_nn.training import _pace as pace


@pytest.fixture
def net():
    """Return a network of two parameters, both zero."""
    return Network(Dense(1), (1,), np.zeros(2))


@pytest.fixture
def state(net):
    """Return the state before training."""
    return TrainingState(SGD().init(net.params), np.random.default_rng(0))


def report(loss=nan, score=nan, rate=0.1):
    return Epoch(1, loss, nan, score, rate, 0.0)


def patient(state, *, patience, tol=0.0, schedule=None):
    schedule = schedule or Constant()
    return Patience("validation_score", tol, patience, schedule, state)


def epochs_run(monitor, scores, net):
    """Return the number of epochs until the monitor stops, or None if it does not."""
    for count, score in enumerate(scores, 1):
        if monitor.after_epoch(report(score=score), net):
            return count
    return None


# Scores, patience, tol, and the epoch that is the last.
STOPS = [
    ([1, 2, 3, 4], 1, 0, None),
    ([1, 0], 1, 0, 2),
    ([1, 0, 0], 2, 0, 3),
    ([1, 0, 2, 0, 0], 2, 0, 5),
    ([1, 1, 1, 1], 1, 0, None),  # with tol=0 standing still is good enough
    ([1, 1, 1, 1], 2, 0.1, 3),
    ([1, 1.05, 1.1, 1.15], 2, 0.1, 3),  # each is better, none by enough
    ([1, 1.5, 2, 2.5], 1, 0.5, None),  # by exactly enough
    ([0, 3, 2, 2.9, 1], 3, 0, 5),
    ([nan, nan, nan], 2, 0, 2),
    ([1, nan, nan], 2, 0, 3),
    ([nan, 1, 2], 2, 0, None),
    ([-inf, -inf, 1], 3, 0, None),
    ([5, 4, 3, 2, 1], inf, 0, None),
    ([nan, nan, nan], inf, 0, None),
]


@pytest.mark.parametrize(("scores", "patience", "tol", "last"), STOPS)
def test_patience_ends_at_the_epoch_on_paper(scores, patience, tol, last, net, state):
    monitor = patient(state, patience=patience, tol=tol)
    assert epochs_run(monitor, scores, net) == last


def test_patience_remembers_the_best_value(net, state):
    epochs_run(patient(state, patience=inf), [1, 4, nan, 2], net)
    assert state.best == 4


def test_patience_goes_on_from_the_state(net, state):
    epochs_run(patient(state, patience=3), [5, 4], net)
    assert epochs_run(patient(state, patience=3), [3, 2, 1], net) == 2


def test_a_plateau_lowers_an_adaptive_rate(net, state):
    monitor = patient(state, patience=2, schedule=Adaptive())
    assert epochs_run(monitor, [1, 0, 0], net) is None
    assert state.clock.plateaus == 1


def test_patience_begins_anew_after_a_lower_rate(net, state):
    monitor = patient(state, patience=2, schedule=Adaptive())
    epochs_run(monitor, [1, 0, 0, 0], net)
    assert state.clock.plateaus == 1
    epochs_run(monitor, [0], net)
    assert state.clock.plateaus == 2


def test_a_plateau_at_the_smallest_rate_ends_the_training(net, state):
    monitor = patient(state, patience=1, schedule=Adaptive(min_rate=0.1))
    monitor.after_epoch(report(score=1, rate=0.1), net)
    assert monitor.after_epoch(report(score=0, rate=0.1), net)
    assert state.clock.plateaus == 0


def test_the_parameters_of_the_best_score_are_restored(net):
    monitor = KeepBest(net)
    for score in [1, 5, 3, 4]:
        net.params[:] = score
        monitor.after_epoch(report(score=score), net)
    monitor.finish(net)
    assert_array_equal(net.params, [5, 5])


def test_the_first_of_equal_scores_is_kept(net):
    monitor = KeepBest(net)
    for number, score in enumerate([2, 7, 7]):
        net.params[:] = number
        monitor.after_epoch(report(score=score), net)
    monitor.finish(net)
    assert_array_equal(net.params, [1, 1])


def test_keep_best_never_stops(net):
    monitor = KeepBest(net)
    assert not any(monitor.after_epoch(report(score=s), net) for s in [1, 0, nan])


def test_a_score_that_is_nan_is_never_the_best(net):
    monitor = KeepBest(net)
    for number, score in enumerate([nan, 1, nan]):
        net.params[:] = number
        monitor.after_epoch(report(score=score), net)
    monitor.finish(net)
    assert_array_equal(net.params, [1, 1])


def test_nothing_is_restored_without_a_score(net):
    monitor = KeepBest(net)
    net.params[:] = 3
    monitor.after_epoch(report(score=nan), net)
    monitor.finish(net)
    assert_array_equal(net.params, [3, 3])


@pytest.mark.parametrize(("score", "kept"), [(1, 0), (3, 9)])
def test_the_start_takes_part_if_its_score_is_known(score, kept, net):
    monitor = KeepBest(net, start=2)
    net.params[:] = 9
    monitor.after_epoch(report(score=score), net)
    monitor.finish(net)
    assert_array_equal(net.params, [kept, kept])


def test_a_start_without_a_score_takes_no_part(net):
    monitor = KeepBest(net, start=nan)
    net.params[:] = 9
    monitor.after_epoch(report(score=1), net)
    net.params[:] = 5
    monitor.finish(net)
    assert_array_equal(net.params, [9, 9])


def test_the_best_parameters_are_a_copy(net):
    monitor = KeepBest(net)
    monitor.after_epoch(report(score=1), net)
    net.params[:] = 5
    monitor.finish(net)
    assert_array_equal(net.params, [0, 0])


def test_restoring_keeps_the_vector(net):
    vector, monitor = net.params, KeepBest(net)
    monitor.after_epoch(report(score=1), net)
    monitor.finish(net)
    assert net.params is vector


def test_validation_writes_into_the_epoch(net):
    epoch = report()
    assert not Validation(lambda net: (0.25, 0.75)).after_epoch(epoch, net)
    assert (epoch.validation_loss, epoch.validation_score) == (0.25, 0.75)


def test_validation_sees_the_network(net):
    seen = []
    Validation(lambda net: (seen.append(net), 0.0)).after_epoch(report(), net)
    assert seen == [net]


def test_the_printer_prints_epoch_and_loss(net, capsys):
    Printer().after_epoch(Epoch(3, 0.5, nan, nan, 0.1, 0.0), net)
    assert capsys.readouterr().out == "Iteration 3, loss = 0.50000000\n"


@pytest.fixture
def watch(monkeypatch):
    """Return a clock that the printer reads."""
    watch = SimpleNamespace(now=100.0)
    fake = SimpleNamespace(perf_counter=lambda: watch.now)
    for module in (monitors, pace):
        monkeypatch.setattr(module, "time", fake)
    return watch


def printed_times(printer, watch, seconds, capsys):
    """Let epochs of these seconds pass; return what the printer says of the time."""
    for number, time in enumerate(seconds, start=1):
        printer.before_epoch(None)
        watch.now += time
        printer.after_epoch(Epoch(number, 0.5, 0.6, 0.7, 0.1, 0.0), None)
    return re.findall(", time left = (.*)\n", capsys.readouterr().out)


def test_the_printer_tells_the_time_that_is_left_after_the_mean_of_epochs(
    watch, capsys
):
    times = printed_times(Printer(4), watch, [10, 20, 30, 40], capsys)
    assert times == ["0:00:30", "0:00:30", "0:00:20", "0:00:00"]


def test_the_printer_tells_hours(watch, capsys):
    assert printed_times(Printer(1000), watch, [10], capsys) == ["2:46:30"]


def test_a_limit_of_time_leaves_no_more_than_it_allows(watch, capsys):
    printer = Printer(1000, TimeLimit(25))
    assert printed_times(printer, watch, [10, 10, 10], capsys) == [
        "0:00:15",
        "0:00:05",
        "0:00:00",
    ]


def test_the_printer_prints_the_score_if_there_is_one(net, capsys):
    Printer().after_epoch(Epoch(3, 0.5, 0.6, 0.7, 0.1, 0.0), net)
    assert re.search("validation score.*0.700000", capsys.readouterr().out)


def test_a_monitor_that_does_nothing_never_stops(net):
    monitor = Monitor()
    monitor.before_epoch(net)
    assert monitor.after_epoch(report(), net) is False
    monitor.finish(net)
