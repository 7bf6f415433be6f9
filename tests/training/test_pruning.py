"""Pruning: what goes and when, and that it stays away."""

import copy
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import BatchNorm, Dense, Dropout, Embedding, Identity, chain
from sklearn_nn.core import (
    InvalidParameterError,
    Param,
    ThreadPool,
    compile_network,
    zeros,
)
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Constant
from sklearn_nn.training import (
    Data,
    Epoch,
    KeepBest,
    Monitor,
    Patience,
    Prune,
    Pruning,
    Recipe,
    TrainingState,
    density_of,
    minimize_lbfgs,
    prune,
    train,
)
from sklearn_nn.training._step import Stepper

BLOCK = chain(Dense(20, "tanh"), Dropout(0.1), Dense(10, "tanh"), Dense(2))
OPTIMIZERS = {"sgd": SGD(0.0), "nesterov": SGD(), "adam": Adam()}
moments = st.floats(0, 1)


@pytest.fixture
def net(rng):
    """Return a network of 4 * 20 + 20 * 10 + 10 * 2 = 300 weights."""
    return compile_network(BLOCK, (4,), np.float64, rng)


@pytest.fixture
def data(rng):
    """Return rows to train on."""
    return Data(rng.standard_normal((200, 4)), rng.standard_normal((200, 2)))


class Densities(Monitor):
    """Notes the density after each epoch."""

    def __init__(self):
        self.seen = []

    def after_epoch(self, epoch, net):
        self.seen.append(density_of(net))
        return False


def start(net, optimizer=None):
    optimizer = optimizer or Adam()
    state = TrainingState(optimizer.init(net.params), np.random.default_rng(0))
    return Recipe(optimizer, Constant(), 0.01, 0.1, 50, True), state


def weights(net):
    """Return all weights in one vector."""
    return net.params[: net.layout.n_weights]


def report(score=nan, loss=nan):
    return Epoch(1, loss, nan, score, 0.1, 0.0)


# -- the schedule


@given(t=moments, begin=moments, end=moments, density=st.floats(0.01, 1))
def test_the_share_stays_between_its_ends(t, begin, end, density):
    pruning = Pruning(density, min(begin, end), max(begin, end))
    assert density <= pruning(t) <= 1 + 1e-12


@given(a=moments, b=moments, begin=moments, end=moments)
def test_the_share_never_rises(a, b, begin, end):
    pruning = Pruning(0.1, min(begin, end), max(begin, end))
    assert pruning(max(a, b)) <= pruning(min(a, b)) + 1e-12


def test_the_share_follows_the_cubic_law():
    # Zhu and Gupta (2017), equation 1, for a final sparsity of 0.875 in 4 steps.
    pruning = Pruning(density=0.125, begin=0.2, end=0.6)
    shares = [pruning(t) for t in (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0)]
    law = [1, 1, 0.494140625, 0.234375, 0.138671875, 0.125, 0.125]
    assert_allclose(shares, law, rtol=1e-12)


def test_the_share_begins_with_what_is_there():
    pruning = Pruning(density=0.1, begin=0.0, end=1.0)
    assert_allclose([pruning(t, 0.5) for t in (0, 0.5, 1)], [0.5, 0.15, 0.1])


@pytest.mark.parametrize("moment", [0.0, 0.5, 1.0])
def test_all_may_go_at_one_moment(moment):
    pruning = Pruning(0.1, moment, moment)
    assert pruning(moment) == 0.1
    assert moment == 0 or pruning(moment - 0.01) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"density": 0.0},
            r"`density` of Pruning must be a number in \(0, 1\]; got 0.0",
        ),
        ({"density": 2}, "`density` of Pruning"),
        ({"begin": -1}, "`begin` of Pruning must be a number in"),
        ({"end": 1.5}, "`end` of Pruning"),
        ({"begin": 0.8}, "`begin` of Pruning must be at most `end`=0.7; got 0.8."),
        ({"every": 0}, "`every` of Pruning must be an integer"),
        (
            {"scope": "all"},
            "`scope` of Pruning must be 'global' or 'layer'; got 'all'.",
        ),
    ],
)
def test_values_that_break_a_rule_are_refused(values, message):
    with pytest.raises(InvalidParameterError, match=message):
        Pruning(**values).check_values()


def test_the_defaults_obey_their_rules():
    Pruning().check_values()


