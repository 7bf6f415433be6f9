"""Stepper: a batch in parts, on any number of threads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import ThreadpoolController, threadpool_limits

from sklearn_nn import MLPClassifier
from sklearn_nn.blocks import Dense, Dropout, chain
from sklearn_nn.core import ThreadPool, compile_network
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Constant
from sklearn_nn.training import Batch, Data, Group, Recipe, TrainingRun, TrainingState
from sklearn_nn.training._step import Stepper, count_parts, threads_for

ROWS = 200


def make(n_parts, pool, *, rate=0.0, optimizer=None):
    """Return a stepper on a new network, always the same."""
    block = chain(Dense(7, "tanh"), Dropout(rate), Dense(2))
    rng = np.random.default_rng(0)
    net = compile_network(block, (3,), np.float64, rng)
    optimizer = optimizer or Adam()
    state = TrainingState(optimizer.init(net.params), rng)
    recipe = Recipe(optimizer, Constant(), 0.1, 0.0, ROWS, True)
    return Stepper(net, HalfSquaredError(), recipe, state, n_parts, pool)


def batch(n=ROWS, *, weighted=False):
    rng = np.random.default_rng(1)
    w = rng.random(n) if weighted else None
    return Batch(rng.standard_normal((n, 3)), rng.standard_normal((n, 2)), w)


def gradient(stepper, batch):
    """Compute the gradient of a batch; return its loss."""
    group = Group(batch, [batch])
    group.plan = stepper.plan(group)
    for step in group.plan.steps:
        stepper.gradient(step)
    return stepper.loss_of(group) / group.rows.n_rows


def walk(n_parts, n_threads, *, steps=4, **kwargs):
    """Return loss per step, parameters and moments after some steps."""
    with ThreadPool(n_threads) as pool:
        stepper, losses = make(n_parts, pool, **kwargs), []
        stepper.begin_epoch()
        for n in [ROWS, ROWS - 1, 130, 5][:steps]:
            losses.append(gradient(stepper, batch(n)))
            stepper.update(0.1, 0.01)
        state = stepper.state.optimizer
    return losses, stepper.params, state


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_parts", [2, 3])
@pytest.mark.parametrize("n", [ROWS, ROWS - 1, 130, 70, 1])
def test_parts_give_loss_and_gradient_of_the_whole(n_parts, n, weighted):
    with ThreadPool(2) as pool:
        whole, parts = [make(k, pool, optimizer=SGD(0.0)) for k in (1, n_parts)]
        start = whole.params.copy()
        for stepper in (whole, parts):
            stepper.begin_epoch()
        values = [gradient(s, batch(n, weighted=weighted)) for s in (whole, parts)]
        for stepper in (whole, parts):
            stepper.update(1.0, 0.0)  # without momentum the step is the gradient
    assert_allclose(values[1], values[0], rtol=1e-12)
    moved = whole.params - start
    assert_allclose(parts.params - start, moved, rtol=1e-10, atol=1e-14)


def test_a_walk_in_parts_is_one_at_once():
    losses, params, state = walk(1, 1)
    in_parts = walk(3, 2)
    assert_allclose(in_parts[0], losses, rtol=1e-12)
    assert_allclose(in_parts[1], params, rtol=1e-10)
    assert in_parts[2].t == state.t == 4
    for name, slot in state.slots.items():
        assert_allclose(in_parts[2].slots[name], slot, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_the_number_of_threads_changes_no_bit(rate):
    losses, params, _ = walk(3, 1, rate=rate)
    for n_threads in (2, 3):
        other = walk(3, n_threads, rate=rate)
        assert other[0] == losses
        assert_array_equal(other[1], params)


def test_parts_get_noise_of_their_own():
    with ThreadPool(1) as pool:
        stepper = make(2, pool, rate=0.5)
        stepper.begin_epoch()
        rows = batch(ROWS // 2)
        twice = Batch(np.tile(rows.X, (2, 1)), np.tile(rows.y, (2, 1)), None)
        gradient(stepper, twice)
    first, second = stepper._grads
    assert not np.allclose(first, second)


def test_noise_differs_from_epoch_to_epoch():
    with ThreadPool(1) as pool:
        stepper, values = make(2, pool, rate=0.5), []
        for _ in range(2):
            stepper.begin_epoch()
            values.append(gradient(stepper, batch()))
    assert values[0] != values[1]


def net_of(width, members=None):
    block, rng = chain(Dense(width), Dense(width)), np.random.default_rng(0)
    return compile_network(block, (width,), np.float32, rng, members)


@pytest.mark.parametrize(
    ("width", "batch_size", "cores", "n_parts"),
    [
        (300, 256, 2, 2),
        (300, 256, 1, 1),  # nobody to share with
        (300, 160, 64, 5),  # a part has 32 rows
        (300, 63, 64, 1),
        (20, 256, 64, 1),  # too little to do
        (300, 4096, 64, 8),
    ],
)
def test_parts_follow_from_sizes_and_cores(
    width, batch_size, cores, n_parts, monkeypatch
):
    monkeypatch.setattr("sklearn_nn.training._step.n_cores", lambda: cores)
    assert count_parts(net_of(width), batch_size) == n_parts


def test_members_go_in_one_part(monkeypatch):
    monkeypatch.setattr("sklearn_nn.training._step.n_cores", lambda: 4)
    assert count_parts(net_of(300, members=2), 256) == 1


@pytest.mark.parametrize("allowed", [1, 2])
def test_the_team_has_the_threads_that_are_allowed(allowed, monkeypatch):
    monkeypatch.setattr("sklearn_nn.training._step.n_cores", lambda: 2)
    blas = ThreadpoolController().select(user_api="blas")
    with (
        threadpool_limits(allowed, "blas"),
        threads_for(net_of(300), 256) as (n_parts, pool),
    ):
        assert (n_parts, pool.n_threads) == (2, allowed)
        assert {pool["num_threads"] for pool in blas.info()} == {1}


def test_a_fit_does_not_depend_on_the_threads_at_hand(monkeypatch, rng):
    monkeypatch.setattr("sklearn_nn.training._step.n_cores", lambda: 2)
    X = rng.standard_normal((600, 80))
    models = []
    for allowed in (1, 2):
        model = MLPClassifier((300, 300), batch_size=256, dropout=0.1, random_state=0)
        with threadpool_limits(allowed, "blas"):
            model.partial_fit(X, X[:, 0] > 0, classes=[False, True])
            model.partial_fit(X, X[:, 0] > 0)
        models.append(model)
    assert count_parts(models[0]._network, 256) == 2
    for one, two in zip(models[0].coefs_, models[1].coefs_, strict=True):
        assert_array_equal(one, two)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("members", "n_parts"), [(None, 1), (None, 2), (3, 1)])
@pytest.mark.parametrize("weighted", [True, False])
def test_batches_whose_loss_is_taken_at_once_are_as_those_alone(
    members, n_parts, shuffle, weighted, monkeypatch
):
    epochs, data = [], batch(90, weighted=weighted)
    for many in (4, 1000):
        monkeypatch.setattr("sklearn_nn.training._step.MANY_BATCHES", many)
        rng = np.random.default_rng(0)
        block = chain(Dense(7, "relu"), Dense(2))
        net = compile_network(block, (3,), np.float64, rng, members)
        state = TrainingState(Adam().init(net.params), rng)
        recipe = Recipe(Adam(), Constant(), 0.01, 0.3, 8, shuffle)
        rows = Data.of(data.X, data.y, data.w)
        training_run = TrainingRun(net, HalfSquaredError(), rows, recipe, state)
        with ThreadPool(2) as pool:
            training_run.set_up(n_parts, pool)
            training_run.run_epoch(0, 2)
            epochs.append((training_run.run_epoch(1, 2).loss, net.params))
    assert epochs[0][0] == pytest.approx(epochs[1][0], rel=1e-13)
    assert_array_equal(epochs[0][1], epochs[1][1])


def test_the_loss_of_members_is_the_mean_of_theirs_with_penalties(rng):
    # a member alone has the loss of its own, which does not change without a step
    block, losses = chain(Dense(2)), []
    data = Data.of(*batch(40)[:2], None)
    net = compile_network(block, (3,), np.float64, rng, 3)
    alone = [params for params in net._p.dense.W], [b for b in net._p.dense.b]
    for k in (None, 0, 1, 2):
        one = net
        if k is not None:
            one = compile_network(block, (3,), np.float64, rng)
            one._p.dense.W[...], one._p.dense.b[...] = alone[0][k], alone[1][k]
        state = TrainingState(SGD(0.0).init(one.params), rng)
        recipe = Recipe(SGD(0.0), Constant(), 0.0, 0.7, 40, False)
        training_run = TrainingRun(one, HalfSquaredError(), data, recipe, state)
        with ThreadPool(1) as pool:
            training_run.set_up(1, pool)
            losses.append(training_run.run_epoch(0, 1).loss)
    assert losses[0] == pytest.approx(np.mean(losses[1:]), rel=1e-13)
