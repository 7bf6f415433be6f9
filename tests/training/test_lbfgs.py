"""minimize_lbfgs: SciPy's L-BFGS on a network."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from sklearn_nn.blocks import Dense, Dropout, chain
from sklearn_nn.core import compile_network
from sklearn_nn.losses import HalfSquaredError, SigmoidCrossEntropy
from sklearn_nn.training import Data, Monitor, minimize_lbfgs

N, D = 40, 3


class StopAt(Monitor):
    """Asks to stop, or raises, after some iterations; keeps the parameters it saw."""

    def __init__(self, iteration, error=None):
        self.iteration, self.error = iteration, error
        self.begun, self.finished, self.seen = 0, 0, []

    def before_epoch(self, net):
        self.begun += 1

    def after_epoch(self, epoch, net):
        self.seen.append(net.params.copy())
        if self.error and len(self.seen) == self.iteration:
            raise self.error
        return len(self.seen) == self.iteration

    def finish(self, net):
        self.finished += 1


class Interrupted(HalfSquaredError):
    """The squared error, until Ctrl-C comes in the middle of an evaluation."""

    calls = 0

    def grad(self, y, raw, w, out):
        self.calls += 1
        if self.calls == 6:
            raise KeyboardInterrupt
        super().grad(y, raw, w, out)


@pytest.fixture
def table(rng):
    """Return rows and two targets that depend on them, with noise."""
    X = rng.standard_normal((N, D))
    return X, X @ rng.standard_normal((D, 2)) + 1 + 0.1 * rng.standard_normal((N, 2))


@pytest.fixture
def bent(rng):
    """Return a network that takes many iterations."""
    return compile_network(chain(Dense(8, "tanh"), Dense(2)), (D,), np.float64, rng)


def linear(rng, dtype=np.float64):
    return compile_network(Dense(2), (D,), dtype, rng)


def run(net, data, loss=None, *, alpha=0.0, monitors=(), **limits):
    limits = {"max_iter": 500, "max_fun": 5000, "tol": 1e-10, **limits}
    return minimize_lbfgs(
        net, loss or HalfSquaredError(), data, alpha, monitors, **limits
    )


def assert_solves(net, model, tol=1e-3):
    """Assert that ``net`` has the coefficients of a fitted linear model.

    SciPy ends the search where the loss falls by less than 2e-9, a valley about 1e-4
    wide.
    """
    views = net.layout.named_views(net.params)
    assert_allclose(views["W"], np.atleast_2d(model.coef_).T, atol=tol)
    assert_allclose(views["b"], model.intercept_, atol=tol)


def test_a_linear_network_is_least_squares(table, rng):
    net = linear(rng)
    run(net, Data.of(*table, None))
    assert_solves(net, LinearRegression().fit(*table))


def test_a_linear_network_with_a_penalty_is_ridge_regression(table, rng):
    net = linear(rng)
    run(net, Data.of(*table, None), alpha=7.0)
    assert_solves(net, Ridge(7.0).fit(*table))


def test_a_linear_network_with_weights_is_weighted_ridge_regression(table, rng):
    net, w = linear(rng), rng.integers(0, 4, N).astype(float)
    run(net, Data.of(*table, w), alpha=7.0)
    assert_solves(net, Ridge(7.0).fit(*table, sample_weight=w))


def test_chosen_rows_are_the_only_ones(table, rng):
    net, rows = linear(rng), np.arange(0, N, 2)
    run(net, Data.of(*table, None, rows))
    assert_solves(net, LinearRegression().fit(table[0][rows], table[1][rows]))


def test_a_linear_network_with_log_loss_is_logistic_regression(rng):
    X = rng.standard_normal((100, D))
    y = (X[:, 0] + rng.standard_normal(100) > 0).astype(float)
    net = compile_network(Dense(1), (D,), np.float64, rng)
    run(net, Data.of(X, y[:, None], None), SigmoidCrossEntropy(), alpha=2.0)
    assert_solves(net, LogisticRegression(C=1 / 2, tol=1e-8).fit(X, y))


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_sparse_rows_are_the_dense_ones(kind, table, rng):
    net, (X, y) = linear(rng), table
    run(net, Data.of(kind(X), y, None))
    assert_solves(net, LinearRegression().fit(X, y))


@pytest.mark.parametrize("chunk", [1, 7, N])
def test_chunks_of_rows_do_not_change_the_minimum(chunk, table, rng, monkeypatch):
    monkeypatch.setattr("sklearn_nn.training._lbfgs.CHUNK", chunk)
    net, w = linear(rng), rng.integers(0, 4, N).astype(float)
    run(net, Data.of(*table, w), alpha=7.0)
    assert_solves(net, Ridge(7.0).fit(*table, sample_weight=w))


def test_float32_stays_float32(table, rng):
    net, (X, y) = linear(rng, np.float32), (a.astype(np.float32) for a in table)
    run(net, Data.of(X, y, None), tol=1e-4)
    assert net.params.dtype == np.float32
    assert_solves(net, LinearRegression().fit(*table), 1e-2)


def test_there_is_no_noise(table, rng):
    X, y = table
    net = compile_network(chain(Dropout(0.9), Dense(2)), (D,), np.float64, rng)
    run(net, Data.of(X, y, None))
    assert_allclose(net.infer(X), LinearRegression().fit(X, y).predict(X), atol=1e-3)


def test_the_parameter_vector_is_kept(table, rng):
    net = linear(rng)
    vector = net.params
    run(net, Data.of(*table, None))
    assert net.params is vector


def test_the_data_are_left_alone(table, rng):
    data = Data.of(*table, rng.random(N))
    for array in (data.X, data.y, data.w):
        array.setflags(write=False)
    run(linear(rng), data)


# -- what is reported


def test_the_loss_falls_from_iteration_to_iteration(table, bent):
    losses = [epoch.loss for epoch in run(bent, Data.of(*table, None)).epochs]
    assert len(losses) > 5
    assert np.all(np.diff(losses) <= 0)


def test_the_last_loss_is_that_of_the_parameters_with_the_penalty(table, bent):
    X, y = table
    epoch = run(bent, Data.of(X, y, None), alpha=0.5).epochs[-1]
    squares = (bent.params[: bent.layout.n_weights] ** 2).sum()
    errors = ((bent.infer(X) - y) ** 2).sum(axis=1) / 2
    assert epoch.loss == pytest.approx(errors.mean() + 0.5 * squares / (2 * N))


def test_iterations_are_numbered(table, bent):
    outcome = run(bent, Data.of(*table, None), max_iter=3, first_epoch=5)
    assert [epoch.epoch for epoch in outcome.epochs] == [5, 6, 7]


def test_an_iteration_has_neither_a_rate_nor_a_validation(table, bent):
    epoch = run(bent, Data.of(*table, None), max_iter=1).epochs[0]
    values = epoch.learning_rate, epoch.validation_loss, epoch.validation_score
    assert np.isnan(values).all()


def test_an_iteration_takes_time(table, bent):
    outcome = run(bent, Data.of(*table, None), max_iter=3)
    assert all(0 < epoch.seconds < 60 for epoch in outcome.epochs)


# -- how it ends


def test_a_minimum_ends_the_search(table, rng):
    outcome = run(linear(rng), Data.of(*table, None))
    assert outcome.stopped
    assert outcome.interrupt is None


def test_the_gradient_at_the_end_is_within_the_tolerance(table, bent):
    assert run(bent, Data.of(*table, None), tol=1e-3).stopped
    assert np.abs(bent.grads).max() < 2e-3


def test_the_iteration_limit_ends_the_search(table, bent):
    outcome = run(bent, Data.of(*table, None), max_iter=3)
    assert (len(outcome.epochs), outcome.stopped) == (3, False)


def test_the_evaluation_limit_ends_the_search(table, bent):
    outcome = run(bent, Data.of(*table, None), max_fun=4)
    assert not outcome.stopped
    assert "EVALUATIONS" in outcome.reason


def test_a_search_that_begins_at_a_minimum_is_one_iteration(table, rng):
    net = linear(rng)
    run(net, Data.of(*table, None))
    found = net.params.copy()
    outcome = run(net, Data.of(*table, None), tol=1e-3)
    assert (len(outcome.epochs), outcome.stopped) == (1, True)
    assert_array_equal(net.params, found)


def test_a_monitor_stops_the_search(table, bent):
    outcome = run(bent, Data.of(*table, None), monitors=[StopAt(3), StopAt(0)])
    assert (len(outcome.epochs), outcome.stopped) == (3, True)


def test_the_parameters_are_those_of_the_iteration_that_stopped(table, bent):
    monitor = StopAt(3)
    run(bent, Data.of(*table, None), monitors=[monitor])
    assert_array_equal(bent.params, monitor.seen[-1])


@pytest.mark.parametrize("limit", [2, 500])
def test_the_parameters_are_those_of_the_last_iteration(limit, table, bent):
    monitor = StopAt(0)
    run(bent, Data.of(*table, None), monitors=[monitor], max_iter=limit)
    assert_array_equal(bent.params, monitor.seen[-1])


@pytest.mark.parametrize("stop", [0, 3])
def test_every_monitor_hears_of_every_iteration(stop, table, bent):
    monitors = [StopAt(stop), StopAt(stop), StopAt(0)]
    count = len(run(bent, Data.of(*table, None), monitors=monitors, tol=1e-3).epochs)
    calls = [(m.begun, len(m.seen), m.finished) for m in monitors]
    assert calls == [(count, count, 1)] * 3


def test_an_interrupt_between_iterations_keeps_the_last_one(table, bent):
    monitor = StopAt(2, KeyboardInterrupt())
    outcome = run(bent, Data.of(*table, None), monitors=[monitor])
    assert isinstance(outcome.interrupt, KeyboardInterrupt)
    assert (outcome.stopped, monitor.finished) == (False, 1)
    assert_array_equal(bent.params, monitor.seen[-1])


def test_an_interrupt_within_an_iteration_keeps_the_last_one(table, bent):
    monitor = StopAt(0)
    outcome = run(bent, Data.of(*table, None), Interrupted(), monitors=[monitor])
    assert len(outcome.epochs) == len(monitor.seen) > 0
    assert_array_equal(bent.params, monitor.seen[-1])


def test_an_interrupt_before_the_first_iteration_is_passed_on(table, bent):
    loss = Interrupted()
    loss.calls = 5
    with pytest.raises(KeyboardInterrupt):
        run(bent, Data.of(*table, None), loss)


def test_an_error_of_a_monitor_is_passed_on(table, bent):
    monitor = StopAt(1, RuntimeError("from a monitor"))
    with pytest.raises(RuntimeError, match="from a monitor"):
        run(bent, Data.of(*table, None), monitors=[monitor])
