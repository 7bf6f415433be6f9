"""What is said of how a training ended: why, and what to try."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
)
from sklearn_nn.blocks import GRU, Dense, ToSequence, chain
from sklearn_nn.schedules import Cosine, InverseScaling

X, Y = load_iris(return_X_y=True)
Z, T = load_diabetes(return_X_y=True, scaled=False)
ROWS = np.random.default_rng(0).standard_normal((30, 3))
DENSE = Dense(8, "relu")


def warnings_of(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert all(w.category is ConvergenceWarning for w in caught)
    return [str(w.message) for w in caught]


PLANNED = {
    "a schedule for the whole training": {"schedule": Cosine()},
    "a schedule with a floor": {"schedule": Cosine(floor=0.1)},
    "no patience": {"n_iter_no_change": np.inf},
    "neither": {"schedule": Cosine(), "n_iter_no_change": np.inf},
}


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("name", PLANNED)
@pytest.mark.parametrize("cls", [NetworkClassifier, NetworkRegressor])
def test_a_training_that_ends_as_planned_is_no_failure(cls, name, early_stopping):
    options = {"early_stopping": early_stopping, "max_iter": 5, "random_state": 0}
    assert warnings_of(cls(DENSE, **PLANNED[name], **options), X, Y) == []


@pytest.mark.parametrize(
    ("params", "watched"),
    [
        ({}, "training loss"),
        ({"schedule": InverseScaling()}, "training loss"),
        ({"early_stopping": True}, "validation score"),
    ],
)
def test_a_limit_says_what_had_not_stalled_and_what_to_raise(params, watched):
    model = NetworkClassifier(DENSE, max_iter=5, random_state=0, **params)
    (message,) = warnings_of(model, X, Y)
    assert message == (
        "Stochastic Optimizer: Maximum iterations (5) reached and the optimization "
        f"hasn't converged yet: the {watched} has not stalled, with changes below "
        "`tol`=0.0001, for `n_iter_no_change`=10 epochs. Raise `max_iter`; or raise "
        "`tol` to be content with less."
    )


def test_a_training_that_stalled_says_nothing():
    assert warnings_of(MLPClassifier(tol=0.1, max_iter=50, random_state=0), X, Y) == []


DIVERGENT = {
    "rate too high": (
        NetworkRegressor(DENSE, optimizer="sgd", learning_rate=0.1, random_state=0),
        X * 1e3,
        X[:, 0] * 1e4,
    ),
    "rate far too high": (
        NetworkRegressor(DENSE, optimizer="sgd", learning_rate=1e3, random_state=0),
        X * 1e3,
        X[:, 0] * 1e4,
    ),
    "columns not scaled": (MLPRegressor(solver="sgd", random_state=0), Z, T),
    "classes": (
        MLPClassifier(solver="sgd", learning_rate_init=10.0, random_state=0),
        X * 100,
        Y,
    ),
    "recurrent": (
        NetworkClassifier(
            chain(ToSequence(1), GRU(8)),
            optimizer="sgd",
            learning_rate=30.0,
            random_state=0,
        ),
        X * 100,
        Y,
    ),
}


@pytest.mark.parametrize("name", DIVERGENT)
def test_divergence_that_stays_finite_is_told(name):
    model, rows, targets = DIVERGENT[name]
    (message,) = warnings_of(model, rows, targets)
    assert message.startswith("The training has diverged: its loss was ")
    assert f"{model.loss_:.3g} in epoch {model.n_iter_}" in message
    assert message.endswith(f"Lower `{model._rate_name}`, or scale the columns of `X`.")


def test_the_loss_of_a_constant_is_that_of_the_mean():
    model, rows, targets = DIVERGENT["rate too high"]
    (message,) = warnings_of(model, rows, targets)
    constant = np.var(targets) / 2
    assert f"constant prediction is {constant:.3g}." in message


@pytest.mark.parametrize(
    "target", [np.full(150, 7.0), np.zeros(150), 7 + 1e-6 * X[:, 0], 1e-9 * X[:, 0]]
)
def test_targets_that_hardly_vary_are_no_divergence(target):
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=2000, random_state=0)
    assert warnings_of(model, X, target) == []


@pytest.mark.parametrize(
    ("params", "scale"), [({"tol": 1e4}, 10), ({"alpha": 1e5, "tol": 10.0}, 1)]
)
def test_a_loss_that_fell_or_is_a_penalty_is_no_divergence(params, scale):
    model = MLPRegressor(max_iter=2000, random_state=0, **params)
    assert warnings_of(model, X, scale * X[:, 0] + 100 * scale) == []


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (MLPRegressor(solver="sgd", learning_rate_init=1e157), ROWS[:, 0]),
        (MLPClassifier(learning_rate_init=1e195), ROWS[:, 0] > 0),
        (MLPRegressor(solver="sgd", learning_rate_init=1e30, dtype="f4"), ROWS[:, 0]),
    ],
)
def test_divergence_in_the_last_step_is_an_error(model, y):
    # The loss of the only epoch is that before its steps.
    model.set_params(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="non-finite parameter weights or outputs"):
        model.fit(ROWS, y)
    assert not hasattr(model, "loss_")