def test_a_clone_is_the_same():
    pruning = Pruning(0.2, 0.3, 0.4, 5, "layer")
    assert repr(clone(pruning)) == repr(pruning)


# -- which weights go


@pytest.mark.parametrize("density", [1.0, 0.5, 0.1, 0.011])
def test_so_many_weights_are_left(density, net):
    prune(net, density)
    assert np.count_nonzero(weights(net)) == round(300 * density)
    assert_allclose(density_of(net), round(300 * density) / 300)


def test_the_weights_with_the_largest_scores_are_left(net):
    before = net.layout.named_views(net.params.copy())
    prune(net, 0.1)
    scores, left = [], []
    for name, after in net.layout.named_views(net.params).items():
        if not name.endswith("/W"):
            continue
        squares = before[name].ravel() ** 2
        scores += [v / sum(u for u in squares if u >= v) for v in squares]
        left += (after.ravel() != 0).tolist()
        kept = after != 0
        assert_array_equal(after[kept], before[name][kept])
    scores, left = np.array(scores), np.array(left)
    assert scores[left].min() > scores[~left].max()


@pytest.mark.parametrize("density", [0.3, 0.05, 0.02])
def test_no_array_is_left_without_a_weight_whatever_its_scale(density, net):
    arrays = net.layout.named_views(net.params)
    for i, name in enumerate(["dense1/W", "dense2/W", "dense3/W"]):
        arrays[name][...] *= 1000.0 ** (i - 1)
    scaled = weights(net).copy() != 0
    prune(net, density)
    assert all(array.any() for name, array in arrays.items() if name.endswith("/W"))
    assert scaled.all()


def test_the_scale_of_an_array_does_not_matter(net):
    other = net.copy()
    other.layout.named_views(other.params)["dense2/W"][...] *= 2.0**10
    prune(net, 0.2)
    prune(other, 0.2)
    assert_array_equal(net.connections, other.connections)


def test_the_largest_weights_of_each_layer_are_left(net):
    net.layout.named_views(net.params)["dense3/W"][...] *= 1e-3
    before = net.layout.named_views(net.params.copy())
    prune(net, 0.1, "layer")
    for name, count in [("dense1/W", 8), ("dense2/W", 20), ("dense3/W", 2)]:
        left = net.layout.named_views(net.params)[name] != 0
        assert left.sum() == count
        assert abs(before[name][left]).min() > abs(before[name][~left]).max()


def test_other_parameters_are_left_alone(rng):
    block = chain(Embedding(5, units=3), Dense(4), BatchNorm(), Dense(1))
    net = compile_network(block, (2,), np.float64, rng)
    n = net.layout.n_weights
    net.params[n:] = 1e-9
    prune(net, 0.1)
    assert (net.params[n:] == 1e-9).all()
    assert net.connections[n:].all()


def test_each_member_keeps_its_share(rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members=3)
    views = net.layout.named_views(net.params)
    for view in views.values():
        view[1] *= 100
    prune(net, 0.1)
    counts = [
        sum(np.count_nonzero(v[k]) for n, v in views.items() if "W" in n)
        for k in range(3)
    ]
    assert counts == [30, 30, 30]


def test_a_member_is_pruned_as_a_single_network(rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members=2)
    single = compile_network(BLOCK, (4,), np.float64, rng)
    views = single.layout.named_views(single.params)
    for name, view in net.layout.named_views(net.params).items():
        views[name][...] = view[1]
    for one in (net, single):
        prune(one, 0.1)
    for name, view in net.layout.named_views(net.params).items():
        assert_array_equal(views[name], view[1])


def test_what_has_gone_counts_as_gone(rng):
    block = chain(Dense(20, mask=0.5), Dense(10))
    net = compile_network(block, (10,), np.float64, rng)  # 100 of 200, and 200
    before = net.connections.copy()
    assert density_of(net) == 0.75
    prune(net, 0.5)
    assert np.count_nonzero(weights(net)) == 200
    assert not net.connections[~before].any()


def test_what_is_zero_but_there_goes_after_what_has_gone(rng):
    net = compile_network(Dense(10, mask=0.5), (10,), np.float64, rng)
    before = net.connections.copy()
    net.params[:] = 0
    prune(net, 0.3)
    assert np.count_nonzero(net.connections[:100]) == 30
    assert not net.connections[~before].any()


