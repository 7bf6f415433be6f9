"""What the fitted MLPs predict, and how."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from mlps import both, make_rows
from scipy.special import log_softmax
from sklearn.exceptions import NotFittedError

from sklearn_nn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"hidden_layer_sizes": (9,), "max_iter": 10, "random_state": 0}


@both
def test_threads_may_share_an_estimator(cls, rng):
    X, y = make_rows(rng, 6000)
    mlp = cls(**OPTIONS).fit(X[:100], y[:100])
    parts = [X[i : i + 1500] for i in range(0, 4500, 97)]
    expected = [mlp.predict(part) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        actual = list(pool.map(mlp.predict, parts))
    for got, want in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(got, want)


@both
def test_many_rows_are_predicted_as_few_are(cls, rng):
    X, y = make_rows(rng, 10_000)  # more than two chunks
    mlp = cls(**OPTIONS).fit(X[:100], y[:100])
    parts = [mlp.predict(X[i : i + 500]) for i in range(0, 10_000, 500)]
    np.testing.assert_allclose(mlp.predict(X), np.concatenate(parts), rtol=1e-12)


@both
def test_a_prediction_is_not_overwritten_by_the_next(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y)
    first = mlp.predict(X)
    copied = first.copy()
    mlp.predict(rng.standard_normal((60, 4)))
    np.testing.assert_array_equal(first, copied)


@pytest.mark.parametrize("k", [2, 3])
def test_probabilities_of_classes_sum_to_one(k, rng):
    X, y = make_rows(rng)
    proba = MLPClassifier(**OPTIONS).fit(X, y % k).predict_proba(X)
    assert proba.shape == (60, k)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


@pytest.mark.parametrize("k", [2, 3])
def test_the_most_probable_class_is_predicted(k, rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(**OPTIONS).fit(X, y % k)
    most = mlp.predict_proba(X).argmax(axis=1)
    np.testing.assert_array_equal(mlp.predict(X), mlp.classes_[most])


def test_labels_of_more_than_one_half_are_predicted(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(**OPTIONS).fit(X, np.eye(3, dtype=int)[y])
    expected = (mlp.predict_proba(X) > 0.5).astype(int)
    np.testing.assert_array_equal(mlp.predict(X), expected)


@pytest.mark.parametrize("kind", ["two", "three", "labels"])
def test_logarithms_are_those_of_the_probabilities(kind, rng):
    X, y = make_rows(rng)
    target = {"two": y > 0, "three": y, "labels": np.eye(3, dtype=int)[y]}[kind]
    mlp = MLPClassifier(**OPTIONS).fit(X, target)
    expected = np.log(mlp.predict_proba(X))
    np.testing.assert_allclose(mlp.predict_log_proba(X), expected, rtol=1e-10)


def test_logarithms_of_vanishing_probabilities_are_finite(rng):
    # scikit-learn: minus infinity and a warning
    X, y = make_rows(rng)
    mlp = MLPClassifier((), max_iter=1, random_state=0).fit(X, y)
    far = 1e5 * X
    raw = far @ mlp.coefs_[0] + mlp.intercepts_[0]
    expected = log_softmax(raw, axis=1)
    np.testing.assert_allclose(mlp.predict_log_proba(far), expected, atol=1e-9)


def test_a_single_class_has_logarithms_of_zero(rng):
    X = rng.standard_normal((20, 3))
    mlp = MLPClassifier(**OPTIONS).fit(X, np.ones(20, int))
    np.testing.assert_array_equal(mlp.predict_log_proba(X), np.zeros((20, 1)))


def test_a_poisson_network_predicts_positive_means(rng):
    X, y = make_rows(rng)
    mlp = MLPRegressor("poisson", **OPTIONS).fit(X, y)
    assert (mlp.predict(X) > 0).all()


@pytest.mark.parametrize(
    ("target", "expected"),
    [("two", "logistic"), ("three", "softmax"), ("labels", "logistic")],
)
def test_the_output_activation_of_a_classifier_is_named(target, expected, rng):
    X, y = make_rows(rng)
    target = {"two": y > 0, "three": y, "labels": np.eye(3, dtype=int)[y]}[target]
    assert MLPClassifier(**OPTIONS).fit(X, target).out_activation_ == expected


@pytest.mark.parametrize(
    ("loss", "expected"), [("squared_error", "identity"), ("poisson", "exp")]
)
def test_the_output_activation_of_a_regressor_is_named(loss, expected, rng):
    assert (
        MLPRegressor(loss, **OPTIONS).fit(*make_rows(rng)).out_activation_ == expected
    )


@both
def test_an_unfitted_estimator_cannot_predict(cls, rng):
    with pytest.raises(NotFittedError, match=f"This {cls.__name__} instance is not"):
        cls().predict(rng.standard_normal((3, 4)))


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_an_unfitted_classifier_has_no_probabilities(method, rng):
    with pytest.raises(NotFittedError, match="This MLPClassifier instance is not"):
        getattr(MLPClassifier(), method)(rng.standard_normal((3, 4)))


@both
def test_dropout_is_off_in_predictions(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(dropout=0.5, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(mlp.predict(X), mlp.predict(X))
