"""train_together: several runs side by side, each of one or several members."""

import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression

from sklearn_nn.blocks import Dense, ParametricActivation, Scale, Shared, chain
from sklearn_nn.core import Clock, Segment, compile_network
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import SGD, AdamW
from sklearn_nn.schedules import Constant, CosineLog, FlatCosine
from sklearn_nn.training import (
    KeepBest,
    MemberData,
    Monitor,
    Recipe,
    TrainingRun,
    TrainingState,
    Validation,
    train_together,
)

N, D, K = 24, 3, 3
MLP = chain(Scale(), Dense(5), ParametricActivation("tanh"), Dense(2))
ADAMW = AdamW(0.9, 0.95, 1e-8, 0.1, FlatCosine())
RECIPE = Recipe(ADAMW, CosineLog(2), 0.05, 0.0, 6, shuffle=False)


class Counts(Monitor):
    """Counts epochs; stops, or raises, after some of them."""

    def __init__(self, stop=0, error=None):
        self.stop, self.error = stop, error
        self.epochs, self.finished, self.subjects = [], 0, set()

    def after_epoch(self, epoch, net):
        self.epochs.append(epoch)
        self.subjects.add(net)
        if self.error and len(self.epochs) == self.stop:
            raise self.error
        return len(self.epochs) == self.stop

    def finish(self, net):
        self.finished += 1


@pytest.fixture
def table(rng):
    """Return rows, two targets and weights, for all members."""
    X = rng.standard_normal((N * K, D))
    Y = X @ rng.standard_normal((D, 2)) + 0.1 * rng.standard_normal((N * K, 2))
    return X, Y, rng.uniform(0.5, 2, N * K)


def make_run(table, rows, net, recipe=RECIPE, monitors=(), seed=0):
    data = MemberData.of(*table, rows)
    rng = np.random.default_rng(seed)
    state = TrainingState(recipe.optimizer.init(net.trained), rng, Clock())
    return TrainingRun(net, HalfSquaredError(), data, recipe, state, monitors)


def network(rng, members=None, block=MLP):
    return compile_network(block, (D,), np.float64, rng, members=members)


def linear_runs(table, rng, n=2, **options):
    rows = [np.arange(N)]
    nets = [network(rng, 1, Dense(2)) for _ in range(n)]
    return [make_run(table, rows, net, **options) for net in nets]


def one_run(table, rng, **options):
    return linear_runs(table, rng, 1, **options)


def test_members_of_one_network_learn_what_single_networks_learn(table, rng):
    rows = list(rng.permutation(N * K).reshape(K, N))
    together = network(rng, K)
    views = together.layout.named_views(together.params)
    singles = [network(rng, 1) for _ in rows]
    for i, net in enumerate(singles):
        for name, view in net.layout.named_views(net.params).items():
            view[0] = views[name][i]
    train_together([make_run(table, rows, together)], None, [], 20)
    alone = [
        make_run(table, [own], net) for own, net in zip(rows, singles, strict=True)
    ]
    train_together(alone, None, [], 20)
    for i, net in enumerate(singles):
        for name, view in net.layout.named_views(net.params).items():
            assert_allclose(views[name][i], view[0], rtol=1e-5, atol=1e-9)


def test_members_that_share_a_matrix_learn_from_the_rows_of_all(table, rng):
    # The shared layer minimizes the mean over members: least squares on all rows.
    recipe = Recipe(SGD(0.9), Constant(), 0.05, 0.0, N, shuffle=False)
    rows, X, Y = np.arange(N * K).reshape(K, N), *table[:2]
    net = network(rng, K, Shared(Dense(2)))
    training_run = make_run((X, Y, None), list(rows), net, recipe)
    train_together([training_run], None, [], 600)
    model = LinearRegression().fit(X, Y)
    views = net.layout.named_views(net.params)
    assert_allclose(views["block/W"], model.coef_.T, rtol=1e-5, atol=1e-7)


