"""Without hidden layers an MLP is a linear model that others fit, too."""

import numpy as np
import pytest
from mlps import make_rows
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.multioutput import MultiOutputClassifier

from sklearn_nn import MLPClassifier, MLPRegressor

TO_THE_END = {"solver": "lbfgs", "tol": 1e-9, "max_fun": 10**6, "random_state": 0}
# SciPy's L-BFGS also ends where the loss changes by less than 2e-9 of its value.
CLOSE = {"rtol": 3e-3, "atol": 3e-4}


def linear(cls, **options):
    return cls(hidden_layer_sizes=(), max_iter=10**5, **TO_THE_END, **options)


@pytest.mark.parametrize("alpha", [1e-6, 1.0, 30.0])
def test_a_linear_network_is_ridge_regression(rng, alpha):
    X, _ = make_rows(rng)
    y = X @ [1.0, -2.0, 0.5, 0.0] + rng.standard_normal(60)
    ridge = Ridge(alpha).fit(X, y)
    mlp = linear(MLPRegressor, alpha=alpha).fit(X, y)
    np.testing.assert_allclose(mlp.coefs_[0][:, 0], ridge.coef_, **CLOSE)


def test_a_linear_network_of_several_outputs_is_ridge_regression(rng):
    X, _ = make_rows(rng)
    Y = X @ rng.standard_normal((4, 3)) + rng.standard_normal((60, 3))
    ridge = Ridge(1.0).fit(X, Y)
    mlp = linear(MLPRegressor, alpha=1.0).fit(X, Y)
    np.testing.assert_allclose(mlp.coefs_[0], ridge.coef_.T, **CLOSE)


def test_a_linear_network_with_weights_is_ridge_regression(rng):
    X, y = make_rows(rng)
    w = rng.uniform(0, 3, 60)
    ridge = Ridge(2.0).fit(X, y, w)
    mlp = linear(MLPRegressor, alpha=2.0).fit(X, y, w)
    np.testing.assert_allclose(mlp.predict(X), ridge.predict(X), **CLOSE)


def test_a_deep_network_of_identities_is_least_squares(rng):
    X, _ = make_rows(rng)
    y = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * rng.standard_normal(60)
    A = np.column_stack([X, np.ones(60)])
    solution = np.linalg.lstsq(A, y)[0]
    options = {"activation": "identity", "alpha": 0, "max_iter": 10**5, **TO_THE_END}
    mlp = MLPRegressor(hidden_layer_sizes=(3, 2), **options).fit(X, y)
    np.testing.assert_allclose(mlp.predict(X), A @ solution, **CLOSE)


@pytest.mark.parametrize("alpha", [0.1, 3.0])
def test_a_linear_network_for_two_classes_is_logistic_regression(rng, alpha):
    X, y = make_rows(rng)
    logistic = LogisticRegression(C=1 / alpha, tol=1e-9, max_iter=10**4).fit(X, y > 0)
    mlp = linear(MLPClassifier, alpha=alpha).fit(X, y > 0)
    expected = logistic.predict_proba(X)
    np.testing.assert_allclose(mlp.predict_proba(X), expected, **CLOSE)


@pytest.mark.parametrize("alpha", [0.1, 3.0])
def test_a_linear_network_for_three_classes_is_logistic_regression(rng, alpha):
    X, y = make_rows(rng)
    logistic = LogisticRegression(C=1 / alpha, tol=1e-9, max_iter=10**4).fit(X, y)
    mlp = linear(MLPClassifier, alpha=alpha).fit(X, y)
    expected = logistic.predict_proba(X)
    np.testing.assert_allclose(mlp.predict_proba(X), expected, **CLOSE)


def test_a_linear_network_for_labels_is_one_logistic_regression_per_label(rng):
    X, _ = make_rows(rng)
    Y = (X[:, :2] + rng.standard_normal((60, 2)) > 0).astype(int)
    logistic = LogisticRegression(C=1.0, tol=1e-9, max_iter=10**4)
    several = MultiOutputClassifier(logistic).fit(X, Y)
    expected = np.column_stack([p[:, 1] for p in several.predict_proba(X)])
    mlp = linear(MLPClassifier, alpha=1.0).fit(X, Y)
    np.testing.assert_allclose(mlp.predict_proba(X), expected, **CLOSE)


def test_balanced_class_weights_are_those_of_logistic_regression(rng):
    X, y = make_rows(rng)
    logistic = LogisticRegression(C=1.0, class_weight="balanced", tol=1e-9)
    expected = logistic.fit(X, y).predict_proba(X)
    mlp = linear(MLPClassifier, alpha=1.0, class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(mlp.predict_proba(X), expected, **CLOSE)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_network_with_poisson_loss_is_poisson_regression(rng, weighted):
    X, _ = make_rows(rng)
    y = rng.poisson(np.exp(X @ [0.5, -0.3, 0.2, 0.0]))
    w = rng.uniform(0.1, 3, 60) if weighted else np.ones(60)
    # PoissonRegressor divides only the loss by the sum of the weights
    poisson = PoissonRegressor(alpha=3.0 / w.sum(), tol=1e-9, max_iter=10**4)
    expected = poisson.fit(X, y, w).predict(X)
    mlp = linear(MLPRegressor, alpha=3.0, loss="poisson").fit(X, y, w)
    np.testing.assert_allclose(mlp.predict(X), expected, **CLOSE)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_full_batches_end_where_lbfgs_does(rng, solver):
    X, y = make_rows(rng)
    exact = linear(MLPClassifier, alpha=1.0).fit(X, y)
    options = {"max_iter": 2000, "n_iter_no_change": np.inf, "random_state": 1}
    mlp = MLPClassifier(
        (), solver=solver, alpha=1.0, learning_rate_init=0.02, **options
    )
    expected = exact.predict_proba(X)
    np.testing.assert_allclose(mlp.fit(X, y).predict_proba(X), expected, atol=2e-3)
