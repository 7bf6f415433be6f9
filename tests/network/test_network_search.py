"""Networks in grid searches and pipelines: every part is a parameter."""

import numpy as np
import pytest
from networks import both, make_rows, make_sequences, parameters, raw
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_nn import NetworkClassifier
from sklearn_nn.blocks import LSTM, Chain, Dense, Dropout, Output, Residual, chain
from sklearn_nn.optimizers import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"max_iter": 5, "random_state": 0}


def searchable():
    return Chain(
        [("hidden", Dense(4, "relu")), ("body", Dense(6)), ("output", Output())]
    )


def search(model, grid, rng):
    """Return what a search over the grid tried: networks that were fitted, by score."""
    X, y = make_rows(rng)
    return GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)


@pytest.mark.parametrize(
    ("grid", "n"),
    [
        ({"network__hidden__units": [3, 7]}, 2),
        ({"network__hidden__activation": ["relu", "tanh"], "alpha": [0, 1]}, 4),
        ({"network__body": [Dense(64), Residual(Dense(4)), "passthrough"]}, 3),
        ({"network": [None, Dense(3), searchable()]}, 3),
        ({"optimizer": [SGD(0.5)], "optimizer__momentum": [0.0, 0.9]}, 2),
        ({"optimizer": ["adam", "lbfgs", Adam(0.5)]}, 3),
    ],
    ids=lambda value: value if isinstance(value, int) else "-".join(value),
)
@both
def test_a_grid_search_goes_over(cls, grid, n, rng):
    found = search(cls(searchable(), **OPTIONS), grid, rng)
    assert len(found.cv_results_["params"]) == n
    best = cls(searchable(), **OPTIONS)
    best.set_params(**clone(found.best_params_, safe=False)).fit(*make_rows(rng))
    assert found.best_estimator_.summary().rows == best.summary().rows


def test_a_search_finds_the_width_it_was_to_find(rng):
    X = rng.standard_normal((200, 2))
    y = X[:, 0] * X[:, 1] > 0  # one unit of this kind cannot tell
    net = NetworkClassifier(
        chain(Dense(1, "tanh")), optimizer="lbfgs", random_state=0, max_iter=100
    )
    found = GridSearchCV(net, {"network__dense__units": [1, 8]}, cv=2).fit(X, y)
    assert found.best_params_ == {"network__dense__units": 8}
    assert net.network.blocks[0][1].units == 1


def test_a_search_goes_through_a_pipeline_on_sequences(rng):
    X, y = make_sequences(rng)
    model = Pipeline([("net", NetworkClassifier(chain(LSTM(4)), **OPTIONS))])
    grid = {"net__network__lstm__units": [2, 3]}
    found = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)
    assert found.predict(X).shape == (60,)


def test_a_network_stands_at_the_end_of_a_pipeline(rng):
    X, y = make_rows(rng)
    net = NetworkClassifier(searchable(), learning_rate=0.05, random_state=0)
    model = make_pipeline(StandardScaler(), net)
    model.set_params(networkclassifier__network__hidden__units=16)
    assert model.fit(100 * X + 5, y).score(100 * X + 5, y) > 0.9
    assert model[-1].get_weights()["hidden/W"].shape == (4, 16)


@both
def test_networks_are_cross_validated_on_several_processes(cls, rng):
    X, y = make_rows(rng)
    model = cls(chain(Dense(4, "tanh"), Dropout(0.1)), **OPTIONS)
    alone, many = (cross_val_score(model, X, y, cv=2, n_jobs=n) for n in (None, 2))
    np.testing.assert_array_equal(many, alone)


@both
def test_what_is_set_after_the_fit_counts_in_the_next_fit_only(cls, rng):
    X, y = make_rows(rng)
    model = cls(searchable(), **OPTIONS).fit(X, y)
    expected = raw(cls(searchable(), **OPTIONS).fit(X, y), X)
    model.set_params(network__hidden__activation="tanh", network__body__units=9)
    np.testing.assert_array_equal(raw(model, X), expected)
    assert model.get_weights()["body/W"].shape == (4, 6)
    assert model.fit(X, y).get_weights()["body/W"].shape == (4, 9)


@both
def test_layers_that_changed_cannot_go_on(cls, rng):
    X, y = make_rows(rng)
    model = cls(searchable(), warm_start=True, **OPTIONS).fit(X, y)
    before = parameters(model)
    model.set_params(network__hidden__units=5)
    with pytest.raises(ValueError, match="only go on with the layers it began with"):
        model.fit(X, y)
    np.testing.assert_array_equal(parameters(model), before)


@both
def test_layers_in_another_order_cannot_go_on(cls, rng):
    X, y = make_rows(rng)
    parts = [("a", Dense(4)), ("b", Dense(4))]
    model = cls(Chain(parts), warm_start=True, **OPTIONS).fit(X, y)
    with pytest.raises(ValueError, match="only go on with the layers it began with"):
        model.set_params(network__blocks=parts[::-1]).fit(X, y)


@both
def test_an_activation_may_change_in_training_that_goes_on(cls, rng):
    X, y = make_rows(rng)
    model = cls(searchable(), warm_start=True, **OPTIONS).fit(X, y)
    start = parameters(model)
    model.set_params(network__hidden__activation="tanh", learning_rate=1e-30)
    before = raw(model, X)
    np.testing.assert_array_equal(parameters(model.fit(X, y)), start)
    assert not np.allclose(raw(model, X), before)


@both
def test_thinned_out_connections_stay_so_when_an_activation_changes(cls, rng):
    X, y = make_rows(rng)
    net = Chain([("thin", Dense(9, "relu", mask=0.3))])
    model = cls(net, warm_start=True, **OPTIONS).fit(X, y)
    zero = model.get_weights()["thin/W"] == 0
    assert zero.sum() == 25
    model.set_params(network__thin__activation="tanh").fit(X, y)
    np.testing.assert_array_equal(model.get_weights()["thin/W"] == 0, zero)


@both
def test_the_network_is_in_the_repr(cls):
    model = cls(chain(Dense(7, "relu"), Residual(Dense(7))), optimizer=SGD(0.5))
    words = repr(model)
    for word in ("Chain(", "Dense(", "units=7", "Residual(", "SGD(momentum=0.5)"):
        assert word in words
    assert repr(cls()) == f"{cls.__name__}()"