def test_a_linear_member_finds_least_squares_of_its_own_rows(table, rng):
    recipe = Recipe(SGD(0.9), Constant(), 0.05, 0.0, N, shuffle=False)
    rows, net = np.arange(N * K).reshape(K, N), network(rng, K, Dense(2))
    train_together([make_run(table, list(rows), net, recipe)], None, [], 900)
    views = net.layout.named_views(net.params)
    for i, own in enumerate(rows):
        X, Y, w = (array[own] for array in table)
        model = LinearRegression().fit(X, Y, w)
        assert_allclose(views["W"][i], model.coef_.T, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_the_number_of_threads_does_not_change_a_bit(n_threads, table, rng):
    def train(n_threads):
        rng = np.random.default_rng(1)
        runs = linear_runs(table, rng, 5)
        train_together(runs, None, [], 7, n_threads)
        return [training_run.net.params for training_run in runs]

    assert_array_equal(train(n_threads), train(1))


def test_no_thread_is_left_behind(table, rng):
    before = threading.active_count()
    train_together(linear_runs(table, rng, 4), None, [], 2, 4)
    assert threading.active_count() == before


def test_the_report_is_the_mean_of_the_runs(table, rng):
    def losses(runs):
        return [e.loss for e in train_together(runs, None, [], 3).epochs]

    alone = [
        losses(linear_runs(table, np.random.default_rng(1), 2)[i : i + 1])
        for i in (0, 1)
    ]
    both = losses(linear_runs(table, np.random.default_rng(1), 2))
    assert_allclose(both, np.mean(alone, axis=0))


def test_monitors_of_all_see_the_subject(table, rng):
    monitor = Counts()
    train_together(linear_runs(table, rng), "subject", [monitor], 3)
    assert monitor.subjects == {"subject"}
    assert (len(monitor.epochs), monitor.finished) == (3, 1)


def test_epochs_are_numbered_from_one(table, rng):
    outcome = train_together(linear_runs(table, rng), None, [], 3)
    assert [epoch.epoch for epoch in outcome.epochs] == [1, 2, 3]


def test_a_run_that_has_ended_does_not_go_on(table, rng):
    runs = linear_runs(table, rng)
    runs[0].monitors = [first := Counts(stop=2)]
    runs[1].monitors = [second := Counts()]
    train_together(runs, None, [], 5)
    assert (len(first.epochs), len(second.epochs)) == (2, 5)
    assert (first.finished, second.finished) == (1, 1)


def test_training_ends_when_all_runs_have(table, rng):
    runs = linear_runs(table, rng)
    for training_run, stop in zip(runs, (2, 3), strict=True):
        training_run.monitors = [Counts(stop=stop)]
    outcome = train_together(runs, None, [], 9)
    assert (len(outcome.epochs), outcome.stopped) == (3, True)


def test_an_interrupt_restores_the_best_of_each_run(table, rng):
    runs, scores = linear_runs(table, rng), iter([1.0, 2.0] + [0.0] * 9)
    net = runs[0].net

    def evaluate(net):
        kept.append(net.params.copy())
        return 0.0, next(scores)

    kept = []
    runs[0].monitors = [Validation(evaluate), KeepBest(net)]
    monitor = Counts(stop=4, error=KeyboardInterrupt())
    outcome = train_together(runs, None, [monitor], 9)
    assert len(outcome.epochs) == 4
    assert isinstance(outcome.interrupt, KeyboardInterrupt)
    assert_array_equal(net.params, kept[1])


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_error_in_a_run_is_passed_on(n_threads, table, rng):
    runs = linear_runs(table, rng)
    runs[1].monitors = [Counts(stop=2, error=RuntimeError("a bug"))]
    with pytest.raises(RuntimeError, match="a bug"):
        train_together(runs, None, [], 5, n_threads)


def test_a_segment_without_a_rate_is_not_trained(table, rng):
    net = network(rng, 2)
    cut, start = net.params.size // 2, net.params.copy()
    segments = Segment(0, cut, 0.0, 0.0), Segment(cut, net.params.size)
    recipe = Recipe(ADAMW, Constant(), 0.05, 0.0, 6, True, segments)
    rows = [np.arange(N), np.arange(N)]
    train_together([make_run(table, rows, net, recipe)], None, [], 3)
    assert_array_equal(net.params[:cut], start[:cut])
    assert (net.params[cut:] != start[cut:]).all()
