"""A parameter out of range or of a wrong type is named, with its value and its rule."""

import re

import numpy as np
import pytest
from mlps import both, make_rows

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.blocks import ReLU
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Adaptive

BAD = {
    "loss": ["quantile", None, ["poisson"], 0, True],
    "hidden_layer_sizes": [
        *(0, -1, 2.5, "5", "", None, True, {5}, range(2), np.array(5)),
        *((0,), (5, -2), (2.0,), (False,), [[3]], np.array([5.0])),
    ],
    "activation": ["sigmoid", "", None, 1, ReLU, np.tanh, ["relu"]],
    "solver": ["newton", None, 0, Adam, ["adam"]],
    "alpha": [-1e-9, np.inf, np.nan, "1", None, True, 1j],
    "batch_size": [0, -1, 10.0, "all", None, True],
    "learning_rate": ["cosine", None, 0.1, Adaptive],
    "learning_rate_init": [0, -1.0, np.inf, np.nan, "1e-3", None],
    "power_t": [-0.5, np.inf, np.nan, "0.5", None],
    "max_iter": [0, -5, 10.0, np.inf, "10", None, True],
    "shuffle": [0, 1, "yes", None],
    "random_state": [-1, 2**32, 1.0, "seed", True, np.random.default_rng(0)],
    "tol": [-1e-9, np.inf, np.nan, "0", None],
    "verbose": [-1, 0.5, "yes", None],
    "warm_start": [0, 1, "yes", None],
    "momentum": [-0.1, 1.1, np.nan, "0.9", None],
    "nesterovs_momentum": [0, 1, "yes", None],
    "early_stopping": [0, 1, "yes", None],
    "validation_fraction": [-0.1, 1, 1.0, np.nan, "0.1", None],
    "beta_1": [-0.1, 1, np.nan, "0.9", None],
    "beta_2": [-0.1, 1, np.nan, "0.9", None],
    "epsilon": [0, -1e-8, np.inf, np.nan, "1e-8", None],
    "n_iter_no_change": [0, -1, 2.5, -np.inf, np.nan, "10", None],
    "max_fun": [0, -1, 100.0, np.inf, "10", None],
    "dropout": [-0.1, 1, np.nan, "0.5", None, (0.5,)],
    "dtype": ["float16", "int", np.int64, "single precision", 32, {}, [np.float32]],
    "class_weight": ["auto", 1, (1, 2), {0: -1}, {0: "1"}, {0: np.nan}, [{0: -1}, 2]],
}


def shown(value):
    """Return a text for the test's id, without the address of an object."""
    return re.sub(" at 0x[0-9A-Fa-f]+", "", repr(value))


CASES = [
    pytest.param(cls, name, value, id=f"{cls.__name__}-{name}-{shown(value)}")
    for cls in (MLPClassifier, MLPRegressor)
    for name, values in BAD.items()
    for value in values
    if name in cls().get_params()
]


def test_every_parameter_has_bad_values():
    names = {*MLPClassifier().get_params(), *MLPRegressor().get_params()}
    assert set(BAD) == names


@pytest.mark.parametrize(("cls", "name", "value"), CASES)
def test_a_bad_value_is_named_with_its_parameter_and_rule(cls, name, value, rng):
    X, y = make_rows(rng)
    is_array = isinstance(value, np.ndarray) and value.ndim
    got = "ndarray of shape" if is_array else re.escape(repr(value))
    message = rf"`{name}` of {cls.__name__} must be .+; got {got}"
    with pytest.raises(ValueError, match=message):
        cls(**{name: value}).fit(X, y)


@pytest.mark.parametrize("name", BAD)
def test_partial_fit_checks_parameters_too(name, rng):
    X, y = make_rows(rng)
    cls = MLPRegressor if name == "loss" else MLPClassifier
    known = {} if name == "loss" else {"classes": [0, 1, 2]}
    with pytest.raises(ValueError, match=f"`{name}` of {cls.__name__} must be"):
        cls(**{name: BAD[name][0]}).partial_fit(X, y, **known)


@both
def test_a_bad_value_is_a_type_error_as_well(cls, rng):
    # scikit-learn's InvalidParameterError is both
    X, y = make_rows(rng)
    with pytest.raises(TypeError, match="`alpha`"):
        cls(alpha="much").fit(X, y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": Adam(beta_1=1)}, r"`beta_1` of Adam must be a number in \[0, 1\)"),
        ({"solver": SGD(momentum=2)}, r"`momentum` of SGD must be"),
        ({"learning_rate": Adaptive(factor=0)}, r"`factor` of Adaptive must be"),
    ],
)
@both
def test_a_bad_value_of_an_object_is_named(cls, options, message, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=message):
        cls(**options).fit(X, y)


@pytest.mark.parametrize("sizes", [(100,), [50, 20], (), 30, np.int64(30)])
def test_hidden_layers_in_the_place_of_the_loss_are_explained(sizes, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"MLPRegressor\(hidden_layer_sizes="):
        MLPRegressor(sizes).fit(X, y)


def test_a_classifier_takes_hidden_layers_first(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier((7,), tol=0.5, random_state=0).fit(X, y)
    assert mlp.coefs_[0].shape == (4, 7)


@both
def test_the_constructor_takes_anything(cls):
    mlp = cls(**{name: "nonsense" for name in cls().get_params()})
    assert set(mlp.get_params().values()) == {"nonsense"}
