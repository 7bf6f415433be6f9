"""What is wrong with a network is said with its place and the way out."""

import re

import numpy as np
import pytest
from networks import MANIFOLD, assert_unchanged_by, both, make_rows

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    BatchNorm,
    Chain,
    Dense,
    Dropout,
    Function,
    Graph,
    Output,
    Parallel,
    Residual,
    Tied,
    chain,
    parallel,
)
from sklearn_nn.core import Schedule
from sklearn_nn.losses import SoftmaxCrossEntropy
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Adaptive

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"max_iter": 3, "random_state": 0}

BAD = {
    "network": [
        Dense,
        "Dense",
        [Dense(3)],
        (("a", Dense(3)),),
        5,
        {},
        Tied("a"),
        np.tanh,
    ],
    "optimizer": ["newton", None, 0.1, Adam, ["adam"], Adaptive()],
    "schedule": ["cosine", None, 0.1, Adaptive, Adam()],
    "learning_rate": [0, -1.0, np.inf, np.nan, "constant", None, True],
    "loss": ["quantile", None, 0, SoftmaxCrossEntropy()],
    "alpha": [-1e-9, np.inf, "1", None],
    "batch_size": [0, 10.0, "all"],
    "max_iter": [0, 10.0],
    "class_weight": ["auto", {0: -1}],
    "dtype": ["float16", int],
}
CASES = [
    pytest.param(cls, name, value, id=f"{cls.__name__}-{name}-{value!r}")
    for cls in (NetworkClassifier, NetworkRegressor)
    for name, values in BAD.items()
    for value in values
    if name in cls().get_params()
]


@pytest.mark.parametrize(("cls", "name", "value"), CASES)
def test_a_bad_value_is_named_with_its_parameter_and_rule(cls, name, value, rng):
    X, y = make_rows(rng)
    message = (
        rf"(?s)`{name}` of {cls.__name__} must be .+; got {re.escape(repr(value))}"
    )
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            getattr(cls(**{name: value}), method)(X, y)


@both
def test_a_list_of_blocks_is_told_how_to_become_a_network(cls, rng):
    message = (
        r"`network` of .* must be None or a block .* such as chain\(\.\.\.\); got \["
    )
    with pytest.raises(ValueError, match=message):
        cls([Dense(3), Dense(4)]).fit(*make_rows(rng))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"optimizer": Adam(beta_1=1)},
            r"`beta_1` of Adam must be a number in \[0, 1\)",
        ),
        ({"optimizer": SGD(momentum=2)}, r"`momentum` of SGD must be"),
        ({"schedule": Adaptive(factor=0)}, r"`factor` of Adaptive must be"),
        ({"network": Dense(0)}, r"`units` of Dense must be an integer .* got 0"),
    ],
)
@both
def test_a_bad_value_of_an_object_is_named(cls, options, message, rng):
    with pytest.raises(ValueError, match=message):
        cls(**options).fit(*make_rows(rng))


# (?s): the path is in the notes that composites add on the way out
BAD_NETWORKS = {
    "a deep value": (
        chain(Dense(4), Residual(chain(Dense(4), Dense(-1)))),
        r"`units` of Dense .*got -1.*In block 'dense2' of a Chain.*"
        r"In block 'block' of a Residual.*In block 'residual' of a Chain",
    ),
    "no names": (
        Chain([Dense(3)]),
        r"`blocks` of Chain must be a list of \(name, block",
    ),
    "no list": (
        Chain(Dense(3)),
        r"`blocks` of Chain must be a list of \(name, block\)",
    ),
    "no blocks": (
        chain(Dense(3), "dropout"),
        r"Block 'dropout' of Chain must be a block",
    ),
    "no blocks inside": (
        chain(chain(3)),
        r"(?s)must be a block.*In block 'chain' of a",
    ),
    "no branch": (
        Parallel([("a", "drop")]),
        r"`blocks` of Parallel must hold a branch",
    ),
    "no node": (Graph(), r"`nodes` of Graph must hold a node; got none"),
    "a circle": (
        Graph([("a", Dense(2), ["input", "b"]), ("b", Dense(2), "a")]),
        r"must not read each other in a circle; 'a' reads 'b' reads 'a'",
    ),
    "an unknown source": (
        Graph([("a", Dense(2), "x")]),
        r"Node 'a' of Graph must read inputs or nodes, .*got 'x'",
    ),
    "an unknown home": (
        Chain([("a", Dense(2)), ("b", Tied("c"))]),
        r"block 'b' of Chain is tied to must be one of 'a', .*got 'c'",
    ),
    "shapes that do not add up": (
        chain(parallel(Dense(2), Dense(3), merge="add")),
        r"must get rows of one shape .*\(2,\).*\(3,\).*In block 'parallel' of a Chain",
    ),
    "a shortcut that does not fit": (
        Residual(Dense(3), projection=None),
        r"must keep the shape \(4,\) if `projection` is None; it returns \(3,\)",
    ),
    "an output too early": (
        chain(Output(), Dense(5)),
        r"`network` of .* must return rows of shape \(1,\), one number per output; it "
        r"returns rows of shape \(5,\)",
    ),
}


