"""Weights of rows and of classes."""

import numpy as np
import pytest
from mlps import both, make_rows, parameters
from scipy.sparse import csr_array
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_nn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])

OPTIONS = {"hidden_layer_sizes": (9,), "max_iter": 20, "random_state": 0}
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def labels_of(y):
    return np.column_stack([y == 1, y > 0]).astype(int)


@every_solver
@both
def test_a_whole_weight_repeats_a_row(cls, solver, rng):
    X, y = make_rows(rng)
    w = rng.integers(0, 4, 60)
    weighted = cls(solver=solver, **OPTIONS).fit(X, y, w)
    repeated = cls(solver=solver, **OPTIONS).fit(X.repeat(w, 0), y.repeat(w))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), **CLOSE)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_whole_weight_repeats_a_row_of_several_outputs(loss, rng):
    X, w = rng.standard_normal((60, 4)), rng.integers(0, 4, 60)
    Y = rng.uniform(0, 3, (60, 2))
    weighted = MLPRegressor(loss, **OPTIONS).fit(X, Y, w)
    repeated = MLPRegressor(loss, **OPTIONS).fit(X.repeat(w, 0), Y.repeat(w, 0))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), **CLOSE)


def test_a_whole_weight_repeats_a_row_of_labels(rng):
    X, y = make_rows(rng)
    w, Y = rng.integers(0, 4, 60), labels_of(y)
    weighted = MLPClassifier(**OPTIONS).fit(X, Y, w)
    repeated = MLPClassifier(**OPTIONS).fit(X.repeat(w, 0), Y.repeat(w, 0))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), **CLOSE)


@every_solver
@both
def test_equal_weights_are_no_weights(cls, solver, rng):
    X, y = make_rows(rng)
    weighted = cls(solver=solver, batch_size=16, **OPTIONS)
    weighted.set_params(alpha=0).fit(X, y, np.full(60, 0.125))
    plain = cls(solver=solver, batch_size=16, alpha=0, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(parameters(weighted), parameters(plain))


@every_solver
@pytest.mark.parametrize("sparse", [False, True])
@both
def test_rows_of_zero_weight_change_nothing(cls, solver, sparse, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0.1, 2, 60)
    more_X = np.concatenate([X, 1e3 * rng.standard_normal((9, 4))])
    more_y, more_w = np.concatenate([y, np.ones(9)]), np.concatenate([w, np.zeros(9)])
    form = csr_array if sparse else np.asarray
    options = {"solver": solver, "batch_size": 16, "shuffle": False, **OPTIONS}
    fewer = cls(**options).fit(form(X), y, w)
    more = cls(**options).fit(form(more_X), more_y, more_w)
    np.testing.assert_array_equal(parameters(more), parameters(fewer))


@both
def test_rows_of_zero_weight_are_not_counted(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y, np.arange(60) % 2)
    assert mlp.t_ == 20 * 30


@both
def test_partial_fit_takes_weights(cls, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0, 2, 60)
    known = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    options = {**OPTIONS, "max_iter": 1}
    part = cls(**options).partial_fit(X, y, sample_weight=w, **known)
    whole = cls(**options).fit(X, y, w)
    np.testing.assert_array_equal(parameters(part), parameters(whole))


@both
def test_weights_may_be_a_list_of_integers(cls, rng):
    X, y = make_rows(rng)
    a = cls(**OPTIONS).fit(X, y, [1, 2] * 30)
    b = cls(**OPTIONS).fit(X, y, np.array([1.0, 2.0] * 30))
    np.testing.assert_array_equal(parameters(a), parameters(b))


@every_solver
def test_class_weights_are_sample_weights(solver, rng):
    X, y = make_rows(rng)
    by_class = MLPClassifier(class_weight={0: 2, 2: 0.5}, solver=solver, **OPTIONS)
    by_row = MLPClassifier(solver=solver, **OPTIONS)
    by_row.fit(X, y, np.array([2, 1, 0.5])[y])
    actual, expected = parameters(by_class.fit(X, y)), parameters(by_row)
    np.testing.assert_array_equal(actual, expected)


def test_class_weights_multiply_sample_weights(rng):
    X, y = make_rows(rng)
    w = rng.uniform(0.1, 2, 60)
    by_class = MLPClassifier(class_weight={"b": 4}, **OPTIONS)
    by_class.fit(X, np.array(list("abc"))[y], w)
    by_row = MLPClassifier(**OPTIONS).fit(X, y, w * np.array([1, 4, 1])[y])
    np.testing.assert_array_equal(parameters(by_class), parameters(by_row))


def test_balanced_weights_are_those_of_scikit_learn(rng):
    X, y = make_rows(rng)
    balanced = MLPClassifier(class_weight="balanced", **OPTIONS).fit(X, y)
    w = compute_sample_weight("balanced", y)
    by_row = MLPClassifier(**OPTIONS).fit(X, y, w)
    np.testing.assert_allclose(parameters(balanced), parameters(by_row), **CLOSE)


def test_balanced_classes_stay_balanced_when_rows_are_repeated(rng):
    X, y = make_rows(rng)
    w = rng.integers(1, 4, 60)
    balanced = MLPClassifier(class_weight="balanced", **OPTIONS)
    actual = parameters(balanced.fit(X, y, w))
    expected = parameters(balanced.fit(X.repeat(w, 0), y.repeat(w)))
    np.testing.assert_allclose(actual, expected, **CLOSE)


@pytest.mark.parametrize("kind", [np.asarray, csr_array])
@pytest.mark.parametrize("weights", ["balanced", [{1: 3}, {0: 0.5, 1: 2}]])
def test_weights_of_labels_multiply(weights, kind, rng):
    X, y = make_rows(rng)
    Y = labels_of(y)
    by_label = MLPClassifier(class_weight=weights, **OPTIONS).fit(X, kind(Y))
    if weights == "balanced":
        w = compute_sample_weight("balanced", Y)
    else:
        w = np.array([1, 3])[Y[:, 0]] * np.array([0.5, 2])[Y[:, 1]]
    by_row = MLPClassifier(**OPTIONS).fit(X, Y, w)
    np.testing.assert_allclose(parameters(by_label), parameters(by_row), **CLOSE)


def test_class_weights_work_in_partial_fits_that_lack_a_class(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(class_weight={1: 2.0, 2: 0.5}, **OPTIONS)
    for c in (0, 1, 2):
        mlp.partial_fit(X[y == c], y[y == c], classes=[0, 1, 2])
    assert mlp.t_ == 60


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({3: 1.0}, r"must have keys among the classes \[0, 1, 2\]; got \[3\]"),
        ({0: 0, 1: 0, 2: 0}, "must leave some row of `y` a positive weight"),
        ([{0: 1}], "must be a dict where `y` has one class a row"),
    ],
)
def test_impossible_class_weights_are_refused(weights, message, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=f"`class_weight`.*{message}"):
        MLPClassifier(class_weight=weights, **OPTIONS).fit(X, y)


@pytest.mark.parametrize("weights", [{0: 1}, [{0: 1}]])
def test_weights_of_labels_must_be_one_dict_per_label(weights, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"'balanced' or a list of 2 dicts"):
        MLPClassifier(class_weight=weights, **OPTIONS).fit(X, labels_of(y))


def test_partial_fit_cannot_balance(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(class_weight="balanced", **OPTIONS)
    with pytest.raises(ValueError, match="'balanced' is not possible in partial_fit"):
        mlp.partial_fit(X, y, classes=[0, 1, 2])
