"""A number as parameter is a number, of whatever type it is, or an error names it."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
)
from sklearn_nn.blocks import Dense, Dropout, LeakyReLU, chain
from sklearn_nn.losses import HuberLoss
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Cosine, InverseScaling
from sklearn_nn.training import Pruning

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The sklearn.neural_network:UserWarning"),
]

MLP = {"hidden_layer_sizes": (8,), "max_iter": 4, "random_state": 0}
NET = chain(Dense(8, LeakyReLU(0.25)), Dropout(0.25))
TABLE = {"max_epochs": 2, "n_bags": 2, "n_members": 1, "hidden_layer_sizes": [8]}
MODELS = {
    "perceptron": PerceptronClassifier(max_iter=5, random_state=0),
    "mlp": MLPClassifier(**MLP, solver="sgd", early_stopping=True),
    "adam": MLPRegressor(**MLP, batch_size=16, dropout=0.25),
    "lbfgs": MLPRegressor(**MLP, solver="lbfgs"),
    "network": NetworkClassifier(NET, pruning=Pruning(0.5), max_iter=4, random_state=0),
    "schedule": NetworkRegressor(
        NET, loss=HuberLoss(0.5), optimizer=SGD(0.5), schedule=Cosine(), max_iter=4
    ).set_params(random_state=0),
    "inverse": NetworkRegressor(
        NET, optimizer=Adam(), schedule=InverseScaling(0.5), max_iter=4, random_state=0
    ),
    "table": TabularClassifier("fast", **TABLE, random_state=0),
    "numbers": TabularRegressor("fast", **TABLE, random_state=0),
}
INTEGERS = [np.int8, np.uint8, np.int64]
REALS = [np.float16, np.float32, np.float64, Fraction]
# Powers of 2 and small integers, which all types hold exactly.
GIVEN = {
    "perceptron": {"eta0": 0.5, "init_scale": 0.25, "max_iter": 9, "random_state": 3},
    "mlp": {
        "hidden_layer_sizes": 9,
        "alpha": 0.25,
        "batch_size": 100,
        "learning_rate_init": 0.125,
        "power_t": 0.25,
        "momentum": 0.5,
        "tol": 0.25,
        "validation_fraction": 0.25,
        "n_iter_no_change": 2,
    },
    "adam": {"beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.0625, "dropout": 0.5},
    "lbfgs": {"alpha": 0.5, "max_iter": 3, "max_fun": 4, "tol": 0.5},
    "network": {
        "network__dense__units": 100,
        "network__dense__activation__slope": 0.5,
        "network__dense__init_factor": 2.0,
        "network__dropout__rate": 0.5,
        "learning_rate": 0.125,
        "pruning__density": 0.25,
    },
    "schedule": {
        "loss__delta": 0.25,
        "optimizer__momentum": 0.25,
        "schedule__warmup": 0.25,
        "batch_size": 100,
    },
    "inverse": {"optimizer__beta_1": 0.5, "schedule__power_t": 0.25},
    "table": {
        "n_bags": 2,
        "n_members": 2,
        "max_epochs": 3,
        "dropout": 0.5,
        "weight_decay": 0.25,
        "learning_rate": 0.125,
        "cycles": 2,
        "batch_size": 100,
        "label_smoothing": 0.5,
        "n_iter_no_change": 1,
    },
    "numbers": {"n_bags": 1, "validation_fraction": 0.25, "max_time": 1000.0},
}
CASES = [
    pytest.param(model, name, value, kind, id=f"{model}-{name}-{kind.__name__}")
    for model, values in GIVEN.items()
    for name, value in values.items()
    for kind in (INTEGERS if isinstance(value, int) else REALS)
]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 4))
    return X, (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)


@pytest.mark.parametrize(("model", "name", "value", "kind"), CASES)
def test_the_type_of_a_number_changes_nothing(model, name, value, kind, rows):
    X, y = rows
    known, other = clone(MODELS[model]), clone(MODELS[model])
    assert name in known.get_params()
    expected = known.set_params(**{name: value}).fit(X, y).predict(X)
    found = other.set_params(**{name: kind(value)}).fit(X, y).predict(X)
    assert_array_equal(found, expected)
    assert type(other.get_params()[name]) is kind
    if hasattr(other, "loss_curve_"):
        assert_array_equal(other.loss_curve_, known.loss_curve_)


HUGE = {
    "400 digits": 10**400,
    "5000 digits": 10**5000,
    "negative": -(10**400),
    "a fraction": Fraction(10**400),
}


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize(
    ("model", "name"), [(model, name) for model in GIVEN for name in GIVEN[model]]
)
def test_a_number_beyond_all_floats_is_named(model, name, size, rows):
    (X, y), value = rows, HUGE[size]
    last = name.split("__")[-1]
    with pytest.raises(ValueError, match=f"`{last}` of .* must be .*; got") as told:
        clone(MODELS[model]).set_params(**{name: value}).fit(X, y)
    assert len(str(told.value)) < 600


@pytest.mark.parametrize("weight", [HUGE["400 digits"], np.inf, -1])
def test_a_class_weight_beyond_all_floats_is_named(weight, rows):
    X, y = rows
    for name in ("perceptron", "mlp", "network", "table"):
        model = clone(MODELS[name]).set_params(class_weight={0: weight})
        with pytest.raises(ValueError, match="`class_weight` of"):
            model.fit(X, y)


def test_a_perceptron_may_start_at_zero_of_either_sign(rows):
    X, y = rows
    found = [
        clone(MODELS["perceptron"]).set_params(init_scale=scale).fit(X, y).coef_
        for scale in (0, 0.0, -0.0)
    ]
    assert_array_equal(found[1:], found[:1] * 2)


def test_a_perceptron_that_starts_beyond_floats_says_so(rows):
    X, y = rows
    model = clone(MODELS["perceptron"])
    with pytest.raises(ValueError, match=r"`init_scale` of .* must be"):
        model.set_params(init_scale=1e308).fit(X, y)
    with pytest.raises(ValueError, match=r"Scale the columns of `X`"):
        model.set_params(init_scale=0.5).fit(X * 1e200, y)
