"""train: the loop by batches."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge

from sklearn_nn.blocks import Dense, Dropout, chain
from sklearn_nn.core import Schedule, compile_network
from sklearn_nn.losses import HalfSquaredError, SoftmaxCrossEntropy
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Constant, InverseScaling
from sklearn_nn.training import Data, Monitor, Outcome, Recipe, TrainingState, train

N, D = 40, 3
RECIPE = Recipe(SGD(0.0), Constant(), 0.1, 0.0, N, shuffle=False)


class StopAt(Monitor):
    """Asks to stop, or raises, after some epochs; counts its calls."""

    def __init__(self, epoch, error=None):
        self.epoch, self.error = epoch, error
        self.begun = self.ended = self.finished = 0

    def before_epoch(self, net):
        self.begun += 1

    def after_epoch(self, epoch, net):
        self.ended += 1
        if self.error and self.ended == self.epoch:
            raise self.error
        return self.ended == self.epoch

    def finish(self, net):
        self.finished += 1


class Recorder(Schedule):
    """A constant schedule that notes the clock of every step."""

    seen: list = []  # noqa: RUF012  # one for the class: a schedule holds no state

    def __call__(self, clock, /):
        self.seen.append(replace(clock))
        return 1.0


@pytest.fixture
def table(rng):
    """Return rows and two targets that depend on them, with noise."""
    X = rng.standard_normal((N, D))
    return X, X @ rng.standard_normal((D, 2)) + 1 + 0.1 * rng.standard_normal((N, 2))


def linear(rng, dtype=np.float64):
    return compile_network(Dense(2), (D,), dtype, rng)


def noisy(seed=0):
    """Return a network and a state that use the generator in every way."""
    rng = np.random.default_rng(seed)
    block = chain(Dense(6, "tanh"), Dropout(0.3), Dense(2))
    net = compile_network(block, (D,), np.float64, rng)
    return net, TrainingState(Adam().init(net.params), rng)


def run(net, data, recipe=RECIPE, *, epochs=1, state=None, monitors=(), **options):
    state = state or TrainingState(
        recipe.optimizer.init(net.params), np.random.default_rng(0)
    )
    loss = HalfSquaredError()
    return train(net, loss, data, recipe, state, monitors, epochs, **options)


def assert_solves(net, model):
    """Assert that ``net`` has the coefficients of a fitted linear model."""
    views = net.layout.named_views(net.params)
    assert_allclose(views["W"], model.coef_.T, rtol=1e-6, atol=1e-8)
    assert_allclose(views["b"], model.intercept_, rtol=1e-6, atol=1e-8)


def fast(X, alpha=0.0):
    """Return a recipe with a rate at which full batches converge quickly."""
    curvature = np.linalg.norm(np.column_stack([X, np.ones(N)]), 2) ** 2 + alpha
    return replace(RECIPE, alpha=alpha, learning_rate=N / curvature)


def test_full_batches_find_least_squares(table, rng):
    net = linear(rng)
    run(net, Data.of(*table, None), fast(table[0]), epochs=600)
    assert_solves(net, LinearRegression().fit(*table))


def test_full_batches_with_a_penalty_find_ridge_regression(table, rng):
    net = linear(rng)
    run(net, Data.of(*table, None), fast(table[0], 7.0), epochs=600)
    assert_solves(net, Ridge(7.0).fit(*table))


def test_full_batches_with_weights_find_weighted_ridge_regression(table, rng):
    net, w = linear(rng), rng.integers(0, 4, N).astype(float)
    recipe = replace(RECIPE, alpha=7.0, learning_rate=0.3)
    run(net, Data.of(*table, w), recipe, epochs=1500)
    assert_solves(net, Ridge(7.0).fit(*table, sample_weight=w))


def test_small_batches_come_close_to_least_squares(table, rng):
    net = linear(rng)
    recipe = replace(RECIPE, batch_size=7, learning_rate=0.02, shuffle=True)
    run(net, Data.of(*table, None), recipe, epochs=300)
    X, y = table
    assert_allclose(net.infer(X), LinearRegression().fit(X, y).predict(X), atol=0.1)


def test_integer_weights_are_repeated_rows(table, rng):
    X, y = table
    times = rng.integers(0, 3, N)
    weighted, repeated = (
        linear(np.random.default_rng(1)),
        linear(np.random.default_rng(1)),
    )
    recipe = replace(RECIPE, alpha=0.5, batch_size=10 * N)
    run(weighted, Data.of(X, y, times.astype(float)), recipe, epochs=5)
    run(
        repeated,
        Data.of(X.repeat(times, 0), y.repeat(times, 0), None),
        recipe,
        epochs=5,
    )
    assert_allclose(weighted.params, repeated.params, rtol=1e-11)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_scale_of_the_weights_does_not_matter_without_a_penalty(factor, table, rng):
    w = rng.random(N)
    one, other = linear(np.random.default_rng(1)), linear(np.random.default_rng(1))
    run(one, Data.of(*table, w), epochs=5)
    run(other, Data.of(*table, factor * w), epochs=5)
    assert_allclose(other.params, one.params, rtol=1e-11)


def test_sparse_rows_train_like_dense_ones(table):
    X, y = table
    (dense, state), (sparse, other) = noisy(), noisy()
    recipe = replace(RECIPE, optimizer=Adam(), batch_size=7, shuffle=True)
    run(dense, Data.of(X, y, None), recipe, epochs=3, state=state)
    run(sparse, Data.of(sp.csr_array(X), y, None), recipe, epochs=3, state=other)
    assert_allclose(sparse.params, dense.params, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_keeps_the_dtype(dtype, table, rng):
    net, (X, y) = linear(rng, dtype), (a.astype(dtype) for a in table)
    state = TrainingState(Adam().init(net.params), rng)
    data = Data.of(X, y, rng.random(N))
    run(net, data, replace(RECIPE, optimizer=Adam()), state=state, epochs=3)
    arrays = net.params, net.grads, *state.optimizer.slots.values()
    assert {a.dtype for a in arrays} == {np.dtype(dtype)}


def test_training_leaves_the_data_alone(table, rng):
    data = Data.of(*table, rng.random(N))
    for array in (data.X, data.y, data.w):
        array.setflags(write=False)
    run(linear(rng), data, replace(RECIPE, batch_size=7), epochs=2)


def test_the_noise_of_the_blocks_is_drawn_from_the_state(table):
    drawn = []

    class Spy(Dropout):
        def forward(self, p, x, ws, rng):
            drawn.append(rng)
            return super().forward(p, x, ws, rng)

    rng = np.random.default_rng(0)
    net = compile_network(chain(Spy(), Dense(2)), (D,), np.float64, rng)
    state = TrainingState(SGD(0.0).init(net.params), rng)
    run(net, Data.of(*table, None), replace(RECIPE, batch_size=16), state=state)
    assert drawn == [state.rng] * 3


# -- going on

GOING_ON = replace(
    RECIPE, optimizer=Adam(), schedule=InverseScaling(), batch_size=7, shuffle=True
)


@pytest.mark.parametrize("pause", ["copy", "pickle"])
def test_going_on_from_a_copied_state_is_not_stopping(pause, table):
    data = Data.of(*table, None)
    (through, state), (first, kept) = noisy(), noisy()
    run(through, data, GOING_ON, epochs=6, state=state)
    run(first, data, GOING_ON, epochs=2, state=kept)
    kept = kept.copy() if pause == "copy" else pickle.loads(pickle.dumps(kept))
    second = first.copy()
    run(second, data, GOING_ON, epochs=4, state=kept, first_epoch=3)
    assert_array_equal(second.params, through.params)


def test_training_on_a_copied_state_leaves_the_first_alone(table):
    data, (net, state) = Data.of(*table, None), noisy()
    run(net, data, GOING_ON, epochs=2, state=state)
    before = pickle.dumps(state)
    run(net.copy(), data, GOING_ON, epochs=2, state=state.copy())
    assert pickle.dumps(state) == before


def test_a_copied_state_keeps_best_and_stalled():
    _, state = noisy()
    state.best, state.stalled, state.clock.plateaus = 4.0, 2, 3
    copy = state.copy()
    assert (copy.best, copy.stalled, copy.clock.plateaus) == (4.0, 2, 3)


def test_the_same_seed_trains_the_same_network(table):
    data, ends = Data.of(*table, None), []
    for _ in range(2):
        net, state = noisy(seed=4)
        run(net, data, GOING_ON, epochs=3, state=state)
        ends.append(net.params)
    assert_array_equal(*ends)


def test_batches_are_visited_in_order_without_shuffling(table):
    X, y = table
    one, other = linear(np.random.default_rng(1)), linear(np.random.default_rng(1))
    recipe = replace(RECIPE, batch_size=16)
    run(one, Data.of(X, y, None), recipe)
    for rows in (slice(0, 16), slice(16, 32), slice(32, 40)):
        run(other, Data.of(X[rows], y[rows], None), recipe)
    assert_allclose(one.params, other.params, rtol=1e-12)


# -- what is reported


@pytest.mark.parametrize("size", [1, 7, N, 10 * N])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_an_epoch_is_the_mean_over_all_rows(size, weighted, table, rng):
    X, y = table
    net, w = linear(rng), rng.random(N) if weighted else None
    still = replace(RECIPE, batch_size=size, learning_rate=0.0, shuffle=True)
    (epoch,) = run(net, Data.of(X, y, w), still).epochs
    errors = ((net.infer(X) - y) ** 2).sum(axis=1) / 2
    assert epoch.loss == pytest.approx(np.average(errors, weights=w), rel=1e-12)


def test_the_loss_of_an_epoch_has_the_penalty_on_the_weights(table, rng):
    net, data = linear(rng), Data.of(*table, np.full(N, 2.0))
    still = replace(RECIPE, learning_rate=0.0)
    (plain,) = run(net, data, still).epochs
    (penalized,) = run(net, data, replace(still, alpha=3.0)).epochs
    squares = (net.layout.named_views(net.params)["W"] ** 2).sum()
    assert penalized.loss - plain.loss == pytest.approx(3 * squares / (2 * 2 * N))


def test_the_loss_of_an_epoch_is_a_float(table, rng):
    net, (X, y) = linear(rng, np.float32), (a.astype(np.float32) for a in table)
    assert type(run(net, Data.of(X, y, None)).epochs[0].loss) is float


def test_epochs_are_numbered(table, rng):
    outcome = run(linear(rng), Data.of(*table, None), epochs=3, first_epoch=5)
    assert [epoch.epoch for epoch in outcome.epochs] == [5, 6, 7]


def test_an_epoch_has_the_rate_of_its_last_step(table, rng):
    recipe = replace(RECIPE, learning_rate=0.5, schedule=InverseScaling(1.0))
    outcome = run(linear(rng), Data.of(*table, None), recipe, epochs=3)
    rates = [epoch.learning_rate for epoch in outcome.epochs]
    assert rates == pytest.approx([0.5, 0.5 / (N + 1), 0.5 / (2 * N + 1)])


def test_an_epoch_has_no_validation_by_itself(table, rng):
    (epoch,) = run(linear(rng), Data.of(*table, None)).epochs
    assert np.isnan([epoch.validation_loss, epoch.validation_score]).all()


def test_an_epoch_takes_time(table, rng):
    assert run(linear(rng), Data.of(*table, None)).epochs[0].seconds > 0


def test_the_clock_counts_rows_of_finished_epochs_and_progress(table, rng):
    Recorder.seen.clear()
    recipe = replace(RECIPE, schedule=Recorder(), batch_size=16)
    run(linear(rng), Data.of(*table, None), recipe, epochs=2)
    assert [clock.samples for clock in Recorder.seen] == [0, 0, 0, N, N, N]
    progress = [clock.progress for clock in Recorder.seen]
    assert progress == pytest.approx([0, 0.2, 0.4, 0.5, 0.7, 0.9])


def test_rows_of_weight_zero_are_not_counted(table, rng):
    net, w = linear(rng), np.r_[np.zeros(5), np.ones(N - 5)]
    state = TrainingState(SGD(0.0).init(net.params), rng)
    run(net, Data.of(*table, w), state=state, epochs=2)
    assert state.clock.samples == 2 * (N - 5)


# -- how it ends


def test_training_ends_after_the_epochs_asked_for(table, rng):
    outcome = run(linear(rng), Data.of(*table, None), epochs=4)
    assert (len(outcome.epochs), outcome.stopped) == (4, False)


def test_a_monitor_stops_the_training(table, rng):
    outcome = run(
        linear(rng), Data.of(*table, None), epochs=9, monitors=[StopAt(3), StopAt(0)]
    )
    assert (len(outcome.epochs), outcome.stopped) == (3, True)


def test_every_monitor_hears_of_the_last_epoch(table, rng):
    monitors = [StopAt(2), StopAt(2), StopAt(0)]
    run(linear(rng), Data.of(*table, None), epochs=9, monitors=monitors)
    calls = [(m.begun, m.ended, m.finished) for m in monitors]
    assert calls == [(2, 2, 1)] * 3


@pytest.mark.parametrize("epochs", [0, 2])
def test_monitors_hear_of_the_end_when_the_epochs_are_over(epochs, table, rng):
    monitor = StopAt(0)
    run(linear(rng), Data.of(*table, None), epochs=epochs, monitors=[monitor])
    assert (monitor.begun, monitor.ended, monitor.finished) == (epochs, epochs, 1)


def test_an_interrupt_ends_the_training_with_what_it_has(table, rng):
    monitor = StopAt(3, KeyboardInterrupt())
    outcome = run(linear(rng), Data.of(*table, None), epochs=9, monitors=[monitor])
    assert isinstance(outcome.interrupt, KeyboardInterrupt)
    assert (len(outcome.epochs), outcome.stopped) == (3, False)
    assert monitor.finished == 1


def test_an_error_of_a_monitor_is_passed_on(table, rng):
    monitor = StopAt(1, RuntimeError("from a monitor"))
    with pytest.raises(RuntimeError, match="from a monitor"):
        run(linear(rng), Data.of(*table, None), monitors=[monitor])


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_loss_that_is_not_finite_stops(value, table, rng):
    net = linear(rng)
    net.params[0] = value
    outcome = run(net, Data.of(*table, None), epochs=9)
    assert (len(outcome.epochs), outcome.diverged, outcome.stopped) == (1, True, True)


def test_divergence_gives_no_warning_of_its_own(table, rng):
    recipe = replace(RECIPE, learning_rate=1e30)
    assert run(linear(rng), Data.of(*table, None), recipe, epochs=99).diverged


def test_an_outcome_without_epochs_has_not_diverged():
    assert not Outcome([]).diverged


def test_classes_are_learned(rng):
    y = rng.integers(0, 3, 200)
    X = np.eye(3)[y] + 0.1 * rng.standard_normal((200, 3))
    net = compile_network(Dense(3), (3,), np.float64, rng)
    state, recipe = (
        TrainingState(SGD().init(net.params), rng),
        replace(RECIPE, optimizer=SGD()),
    )
    train(net, SoftmaxCrossEntropy(), Data.of(X, y, None), recipe, state, [], 200)
    assert (net.infer(X).argmax(axis=1) == y).all()
