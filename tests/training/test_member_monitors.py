"""KeepBestMembers: each member ends with its best parameters."""

from itertools import count
from math import inf, nan

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import Dense, Scale, Shared, chain
from sklearn_nn.core import compile_network
from sklearn_nn.training import Epoch, KeepBestMembers


def make_net(block=None, members=3):
    rng = np.random.default_rng(0)
    return compile_network(block or Dense(1), (2,), np.float64, rng, members=members)


def report():
    return Epoch(1, nan, nan, nan, 0.1, 0.0)


def run(net, scores, patience=inf):
    """Set all parameters to the number of the epoch; return monitor and stops."""
    told = iter(scores)
    monitor = KeepBestMembers(
        net, lambda net: (-(s := np.array(next(told), float)), s), patience
    )
    stops = []
    for number, _ in zip(count(1), scores, strict=False):
        net.params[:] = number
        stops.append(monitor.after_epoch(report(), net))
    return monitor, stops


def numbers(net):
    """Return for each member the only value of its own parameters."""
    views = net.layout.named_views(net.params).values()
    table = np.concatenate([v.reshape(len(v), -1) for v in views], axis=1)
    assert (table == table[:, :1]).all()
    return table[:, 0].tolist()


SCORES = [[1, 5, 0], [2, 4, 0], [3, 1, 7], [0, 0, 6]]


def test_each_member_gets_the_parameters_of_its_own_best_epoch():
    net = make_net()
    run(net, SCORES)[0].finish(net)
    assert numbers(net) == [3, 1, 3]


def test_the_best_epochs_and_scores_are_told():
    monitor, _ = run(make_net(), SCORES)
    assert_array_equal(monitor.best_epochs, [3, 1, 3])
    assert_array_equal(monitor.best_scores, [3, 5, 7])


def test_of_equal_scores_the_latest_counts():
    net = make_net()
    run(net, [[1, 2, 2], [1, 2, 0], [1, 1, 2]])[0].finish(net)
    assert numbers(net) == [3, 2, 3]


def test_a_network_without_members_has_one_score():
    net = make_net(members=None)
    run(net, [[1], [3], [2]])[0].finish(net)
    assert_array_equal(net.params, np.full(3, 2))


def test_members_that_share_parameters_are_judged_by_their_mean():
    net = make_net(chain(Shared(Dense(1)), Scale()))
    # Means 2, 3, 1: the second epoch, though no member is best in it.
    monitor, _ = run(net, [[6, 0, 0], [3, 3, 3], [0, 0, 3]])
    monitor.finish(net)
    assert_array_equal(net.params, np.full(net.params.size, 2))
    assert_array_equal(monitor.best_epochs, [2, 2, 2])


def test_a_score_that_is_nan_is_never_the_best():
    net = make_net()
    run(net, [[1, nan, 1], [nan, 1, 0], [0, nan, 0]])[0].finish(net)
    assert numbers(net) == [1, 2, 1]


def test_nothing_is_restored_while_a_member_has_no_score():
    net = make_net()
    run(net, [[1, -inf, 1], [0, -inf, 0]])[0].finish(net)
    assert numbers(net) == [2, 2, 2]


# The epoch after which the patience of 2 is over: no member got better in two epochs.
STOPS = [
    ([[1, 1], [0, 0], [0, 0]], 3),
    ([[1, 1], [0, 2], [2, 0], [0, 0], [0, 0]], 5),
    ([[1, 1], [1, 0], [0, 1], [0, 0]], None),
    ([[1, 1], [2, 2], [3, 3]], None),
]


@pytest.mark.parametrize(("scores", "last"), STOPS)
def test_patience_ends_when_no_member_gets_better(scores, last):
    _, stops = run(make_net(members=2), scores, patience=2)
    assert stops == [i == last for i in range(1, len(scores) + 1)]


def test_without_patience_training_goes_on():
    assert not any(run(make_net(), [[1] * 3, *[[0] * 3] * 50])[1])


def test_the_epoch_gets_the_means_over_members():
    net, epoch = make_net(), report()
    monitor = KeepBestMembers(net, lambda net: (np.arange(3.0), np.array([1, 2, 6])))
    monitor.after_epoch(epoch, net)
    assert (epoch.validation_loss, epoch.validation_score) == (1, 3)


def test_restoring_keeps_the_vector():
    net = make_net()
    vector, (monitor, _) = net.params, run(net, SCORES)
    monitor.finish(net)
    assert net.params is vector