@pytest.mark.parametrize("case", BAD_NETWORKS)
@both
def test_a_malformed_network_says_what_is_wrong_and_where(cls, case, rng):
    X, y = make_rows(rng)
    network, message = BAD_NETWORKS[case]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        cls(network, **OPTIONS).fit(X, y > 0)


@both
def test_an_unknown_part_is_told_by_scikit_learn(cls):
    with pytest.raises(
        ValueError, match="Invalid parameter 'hiden' for estimator Chain"
    ):
        cls(Chain([("hidden", Dense(3))])).set_params(network__hiden__units=3)


@pytest.mark.parametrize(
    "network",
    [
        chain(Dense(3), Dropout(0.5)),
        Dropout(1e-9),
        BatchNorm(),
        chain(Dense(5), Residual(chain(Dense(5), BatchNorm()))),
    ],
    ids=["dropout", "hardly any", "batch norm", "deep inside"],
)
@both
def test_lbfgs_refuses_noise_and_statistics_of_batches(cls, network, rng):
    _, y = make_rows(rng)
    X = np.zeros((60, 3))  # where noise and statistics do not show
    message = r"must have no noise and no statistics .*'lbfgs'.*Leave out Dropout and"
    with pytest.raises(ValueError, match=message):
        cls(network, optimizer="lbfgs").fit(X, y)


@both
def test_lbfgs_takes_dropout_that_drops_nothing(cls, rng):
    X, y = make_rows(rng)
    model = cls(chain(Dense(4, "tanh"), Dropout(0.0)), optimizer="lbfgs", max_iter=5)
    assert model.fit(X, y).n_iter_ == 5


class Breaks(Schedule):
    """A constant rate with a bug that shows when training has come so far."""

    def __init__(self, at=0.0):
        self.at = at

    def __call__(self, clock, /):
        if clock.progress >= self.at:
            raise RuntimeError("a bug")
        return 1.0


def buggy(x):
    raise RuntimeError("a bug")


FAILURES = {
    "a bad parameter": {"alpha": -1},
    "a bad network": {"network": chain(Dense(3), Dense(-3))},
    "another network": {"network": Dense(4), "optimizer": "newton"},
    "a bug in a later batch": {"schedule": Breaks(0.1)},
    "a bug late in training": {"schedule": Breaks(0.7)},
    "a bug in a block": {"network": chain(Dense(3), Function(buggy, buggy))},
    "divergence": {"optimizer": "sgd", "learning_rate": 1e200},
    "steps": {"network": Dense(3, "step")},
    "noise": {"optimizer": "lbfgs"},
}
BEGINNINGS = {
    "unfitted": lambda model, X, y: model,
    "fitted": lambda model, X, y: model.fit(X, y),
    "warm": lambda model, X, y: model.set_params(warm_start=True).fit(X, y),
    "in parts": lambda model, X, y: model.fit(X, y).partial_fit(X, y),
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("begin", BEGINNINGS)
@pytest.mark.parametrize("failure", FAILURES)
@both
def test_a_failure_changes_nothing(cls, failure, begin, method, rng):
    X, y = make_rows(rng)
    model = BEGINNINGS[begin](cls(MANIFOLD, **OPTIONS), X, y)
    model.set_params(batch_size=7, **FAILURES[failure])
    known = {"classes": [0, 1, 2]} if cls is NetworkClassifier else {}
    if (failure, method) == ("noise", "partial_fit"):
        return  # it does not exist for L-BFGS
    assert_unchanged_by(model, method, 1e3 * X, y, **known if method != "fit" else {})


@pytest.mark.parametrize(
    "given", [{"X": np.ones((60, 4)) * np.nan}, {"X_val": 0, "y_val": 0}]
)
@both
def test_bad_data_change_nothing(cls, given, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    assert_unchanged_by(model, "fit", **{"X": X, "y": y} | given)


@both
def test_an_initialization_that_fails_changes_nothing(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    assert_unchanged_by(
        model, "initialize", 0, [0, 1] if hasattr(model, "classes_") else 1
    )


@both
def test_divergence_is_an_error_that_names_the_rate(cls, rng):
    X, y = make_rows(rng)
    model = cls(Dense(4), optimizer="sgd", learning_rate=1e200, random_state=0)
    with pytest.raises(
        ValueError, match=r"loss became (nan|inf) in epoch \d+\. Lower `learning_rate`"
    ):
        model.fit(1e100 * X, y)


@both
def test_partial_fit_goes_by_batches(cls):
    assert not hasattr(cls(optimizer="lbfgs"), "partial_fit")
    assert hasattr(cls(optimizer=SGD()), "partial_fit")