def test_a_vector_of_weights_takes_no_part(rng):
    class Scaled(Identity):
        def param_tree(self, in_shape):
            return {"w": Param(in_shape, zeros)}

    net = compile_network(chain(Scaled(), Dense(5)), (4,), np.float64, rng)
    prune(net, 0.5)
    views = net.layout.named_views(net.connections)
    assert views["scaled/w"].all()
    assert views["dense/W"].sum() == 10


def test_nothing_comes_back(net):
    prune(net, 0.1)
    kept = net.connections
    prune(net, 0.5)
    assert net.connections is kept


def test_a_density_of_one_needs_no_connections(net):
    prune(net, 1.0)
    assert net.connections is None


def test_one_weight_is_left_at_least(net):
    prune(net, 1e-6, "layer")
    assert [c.size - c.thinned for n, c in net.counts().items() if "W" in n] == [
        1,
        1,
        1,
    ]


def test_a_network_without_weights_has_nothing_to_prune(rng):
    net = compile_network(BatchNorm(), (4,), np.float64, rng)
    prune(net, 0.1)
    assert net.connections is None
    assert density_of(net) == 1


def test_connections_that_others_hold_are_left_alone(net):
    prune(net, 0.5)
    other, kept = net.copy(), net.connections.copy()
    prune(net, 0.1)
    assert_array_equal(other.connections, kept)


def test_moments_go_with_their_weights(net):
    _, state = start(net)
    for slot in state.optimizer.slots.values():
        slot += 1
    prune(net, 0.1, optimizer=state.optimizer)
    for slot in state.optimizer.slots.values():
        assert_array_equal(slot, net.connections)


# -- what has gone stays away


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("mask", [None, 0.5])
def test_training_brings_nothing_back(optimizer, mask, data, rng):
    block = chain(Dense(20, "tanh", mask=mask), Dense(2))
    net = compile_network(block, (4,), np.float64, rng)
    recipe, state = start(net, optimizer)
    train(net, HalfSquaredError(), data, recipe, state, [], 2)
    prune(net, 0.3, optimizer=state.optimizer)
    before, gone = net.params.copy(), ~net.connections
    train(net, HalfSquaredError(), data, recipe, state, [], 5)
    assert not net.params[gone].any()
    assert (net.params[~gone] != before[~gone]).any()


def test_lbfgs_brings_nothing_back(data, rng):
    net = compile_network(chain(Dense(20, "tanh"), Dense(2)), (4,), np.float64, rng)
    prune(net, 0.3)
    before, gone = net.params.copy(), ~net.connections
    minimize_lbfgs(
        net, HalfSquaredError(), data, 0.1, [], max_iter=20, max_fun=100, tol=1e-6
    )
    assert not net.params[gone].any()
    assert (net.params[~gone] != before[~gone]).any()


def take_steps(stepper, data):
    for group in data.groups(200, None, stepper._ws[0]):
        for step in stepper.plan(group).steps:
            stepper.gradient(step)
            stepper.update(0.1, 0.01)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_parts_of_a_batch_bring_nothing_back(n_threads, net, data):
    recipe, state = start(net)
    with ThreadPool(n_threads) as pool:
        stepper = Stepper(net, HalfSquaredError(), recipe, state, 3, pool)
        for epoch in range(4):
            if epoch == 2:
                prune(net, 0.1, optimizer=state.optimizer)
            stepper.begin_epoch()
            take_steps(stepper, data)
    assert density_of(net) == 0.1
    assert np.count_nonzero(weights(net)) == 30


def test_a_walk_in_parts_after_pruning_is_one_at_once(data):
    block, results = chain(Dense(20, "tanh"), Dense(2)), []
    for n_parts in (1, 3):
        net = compile_network(block, (4,), np.float64, np.random.default_rng(0))
        recipe, state = start(net)
        with ThreadPool(1) as pool:
            stepper = Stepper(net, HalfSquaredError(), recipe, state, n_parts, pool)
            for step in range(4):
                if step == 2:
                    prune(net, 0.2, optimizer=state.optimizer)
                stepper.begin_epoch()
                take_steps(stepper, data)
        results.append(net.params)
    assert_allclose(results[1], results[0], rtol=1e-9, atol=1e-14)


# -- while training


