"""Every parameter acts or errs, in a first fit, a warm start and partial_fit."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
)
from sklearn_nn.blocks import Dense, chain
from sklearn_nn.optimizers import SGD
from sklearn_nn.schedules import InverseScaling
from sklearn_nn.training import Pruning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MODES = ["fit", "warm", "partial"]
ACTS, ERRS = "acts", "errs"
# What a training that goes on has behind it, so that nothing is left to decide.
START = "a matter of the start"
LOOP = "a pass is one epoch"  # of partial_fit, which knows no epochs and no limits
SGD_OPTIONS = {"solver": "sgd"}
LBFGS = {"solver": "lbfgs"}
STOPS = {"early_stopping": True, "tol": 0.3}

# name: (the value, other options that it needs, what is to be in each of the modes)
SHARED = {
    "alpha": (0.5, {}, [ACTS, ACTS, ACTS]),
    "batch_size": (20, {}, [ACTS, ACTS, ACTS]),
    "max_iter": (3, {}, [ACTS, ACTS, LOOP]),
    "shuffle": (False, {"batch_size": 20}, [ACTS, ACTS, ACTS]),
    "random_state": (1, {"batch_size": 20}, [ACTS, START, START]),
    "tol": (10.0, {"n_iter_no_change": 1}, [ACTS, ACTS, LOOP]),
    "n_iter_no_change": (1, {"tol": 10.0}, [ACTS, ACTS, LOOP]),
    "verbose": (True, {}, [ACTS, ACTS, ACTS]),
    "early_stopping": (True, {}, [ACTS, ACTS, ERRS]),
    "validation_fraction": (0.5, {"early_stopping": True}, [ACTS, ACTS, ERRS]),
    "dtype": ("float32", {}, [ACTS, ERRS, ERRS]),
}
MLPS = {
    **SHARED,
    "max_fun": (2, LBFGS, [ACTS, ACTS, ERRS]),
    "hidden_layer_sizes": ((5,), {}, [ACTS, ERRS, ERRS]),
    "activation": ("tanh", {}, [ACTS, ACTS, ACTS]),
    "solver": ("sgd", {}, [ACTS, ACTS, ACTS]),
    "learning_rate": ("invscaling", SGD_OPTIONS, [ACTS, ACTS, ACTS]),
    "learning_rate_init": (0.1, {}, [ACTS, ACTS, ACTS]),
    "power_t": (0.1, SGD_OPTIONS | {"learning_rate": "invscaling"}, [ACTS] * 3),
    "momentum": (0.1, SGD_OPTIONS | {"batch_size": 20}, [ACTS, ACTS, ACTS]),
    "nesterovs_momentum": (False, SGD_OPTIONS | {"batch_size": 20}, [ACTS] * 3),
    "beta_1": (0.1, {"batch_size": 20}, [ACTS, ACTS, ACTS]),
    "beta_2": (0.1, {"batch_size": 20}, [ACTS, ACTS, ACTS]),
    "epsilon": (1.0, {}, [ACTS, ACTS, ACTS]),
    "dropout": (0.5, {}, [ACTS, ACTS, ACTS]),
}
NET = chain(Dense(8, "relu"))
NETWORKS = {
    **SHARED,
    "max_fun": (2, {"optimizer": "lbfgs"}, [ACTS, ACTS, ERRS]),
    "network": (chain(Dense(8, "tanh")), {}, [ACTS, ACTS, ACTS]),
    "network__dense__units": (5, {}, [ACTS, ERRS, ERRS]),
    "optimizer": (SGD(), {}, [ACTS, ACTS, ACTS]),
    "schedule": (InverseScaling(), {}, [ACTS, ACTS, ACTS]),
    "learning_rate": (0.1, {}, [ACTS, ACTS, ACTS]),
    "pruning": (Pruning(0.5, begin=0.0, end=0.5), {}, [ACTS, ACTS, LOOP]),
}
CLASSES = {"class_weight": ({0: 5.0}, {}, [ACTS, ACTS, ACTS])}
NUMBERS = {"loss": ("huber", {}, [ACTS, ACTS, ACTS])}
PERCEPTRON = {
    "eta0": (0.3, {}, [ACTS, ACTS, ACTS]),
    "init_scale": (0.5, {}, [ACTS, START, START]),
    "max_iter": (3, {}, [ACTS, ACTS, LOOP]),
    "shuffle": (False, {}, [ACTS, ACTS, ACTS]),
    "random_state": (1, {}, [ACTS, START, START]),
    "class_weight": ({0: 5.0}, {}, [ACTS, ACTS, ACTS]),
    "verbose": (True, {}, [ACTS, ACTS, ACTS]),
    "variant": ("averaged", {}, [ACTS, ACTS, ACTS]),
}
NO_RESULT = {"n_jobs", "warm_start"}  # time, and the mode itself
MLP = {"hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 0}
NETWORK = {"network": NET, "max_iter": 6, "random_state": 0, "learning_rate": 0.01}
TABLE = {
    MLPClassifier: (MLP, MLPS | CLASSES),
    MLPRegressor: (MLP, MLPS | NUMBERS),
    NetworkClassifier: (NETWORK, NETWORKS | CLASSES),
    NetworkRegressor: (NETWORK, NETWORKS | NUMBERS),
    PerceptronClassifier: ({"max_iter": 6, "random_state": 0}, PERCEPTRON),
}
CASES = [
    pytest.param(cls, name, mode, id=f"{cls.__name__}-{name}-{mode}")
    for cls, (_, table) in TABLE.items()
    for name in table
    for mode in MODES
]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4))
    return X, (X[:, 0] + rng.standard_normal(80) > 0.3).astype(int)


def trained(cls, options, changed, mode, rows, capsys):
    """Return all that a training leaves: what is printed, weights and counts."""
    X, y = rows
    at_first = options if mode == "fit" else TABLE[cls][0] | _needed(options)
    model = clone(cls(**at_first, warm_start=mode == "warm"))
    known = {"classes": [0, 1]} if hasattr(cls, "predict_proba") else {}
    if mode == "warm":
        model.fit(X, y)
    if mode == "partial":
        model.partial_fit(X, y, **known)
    capsys.readouterr()
    model.set_params(**changed)
    if mode == "partial":
        model.partial_fit(X, y, **known)
    else:
        model.fit(X, y)
    printed = capsys.readouterr().out
    weights = model.coef_ if cls is PerceptronClassifier else model._network.params
    scores = getattr(model, "best_validation_score_", None)
    return printed, weights.tolist(), str(weights.dtype), model.n_iter_, scores


def _needed(options):
    """Return the options that shall hold from the first training on."""
    return {name: value for name, value in options.items() if name != "early_stopping"}


@pytest.mark.parametrize("cls", TABLE)
def test_every_parameter_is_listed(cls):
    names = {name.split("__")[0] for name in TABLE[cls][1]}
    assert names | NO_RESULT == set(cls().get_params(deep=False)) | NO_RESULT


@pytest.mark.parametrize(("cls", "name", "mode"), CASES)
def test_a_parameter_acts_or_errs(cls, name, mode, rows, capsys):
    basis, table = TABLE[cls]
    value, needed, outcomes = table[name]
    outcome, options = outcomes[MODES.index(mode)], basis | needed
    if outcome == ERRS:
        last = name.split("__")[0]
        message = f"`{last}`|{last}|solver|layers it began with|partial_fit"
        with pytest.raises((ValueError, AttributeError), match=message):
            trained(cls, options, needed | {name: value}, mode, rows, capsys)
        return
    before = trained(cls, options, needed, mode, rows, capsys)
    after = trained(cls, options, needed | {name: value}, mode, rows, capsys)
    assert (before != after) == (outcome == ACTS)
