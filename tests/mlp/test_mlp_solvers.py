"""Solvers, learning rates, when training ends, and what it prints."""

import numpy as np
import pytest
from mlps import both, make_rows, parameters
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.schedules import Cosine

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])

RATES = {"adam": 1e-3, "sgd": 0.1, "lbfgs": 1.0}


@quiet
@every_solver
def test_digits_are_recognized(solver):
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, random_state=0)
    rate, limits = RATES[solver], {"max_iter": 60, "tol": 1e-2, "random_state": 0}
    mlp = MLPClassifier((40,), solver=solver, learning_rate_init=rate, **limits)
    X_train, X_test, y_train, y_test = parts
    assert mlp.fit(X_train, y_train).score(X_test, y_test) > 0.93


@quiet
@every_solver
def test_diabetes_is_predicted_as_well_as_by_linear_regression(solver):
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    options = {"hidden_layer_sizes": (8,), "alpha": 10, "random_state": 0}
    mlp = MLPRegressor(solver=solver, learning_rate_init=0.01, **options)
    assert mlp.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.45


@both
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_too_few_epochs_are_warned_of(cls, solver, rng):
    X, y = make_rows(rng)
    mlp = cls(solver=solver, max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        mlp.fit(X, y)
    assert mlp.n_iter_ == 3


@both
@pytest.mark.parametrize("limit", ["max_iter", "max_fun"])
def test_too_few_iterations_of_lbfgs_are_warned_of(cls, limit, rng):
    X, y = make_rows(rng)
    mlp = cls(solver="lbfgs", random_state=0, **{limit: 3})
    with pytest.warns(ConvergenceWarning, match="L-BFGS ended after . iterations"):
        mlp.fit(X, y)
    assert mlp.n_iter_ <= 3


@both
def test_the_warning_names_the_line_that_called_fit(cls, rng):
    pytest.importorskip("sklearn.callback", reason="another depth of calls below 1.9")
    X, y = make_rows(rng)
    with pytest.warns(ConvergenceWarning) as caught:
        cls(max_iter=3, random_state=0).fit(X, y)
    assert caught[0].filename == __file__


@both
def test_lbfgs_at_a_minimum_reports_one_iteration(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(solver="lbfgs", tol=1e9, random_state=0).fit(X, y)
    assert (mlp.n_iter_, mlp.loss_curve_) == (1, [mlp.loss_])


@both
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_large_tol_ends_training_early(cls, solver, rng):
    X, y = make_rows(rng)
    assert cls(solver=solver, tol=0.5, random_state=0).fit(X, y).n_iter_ < 60


@quiet
@both
def test_infinite_patience_runs_to_the_last_epoch(cls, rng):
    X, y = make_rows(rng)
    options = {"tol": 1e6, "n_iter_no_change": np.inf, "max_iter": 40}
    assert cls(random_state=0, **options).fit(X, y).n_iter_ == 40


@quiet
@both
def test_each_epoch_has_another_order_of_rows(cls, rng):
    X, y = make_rows(rng)
    options = {"batch_size": 7, "max_iter": 3, "random_state": 0}
    shuffled, in_order = cls(**options), cls(shuffle=False, **options)
    a, b = parameters(shuffled.fit(X, y)), parameters(in_order.fit(X, y))
    assert np.abs(a - b).max() > 1e-6


@quiet
@both
def test_without_shuffling_the_order_of_rows_matters_only_between_batches(cls, rng):
    X, y = make_rows(rng)
    swapped = np.arange(60).reshape(-1, 10)[:, ::-1].ravel()
    options = {"batch_size": 10, "max_iter": 3, "shuffle": False, "random_state": 0}
    a, b = cls(**options).fit(X, y), cls(**options).fit(X[swapped], y[swapped])
    np.testing.assert_allclose(parameters(a), parameters(b), rtol=1e-9, atol=1e-12)


@quiet
@both
@pytest.mark.parametrize("batch_size", [60, 61, 10**9])
def test_a_batch_is_never_larger_than_the_rows(cls, batch_size, rng):
    X, y = make_rows(rng)
    whole = cls(max_iter=3, random_state=0).fit(X, y)
    clipped = cls(max_iter=3, batch_size=batch_size, random_state=0).fit(X, y)
    np.testing.assert_array_equal(parameters(clipped), parameters(whole))


@quiet
@both
def test_auto_takes_batches_of_200(cls, rng):
    X, y = make_rows(rng, 450)
    auto, given = cls(max_iter=3, random_state=0), cls(max_iter=3, random_state=0)
    given.set_params(batch_size=200).fit(X, y)
    np.testing.assert_array_equal(parameters(auto.fit(X, y)), parameters(given))


@quiet
@both
def test_a_constant_rate_stays(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(solver="sgd", learning_rate_init=0.02, max_iter=5, random_state=0)
    assert mlp.fit(X, y).history_["learning_rate"] == [0.02] * 5


@quiet
@both
def test_inverse_scaling_divides_by_a_power_of_the_rows_seen(cls, rng):
    X, y = make_rows(rng)
    options = {"learning_rate": "invscaling", "power_t": 0.25, "max_iter": 4}
    mlp = cls(solver="sgd", learning_rate_init=2.0**-6, random_state=0, **options)
    expected = [2.0**-6 / (1 + seen) ** 0.25 for seen in (0, 60, 120, 180)]
    assert mlp.fit(X, y).history_["learning_rate"] == pytest.approx(expected)


# (1 + cos(pi * t)) / 2 at the quarters of a training
QUARTERS = [1, (2 + 2**0.5) / 4, 0.5, (2 - 2**0.5) / 4]


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@both
def test_the_cosine_falls_over_the_training_and_again_in_the_next(cls, solver, rng):
    X, y = make_rows(rng)
    options = {"learning_rate": Cosine(), "warm_start": True, "random_state": 0}
    mlp = cls(solver=solver, learning_rate_init=0.01, max_iter=4, **options)
    rates = mlp.fit(X, y).fit(X, y).history_["learning_rate"]
    assert rates == pytest.approx([0.01 * factor for factor in QUARTERS * 2])


@quiet
@both
def test_the_cosine_moves_on_with_each_batch(cls, rng):
    X, y = make_rows(rng)
    options = {"learning_rate": Cosine(warmup=0.5), "batch_size": 15, "max_iter": 2}
    mlp = cls(learning_rate_init=0.01, random_state=0, **options).fit(X, y)
    # The last of 4 batches: at 3 of the 4 steps up, and of those down.
    assert mlp.history_["learning_rate"] == pytest.approx([0.0075, 0.01 * QUARTERS[3]])


@both
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_adaptive_rate_falls_to_a_millionth_and_training_ends(cls, solver, rng):
    X, y = make_rows(rng)
    options = {"learning_rate": "adaptive", "tol": 1e6, "n_iter_no_change": 2}
    mlp = cls(solver=solver, learning_rate_init=1e-3, random_state=0, **options)
    rates = mlp.fit(X, y).history_["learning_rate"]
    # one epoch to compare with, then two of each rate; 5**5 > 1000
    expected = [1e-3, *np.repeat([1e-3 / 5**k for k in range(6)], 2)]
    assert rates == pytest.approx(expected)


@both
def test_verbose_prints_a_line_per_epoch(cls, rng, capsys):
    X, y = make_rows(rng)
    mlp = cls(solver="sgd", tol=0.5, verbose=True, random_state=0).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == mlp.n_iter_
    assert lines[0] == f"Iteration 1, loss = {mlp.loss_curve_[0]:.8f}"


@both
def test_verbose_lbfgs_prints_a_line_per_iteration(cls, rng, capsys):
    X, y = make_rows(rng)
    mlp = cls(solver="lbfgs", tol=1e-2, verbose=1, random_state=0).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == mlp.n_iter_


@both
def test_verbose_prints_the_validation_score_if_there_is_one(cls, rng, capsys):
    X, y = make_rows(rng)
    options = {"early_stopping": True, "tol": 0.5, "verbose": True}
    mlp = cls(random_state=0, **options).fit(X, y)
    score = f"validation score = {mlp.validation_scores_[-1]:.6f}"
    assert capsys.readouterr().out.splitlines()[-1].endswith(score)


@both
def test_silence_is_the_default(cls, rng, capsys):
    X, y = make_rows(rng)
    cls(tol=0.5, random_state=0).fit(X, y)
    assert not capsys.readouterr().out
