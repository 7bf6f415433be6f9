"""KeepBestEpoch: networks that train together end as they were in their best epoch."""

from math import inf, nan

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import Dense
from sklearn_nn.core import Clock, compile_network
from sklearn_nn.schedules import CosineLog
from sklearn_nn.training import Epoch, KeepBestEpoch

N = 7  # epochs: three cycles, which end after 1, 3 and 7


def networks():
    rng = np.random.default_rng(0)
    return [compile_network(Dense(1), (2,), float, rng, members=2) for _ in range(2)]


def run(scores, losses=None, nets=None, cycles=3, n_epochs=N, **options):
    """Set all parameters to the number of the epoch; return the monitor and its stops.

    ``scores`` has the four of both networks, or one for all, for each epoch.
    """
    nets, clock = nets or networks(), Clock()
    rows = [np.broadcast_to(np.array(own, float), 4) for own in scores]
    told = -np.stack(rows) if losses is None else np.repeat(losses, 4).reshape(-1, 4)
    number = 0

    def evaluate():
        asked.append(number)
        return told[number - 1], rows[number - 1]

    asked = []
    ends = CosineLog(cycles).ends_cycle
    monitor = KeepBestEpoch(nets, evaluate, clock, ends, **options)
    monitor.asked, monitor.epochs, stops = asked, [], []
    for number in range(1, len(rows) + 1):
        for net in nets:
            net.params[:] = number
        clock.progress = number / n_epochs
        monitor.epochs.append(Epoch(number, nan, nan, nan, 0.1, 0.0))
        stops.append(monitor.after_epoch(monitor.epochs[-1], None))
    monitor.finish(None)
    return monitor, stops


def numbers(nets):
    """Return the number that all parameters of each network are."""
    for net in nets:
        assert (net.params == net.params[0]).all()
    return [net.params[0] for net in nets]


def test_the_mean_over_the_members_of_all_networks_decides():
    scores = [[9, 0, 0, 0], [3, 3, 3, 3], [0, 0, 0, 9]]
    monitor, _ = run(scores)
    assert numbers(monitor.networks) == [2, 2]
    assert (monitor.kept.epoch, monitor.kept.score) == (2, 3)
    assert_array_equal(monitor.kept.scores, scores[1])


def test_of_equal_scores_the_latest_counts():
    monitor, _ = run([1, 2, 2, 1])
    assert monitor.kept.epoch == 3


def test_the_epoch_gets_the_means():
    monitor, _ = run([[1, 2, 3, 6]])
    (epoch,) = monitor.epochs
    assert (epoch.validation_loss, epoch.validation_score) == (-3, 3)


def test_members_without_a_score_do_not_count():
    monitor, _ = run([[1, nan, 1, 4], [nan] * 4])
    assert monitor.epochs[0].validation_score == 2
    assert monitor.kept.epoch == 1


@pytest.mark.parametrize("score", [nan, -inf])
def test_without_any_score_nothing_is_restored(score):
    monitor, _ = run([score, score, score])
    assert monitor.kept.epoch == 0
    assert numbers(monitor.networks) == [3, 3]


def test_with_snapshots_only_the_ends_of_cycles_are_looked_at():
    monitor, _ = run([1, 9, 2, 9, 9, 9, 3], snapshots=True)
    assert monitor.asked == [1, 3, 7]
    assert monitor.kept.epoch == 7
    seen = [epoch.validation_score for epoch in monitor.epochs]
    assert_array_equal(seen, [1, nan, 2, nan, nan, nan, 3])


def test_training_that_ends_within_its_first_cycle_keeps_its_last_epoch():
    monitor, _ = run([9, 9, 1], cycles=1, snapshots=True)  # of 7 epochs
    assert monitor.asked == [3]
    assert numbers(monitor.networks) == [3, 3]
    assert (monitor.kept.epoch, monitor.kept.score) == (3, 1)
    assert [epoch.validation_score for epoch in monitor.epochs][2] == 1


def test_snapshots_of_the_next_cycle_are_kept():
    monitor, _ = run([5, 0, 4, 0, 0, 0, 3], snapshots=True)
    assert numbers(monitor.networks) == [1, 1]
    assert numbers(monitor.kept.later) == [3, 3]


def test_there_is_no_later_cycle_after_the_last():
    monitor, _ = run([1, 0, 2, 0, 0, 0, 3], snapshots=True)
    assert monitor.kept.later == ()


def test_a_later_cycle_that_is_better_replaces_the_best_and_its_next():
    monitor, _ = run([5, 0, 4, 0, 0, 0, 6], snapshots=True)
    assert numbers(monitor.networks) == [7, 7]
    assert monitor.kept.later == ()


def test_without_snapshots_there_are_none():
    monitor, _ = run([5, 0, 4, 0, 0, 0, 3])
    assert monitor.kept.later == ()


@pytest.mark.parametrize(
    ("losses", "stop"),
    [
        ((8, 4, 2), None),  # each cycle takes half of it off
        ((8, 7.3, 2), 3),
        ((8, 7.1, 6.5), 7),
        ((8, 9, 2), 3),
        ((-8, -9, -9.5), 7),  # losses may be less than zero
        ((8, nan, 1), 3),
    ],
)
def test_training_ends_after_a_cycle_that_took_too_little_off_the_loss(losses, stop):
    first, second, third = losses
    course = [first, 99, second, 99, 99, 99, third]
    _, stops = run(np.zeros(N), losses=course, tol=0.1)
    assert [i for i, is_end in enumerate(stops, 1) if is_end][:1] == (
        [] if stop is None else [stop]
    )


def test_without_tol_training_goes_on():
    _, stops = run(np.zeros(N), losses=np.arange(N))
    assert not any(stops)


@pytest.mark.parametrize(("scores", "last"), [([1, 2, 1, 1, 5], 4), ([1, 2, 3], None)])
def test_patience_ends_when_the_mean_does_not_get_better(scores, last):
    _, stops = run(scores, patience=2)
    assert (stops.index(True) + 1 if any(stops) else None) == last


def test_restoring_keeps_the_vector():
    nets = networks()
    vectors = [net.params for net in nets]
    run([2, 1], nets=nets)
    assert all(net.params is own for net, own in zip(nets, vectors, strict=True))
    assert numbers(nets) == [1, 1]