def densities(net, data, pruning, n_epochs=10, monitors=()):
    recipe, state = start(net)
    seen = Densities()
    monitors = [Prune(net, pruning, state, n_epochs), seen, *monitors]
    train(net, HalfSquaredError(), data, recipe, state, monitors, n_epochs)
    return seen.seen


def test_the_density_falls_by_the_law_epoch_by_epoch(net, data):
    pruning = Pruning(0.1, begin=0.2, end=0.7)
    seen = densities(net, data, pruning)
    expected = [round(300 * pruning(t / 10)) / 300 for t in range(1, 11)]
    assert_allclose(seen, expected, rtol=1e-12)
    assert seen[1] == 1
    assert seen[-1] == 0.1


def test_weights_go_every_so_many_epochs(net, data):
    seen = densities(net, data, Pruning(0.1, 0.0, 0.8, every=3))
    assert len(set(seen[:2])) == len(set(seen[2:5])) == len(set(seen[5:7])) == 1
    assert seen[0] == 1 > seen[2] > seen[5] > seen[7] == 0.1


@pytest.mark.parametrize("end", [0.0, 0.05, 1.0])
def test_the_last_density_is_reached_wherever_the_end_is(end, net, data):
    assert densities(net, data, Pruning(0.1, 0.0, end))[-1] == 0.1


def test_a_single_epoch_reaches_the_last_density(net, data):
    assert densities(net, data, Pruning(0.1), n_epochs=1) == [0.1]


def test_pruning_goes_on_from_what_is_there(data, rng):
    block = chain(Dense(20, mask=0.5), Dense(10, mask=0.5))
    net = compile_network(block, (4,), np.float64, rng)
    data = Data(data.X, rng.standard_normal((200, 10)))
    seen = densities(net, data, Pruning(0.1, 0.0, 1.0), n_epochs=2)
    assert_allclose(seen, [0.15, 0.1], atol=0.005)


def test_nothing_ends_the_training_before_all_have_gone(net, data):
    recipe, state = start(net)
    pruning, seen = Pruning(0.1, 0.3, 0.6), Densities()
    patience = Patience("loss", 1e300, 1, Constant(), state)  # nothing is good enough
    monitors = [Prune(net, pruning, state, 10), seen, patience]
    outcome = train(net, HalfSquaredError(), data, recipe, state, monitors, 10)
    assert outcome.stopped
    assert seen.seen[-2:] == [0.1, 0.1]
    assert len(seen.seen) == 7


def test_where_nothing_can_go_the_training_may_end_at_once(net, data):
    prune(net, 0.1)
    recipe, state = start(net)
    patience = Patience("loss", 1e300, 1, Constant(), state)
    monitors = [Prune(net, Pruning(0.1), state, 10), patience]
    outcome = train(net, HalfSquaredError(), data, recipe, state, monitors, 10)
    assert len(outcome.epochs) == 2


def test_keep_best_forgets_what_was_best_with_more_weights(net):
    _, state = start(net)
    monitors = [Prune(net, Pruning(0.1, 0.0, 0.5), state, 4), KeepBest(net)]
    vectors = []
    for score in [0.9, 0.5, 0.7, 0.6]:  # all have gone after the second
        net.params += 0.01 * (net.params != 0)
        for monitor in monitors:
            monitor.after_epoch(report(score), net)
        vectors.append(net.params.copy())
    for monitor in monitors:
        monitor.finish(net)
    assert_array_equal(net.params, vectors[2])
    assert np.count_nonzero(weights(net)) == 30
    assert monitors[1].best_score == 0.7


def test_keep_best_forgets_a_start_with_more_weights(net):
    best = KeepBest(net, start=0.9)
    prune(net, 0.1)
    best.after_epoch(report(0.5), net)
    best.finish(net)
    assert np.count_nonzero(weights(net)) == 30


def test_keep_best_restores_nothing_that_contradicts_the_connections(net):
    best = KeepBest(net, start=0.9)
    prune(net, 0.1)
    best.finish(net)
    assert np.count_nonzero(weights(net)) == 30


def test_a_network_can_be_copied_while_pruning(net):
    _, state = start(net)
    monitor = Prune(net, Pruning(0.1, 0.0, 1.0), state, 2)
    monitor.after_epoch(report(), net)
    later, kept = copy.deepcopy(net), net.connections
    monitor.after_epoch(report(), net)
    assert_array_equal(later.connections, kept)
    assert density_of(later) > density_of(net) == 0.1
