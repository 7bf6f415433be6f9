"""From the same initial weights, training goes the way of scikit-learn's MLP.

scikit-learn's class is trained twice from one seed: with a rate of nearly zero, which
shows its initial weights, and in earnest. Ours is given these weights. The rows are not
shuffled, so all else follows. Several outputs are left out: there scikit-learn's
gradient is not that of its loss.
"""

import numpy as np
import pytest
from sklearn import neural_network as theirs

import sklearn_nn as ours

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

COMMON = {
    "hidden_layer_sizes": (7, 5),
    "activation": "tanh",
    "batch_size": 16,
    "shuffle": False,
    "alpha": 0.01,
    "learning_rate_init": 0.005,
    "max_iter": 40,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
SOLVERS = {
    "gradient descent": {"solver": "sgd", "momentum": 0},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.8},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    "adam": {"solver": "adam"},
    "adam's constants": {
        "solver": "adam",
        "beta_1": 0.7,
        "beta_2": 0.9,
        "epsilon": 0.1,
    },
}
TARGETS = ["binary", "multiclass", "multilabel", "regression", "poisson"]


def make_target(kind, X, rng):
    signal = X @ rng.standard_normal((4, 3)) + 0.5 * rng.standard_normal((len(X), 3))
    return {
        "binary": signal[:, 0] > 0,
        "multiclass": signal.argmax(axis=1),
        "multilabel": (signal > 0).astype(int),
        "regression": signal[:, 0],
        "poisson": np.floor(np.exp(signal[:, 0] / 2)),
    }[kind]


def train_both(kind, X, y, w=None, **options):
    """Return scikit-learn's MLP, ours, and the losses of ours, from equal weights."""
    name = "MLPClassifier"
    if kind in ("regression", "poisson"):
        name = "MLPRegressor"
        options["loss"] = "poisson" if kind == "poisson" else "squared_error"
    options = {**COMMON, **options}
    still = {**options, "learning_rate_init": 1e-300, "max_iter": 1}
    start = getattr(theirs, name)(**still).fit(X, y, w)
    their = getattr(theirs, name)(**options).fit(X, y, w)
    our = getattr(ours, name)(**still).fit(X, y, w)
    our.coefs_, our.intercepts_, our.t_ = start.coefs_, start.intercepts_, 0
    our.set_params(**options, warm_start=True).fit(X, y, w)
    return their, our, our.loss_curve_[1:]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_losses_of_all_epochs_are_those_of_scikit_learn(kind, solver, rng):
    X = rng.standard_normal((90, 4))
    y = make_target(kind, X, rng)
    their, _, losses = train_both(kind, X, y, **SOLVERS[solver])
    np.testing.assert_allclose(losses, their.loss_curve_, rtol=1e-9)


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_the_weights_at_the_end_are_those_of_scikit_learn(kind, activation, rng):
    X = rng.standard_normal((90, 4))
    y = make_target(kind, X, rng)
    their, our, _ = train_both(kind, X, y, activation=activation)
    for theirs_, ours_ in zip(their.coefs_, our.coefs_, strict=True):
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("kind", TARGETS)
def test_the_adaptive_rate_falls_when_that_of_scikit_learn_does(kind, rng):
    X = rng.standard_normal((90, 4))
    y = make_target(kind, X, rng)
    options = {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01}
    options |= {"learning_rate_init": 0.05, "max_iter": 200, "batch_size": 90}
    # scikit-learn stalls for one epoch more than it says
    their, _, _ = train_both(kind, X, y, n_iter_no_change=2, **options)
    _, our, losses = train_both(kind, X, y, n_iter_no_change=3, **options)
    np.testing.assert_allclose(losses, their.loss_curve_, rtol=1e-9)
    assert min(our.history_["learning_rate"][1:]) < 1e-5


@pytest.mark.parametrize("kind", TARGETS)
def test_full_batches_with_weights_go_the_way_of_scikit_learn(kind, rng):
    X = rng.standard_normal((90, 4))
    y, w = make_target(kind, X, rng), rng.uniform(0.1, 2, 90)
    their, _, losses = train_both(kind, X, y, w, batch_size=90)
    np.testing.assert_allclose(losses, their.loss_curve_, rtol=1e-9)
