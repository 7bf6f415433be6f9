"""Searches, pipelines and parameters of the estimators for tables."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # it enables
from sklearn.inspection import permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tabulars import SMALL, both, learner, make_frame, make_rows, outputs, small

from sklearn_nn import TabularClassifier, TabularRegressor


def halve(X):
    """Return a table of fewer columns."""
    return X[["size", "flag"]]


@both
def test_parameters_are_those_of_the_constructor(cls):
    model = cls("fast", n_bags=3)
    assert model.get_params()["preset"] == "fast"
    assert model.set_params(n_bags=2).n_bags == 2


@both
def test_the_preset_is_the_only_positional_parameter(cls):
    with pytest.raises(TypeError, match="positional"):
        cls("fast", "from_dtype")


@both
def test_a_representation_shows_what_differs_from_the_default(cls):
    assert repr(cls("fast", n_bags=3)) == f"{cls.__name__}(n_bags=3, preset='fast')"


@both
def test_a_fit_leaves_the_parameters_alone(cls, rng):
    model = small(cls)
    before = clone(model).get_params()
    assert model.fit(*make_rows(rng)).get_params() == before


@both
def test_scores_are_cross_validated(cls, rng):
    X = rng.standard_normal((300, 2))
    y = (X[:, 0] > 0).astype(int)
    assert cross_val_score(learner(cls), X, y, cv=2).min() > 0.6


@both
def test_predictions_are_cross_validated(cls, rng):
    X, y = make_rows(rng)
    assert cross_val_predict(small(cls), X, y, cv=2).shape == (80,)


@both
def test_a_grid_search_finds_what_can_learn(cls, rng):
    X, y = make_rows(rng, 200)
    grid = {"learning_rate": [1e-9, 0.04]}
    search = GridSearchCV(learner(cls), grid, cv=2).fit(X, y)
    assert search.best_params_ == {"learning_rate": 0.04}


@both
def test_halving_spends_epochs(cls, rng):
    X, y = make_rows(rng)
    options = {name: value for name, value in SMALL.items() if name != "max_epochs"}
    search = HalvingRandomSearchCV(
        cls(**options),
        {"dropout": [0.0, 0.1, 0.2, 0.3], "weight_decay": [0.0, 0.1]},
        resource="max_epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [2, 4, 8]
    assert search.best_estimator_.n_iter_ == 8


@both
def test_a_pipeline_hands_on_a_frame(cls, rng):
    X, y = make_frame(rng, 400)
    model = make_pipeline(FunctionTransformer(halve), learner(cls)).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model[-1].feature_names_in_.tolist() == ["size", "flag"]


def test_a_target_may_be_transformed(rng):
    X = rng.standard_normal((300, 2))
    y = np.exp(X[:, 0])
    model = TransformedTargetRegressor(
        learner(TabularRegressor), func=np.log, inverse_func=np.exp
    )
    assert model.fit(X, y).score(X, y) > 0.8


@both
def test_importances_by_permutation_take_a_frame(cls, rng):
    X, y = make_frame(rng, 300)
    model = learner(cls).fit(X, y)
    means = permutation_importance(model, X, y, n_repeats=2).importances_mean
    assert set(X.columns[np.argsort(means)[-2:]]) == {"size", "flag"}


@both
def test_a_frame_may_come_out_of_a_grid_search(cls, rng):
    X, y = make_frame(rng)
    search = GridSearchCV(small(cls), {"n_bags": [1, 2]}, cv=2).fit(X, pd.Series(y))
    assert np.isfinite(outputs(search.best_estimator_, X)).all()


@both
def test_parameters_may_be_numbers_of_numpy(cls, rng):
    X, y = make_rows(rng)
    own = {k: np.int64(v) for k, v in SMALL.items() if isinstance(v, int)}
    own |= {"dropout": np.float32(0.0), "hidden_layer_sizes": np.array([8])}
    model = small(cls, **own).fit(X, y)
    assert_array_equal(outputs(model, X), outputs(small(cls, dropout=0.0).fit(X, y), X))


BAD = [
    ("preset", "slow", "'default'"),
    ("n_bags", 0, "an integer in [1, 10000]"),
    ("n_members", 2**31, "an integer in [1, 10000]"),
    ("max_epochs", 0, "an integer in [1, inf)"),
    ("hidden_layer_sizes", 100, "a list of positive integers"),
    ("hidden_layer_sizes", [10, 0], "a list of positive integers"),
    ("embedding", "plr", "'pbld'"),
    ("activation", 3, "a name or object as of `Dense`"),
    ("share_weights", 1, "True or False"),
    ("dropout", 1.0, "a number in [0, 1)"),
    ("weight_decay", -1, "a number in [0, inf)"),
    ("learning_rate", 0, "a number in (0, inf)"),
    ("cycles", 10**30, "an integer in [1, 60]"),
    ("batch_size", 0, "an integer in [1, inf)"),
    ("n_iter_no_change", 0, "an integer in [1, inf)"),
    ("validation_fraction", 1, "a number in [0, 1)"),
    ("scoring", 3, "a scorer"),
    ("max_time", 0, "a number in (0, inf)"),
    ("n_jobs", 0, "an integer other than 0"),
    ("random_state", "a", "random_state"),
    ("verbose", -1, "an integer in [0, inf)"),
]


@pytest.mark.parametrize(("name", "value", "rule"), BAD)
@both
def test_a_bad_parameter_is_refused_by_name(cls, name, value, rule, rng):
    model = small(cls, **{name: value})
    with pytest.raises(ValueError, match=f"`{name}` of {cls.__name__} must be") as e:
        model.fit(*make_rows(rng))
    assert rule in str(e.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("class_weight", "even"), ("label_smoothing", 1.0), ("calibrate", "yes")],
)
def test_a_bad_parameter_of_the_classifier_is_refused(name, value, rng):
    model = small(TabularClassifier, **{name: value})
    message = f"`{name}` of TabularClassifier must be"
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(*make_rows(rng))


@both
def test_an_unknown_activation_is_refused(cls, rng):
    with pytest.raises(ValueError, match="'sinus'"):
        small(cls, activation="sinus").fit(*make_rows(rng))


@pytest.mark.parametrize("columns", [["colour"], [9], [True, False]])
@both
def test_unknown_categorical_columns_are_refused(cls, columns, rng):
    X, y = make_frame(rng)
    with pytest.raises(ValueError, match="`categorical_features` must"):
        small(cls, categorical_features=columns).fit(X, y)
