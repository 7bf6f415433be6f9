"""A network of the layers of an MLP is that MLP, bit for bit, whatever it is asked.

So what the tests of the MLPs say holds for networks, too.
"""

import numpy as np
import pytest
from networks import make_rows, parameters, raw
from scipy.sparse import csr_array

from sklearn_nn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import Dense, Dropout, Output, Tanh, chain
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = [(MLPClassifier, NetworkClassifier), (MLPRegressor, NetworkRegressor)]
both = pytest.mark.parametrize("pair", PAIRS, ids=["classifier", "regressor"])

DEFAULT = ({}, {})
OPTIMIZERS = {
    "adam": ({"solver": "adam"}, {"optimizer": "adam"}),
    "sgd": ({"solver": "sgd"}, {"optimizer": "sgd"}),
    "lbfgs": ({"solver": "lbfgs"}, {"optimizer": "lbfgs"}),
    "momentum": ({"solver": "sgd", "momentum": 0.5}, {"optimizer": SGD(0.5)}),
    "adam's constants": ({"beta_1": 0.7}, {"optimizer": Adam(beta_1=0.7)}),
    "rate": ({"learning_rate_init": 0.02}, {"learning_rate": 0.02}),
    "invscaling": (
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"optimizer": "sgd", "schedule": "invscaling"},
    ),
    "adaptive": (
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1},
        {"optimizer": "sgd", "schedule": "adaptive", "tol": 0.1},
    ),
    "a schedule": (
        {"learning_rate": InverseScaling(0.3)},
        {"schedule": InverseScaling(0.3)},
    ),
}
NETWORKS = {
    "several layers": (
        {"hidden_layer_sizes": (9, 5), "activation": "tanh"},
        {"network": chain(Dense(9, "tanh"), Dense(5, Tanh()), Output())},
    ),
    "no hidden layer": ({"hidden_layer_sizes": ()}, {"network": Output()}),
    "dropout": (
        {"hidden_layer_sizes": (9,), "dropout": 0.3},
        {"network": chain(Dense(9, "relu"), Dropout(0.3))},
    ),
}
SHARED = {
    "batches": {"batch_size": 7},
    "in order": {"batch_size": 7, "shuffle": False},
    "penalty": {"alpha": 1.0},
    "float32": {"dtype": np.float32},
    "early stopping": {"early_stopping": True, "n_iter_no_change": 3},
    "tolerance": {"tol": 0.1, "max_iter": 200, "n_iter_no_change": 2},
}
CASES = {**OPTIMIZERS, **NETWORKS} | {n: (own, own) for n, own in SHARED.items()}


ATTRIBUTES = [
    *("n_iter_", "t_", "loss_", "best_loss_", "best_validation_score_"),
    *("n_outputs_", "out_activation_", "n_params_", "n_features_in_"),
]


def fit_both(pair, options, X, y, *args, method="fit", times=1, **given):
    """Return the MLP and the network, fitted alike."""
    models = []
    for cls, own in zip(pair, options, strict=True):
        model = cls(**{"random_state": 0, "max_iter": 20} | own)
        for _ in range(times):
            getattr(model, method)(X, y, *args, **given)
        models.append(model)
    return models


def assert_alike(mlp, net, X):
    np.testing.assert_array_equal(parameters(net), parameters(mlp))
    np.testing.assert_array_equal(raw(net, X), raw(mlp, X))
    np.testing.assert_array_equal(net.predict(X), mlp.predict(X))
    seconds = {"seconds": None}
    assert str(net.history_ | seconds) == str(mlp.history_ | seconds)
    for name in ATTRIBUTES:
        assert getattr(net, name) == getattr(mlp, name)


@pytest.mark.parametrize("case", CASES)
@both
def test_options_mean_the_same(pair, case, rng):
    X, y = make_rows(rng)
    assert_alike(*fit_both(pair, CASES[case], X, y), X)


@both
def test_weights_and_validation_data_mean_the_same(pair, rng):
    (X, y), (X_val, y_val) = make_rows(rng), make_rows(rng)
    w = rng.uniform(0, 2, 60)
    given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": w[::-1]}
    assert_alike(*fit_both(pair, DEFAULT, X, y, w, **given), X)


@both
def test_sparse_rows_mean_the_same(pair, rng):
    X, y = make_rows(rng)
    X = csr_array(X * (X > 0))
    assert_alike(*fit_both(pair, DEFAULT, X, y), X)


@both
def test_warm_starts_mean_the_same(pair, rng):
    X, y = make_rows(rng)
    warm = ({"warm_start": True},) * 2
    assert_alike(*fit_both(pair, warm, X, y, times=3), X)


@both
def test_partial_fits_mean_the_same(pair, rng):
    X, y = make_rows(rng)
    known = {"classes": [0, 1, 2]} if pair == PAIRS[0] else {}
    options = ({"batch_size": 16},) * 2
    models = fit_both(pair, options, X, y, method="partial_fit", times=3, **known)
    assert_alike(*models, X)


@pytest.mark.parametrize("weights", ["balanced", {0: 2.0, 2: 0.5}])
def test_class_weights_mean_the_same(weights, rng):
    X, y = make_rows(rng)
    options = ({"class_weight": weights},) * 2
    assert_alike(*fit_both(PAIRS[0], options, X, y), X)


def test_labels_mean_the_same(rng):
    X, y = make_rows(rng)
    assert_alike(*fit_both(PAIRS[0], DEFAULT, X, np.eye(3, dtype=int)[y]), X)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_several_outputs_mean_the_same(loss, rng):
    X, y = make_rows(rng)
    options = ({"loss": loss},) * 2
    assert_alike(*fit_both(PAIRS[1], options, X, np.column_stack([y, 3 * y])), X)
