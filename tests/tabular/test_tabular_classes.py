"""Classes, their probabilities and their weights in TabularClassifier."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss
from tabulars import learner, make_rows, outputs, small, with_base_rates

from sklearn_nn import TabularClassifier
from sklearn_nn.tabular._targets import TableClasses, fit_temperature

LABELS = {
    "integers": [3, -1, 7],
    "strings": ["no", "maybe", "yes"],
    "bools": [False, True],
    "floats": [0.0, 1.0, 2.0],
}


@pytest.fixture
def rows(rng):
    """Return X (300, 4) and the place of the largest of three columns."""
    X = rng.standard_normal((300, 4))
    return X, X[:, :3].argmax(axis=1)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_of_any_kind_are_learned(labels, rows):
    X, codes = rows
    y = np.array(labels)[codes % len(labels)]
    model = learner(TabularClassifier).fit(X, y)
    assert_array_equal(model.classes_, np.unique(labels))
    assert model.score(X, y) > 0.85


def test_labels_may_be_a_column_of_a_frame(rows):
    X, codes = rows
    y = pd.Series(np.array(["no", "maybe", "yes"])[codes], dtype="category")
    model = learner(TabularClassifier).fit(X, y)
    assert model.score(X, y) > 0.85


def test_the_labels_do_not_matter_to_the_probabilities(rows):
    X, y = rows
    words = np.array(["a", "b", "c"])[y]
    model = small(TabularClassifier)
    assert_array_equal(
        outputs(model.fit(X, y), X), outputs(small(TabularClassifier).fit(X, words), X)
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_sum_to_one_in_float64(n_classes, rows):
    X, codes = rows
    p = small(TabularClassifier).fit(X, codes % n_classes).predict_proba(X)
    assert p.dtype == np.float64
    assert p.shape == (300, n_classes)
    assert_allclose(p.sum(axis=1), 1, rtol=1e-15)


def test_the_prediction_is_the_most_probable_class(rows):
    X, y = rows
    model = small(TabularClassifier).fit(X, y + 5)
    assert_array_equal(model.predict(X), 5 + model.predict_proba(X).argmax(axis=1))


def test_log_probabilities_are_logarithms(rows):
    X, y = rows
    model = small(TabularClassifier).fit(X, y)
    assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


def test_networks_that_are_certain_get_the_doubt_of_one_row(rows):
    X, y = rows
    model = learner(TabularClassifier, calibrate=False).fit(X, y)
    for net in model._networks:
        net.params *= 1000  # a class has the probability 0 or 1
    least = model.predict_proba(X).min(axis=0)
    assert_allclose(least, with_base_rates(np.zeros(3), y), rtol=1e-12)
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_rows_of_weight_zero_do_not_make_certain(rng):
    X, y = make_rows(rng)
    w = np.ones(len(X))
    w[6:46] = 0
    model = small(TabularClassifier).fit(X, y, w)
    alone = small(TabularClassifier).fit(X[w > 0], y[w > 0])
    assert_allclose(model._targets.base_rates, alone._targets.base_rates)
    assert model._targets.n_rows == alone._targets.n_rows == len(X) - 40


def test_120_rows_do_not_rule_a_class_out():
    X, y = [[1.0, "x"], [2.0, "y"]] * 60, [0, 1] * 60
    model = TabularClassifier("fast", max_epochs=60, random_state=0).fit(X, y)
    assert model.predict_proba([[1.0, "y"], [1.0, "x"], [50.0, "y"]]).min() > 1e-3


def test_a_single_class_is_certain(rows):
    X, y = rows
    model = small(TabularClassifier).fit(X, np.full(len(y), "only"))
    assert_array_equal(model.predict_proba(X), np.ones((300, 1)))
    assert set(model.predict(X)) == {"only"}


@pytest.mark.parametrize("n_bags", [1, 2, 5])
def test_a_class_of_one_row_is_no_reason_to_fail(n_bags, rows):
    X, y = rows
    y = np.append(y[:-1], 9)
    model = small(TabularClassifier, n_bags=n_bags).fit(X, y)
    assert model.predict_proba(X).shape == (300, 4)


def test_validation_rows_may_lack_a_class(rows):
    X, y = rows
    X_val, y_val = X[y > 0], y[y > 0]
    model = small(TabularClassifier).fit(X, y, X_val=X_val, y_val=y_val)
    assert len(model.classes_) == 3


def test_a_label_that_training_lacks_is_refused_among_validation_rows(rows):
    X, y = rows
    with pytest.raises(ValueError, match="labels that are not among the classes"):
        small(TabularClassifier).fit(X, y, X_val=X, y_val=y + 1)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.linspace(0, 1, 300), "Unknown label type"),
        (np.full(300, np.nan), "Input y contains NaN"),
        (np.zeros((300, 2), int), "y should be a 1d array"),
        (np.zeros(299, int), "inconsistent numbers of samples"),
    ],
)
def test_targets_that_are_no_classes_are_refused(y, message, rows):
    with pytest.raises(ValueError, match=message):
        small(TabularClassifier).fit(rows[0], y)


# -- weights


def test_integer_class_weights_are_row_weights(rows):
    X, y = rows
    weighted = small(TabularClassifier).fit(X, y, np.array([1.0, 3.0, 2.0])[y])
    by_class = small(TabularClassifier, class_weight={1: 3, 2: 2}).fit(X, y)
    assert_array_equal(outputs(by_class, X), outputs(weighted, X))


def test_balanced_classes_weigh_the_same(rng):
    # nothing can be learned: the probability of a class is its share of the weight
    X, y = np.ones((400, 1)), np.repeat([0, 1], [40, 360])
    options = {"class_weight": "balanced", "max_epochs": 60}
    model = learner(TabularClassifier, **options).fit(X, rng.permutation(y))
    assert_allclose(model.predict_proba(X[:1]), [[0.5, 0.5]], atol=0.03)


def test_without_class_weights_the_shares_of_the_rows_count(rng):
    X, y = np.ones((400, 1)), np.repeat([0, 1], [40, 360])
    options = {"learning_rate": 0.2, "max_epochs": 60}
    model = learner(TabularClassifier, **options).fit(X, rng.permutation(y))
    assert_allclose(model.predict_proba(X[:1]), [[0.1, 0.9]], atol=0.03)


def test_sample_weights_pull(rng):
    X, y = np.ones((400, 1)), np.arange(400) % 2
    options = {"learning_rate": 0.2, "max_epochs": 60}
    model = learner(TabularClassifier, **options).fit(X, y, 1 + 3 * y)
    assert_allclose(model.predict_proba(X[:1]), [[0.2, 0.8]], atol=0.03)


def test_the_scale_of_weights_does_not_matter(rows, rng):
    X, y = rows
    w = rng.integers(1, 5, len(y)).astype(float)
    few = small(TabularClassifier).fit(X, y, w)
    many = small(TabularClassifier).fit(X, y, 1024 * w)
    assert_allclose(outputs(many, X), outputs(few, X), rtol=1e-5)


def test_a_class_weight_of_an_unknown_class_is_refused(rows):
    with pytest.raises(ValueError, match="keys among the classes"):
        small(TabularClassifier, class_weight={9: 2}).fit(*rows)


def test_class_weights_that_leave_nothing_are_refused(rows):
    with pytest.raises(ValueError, match="some row of `y` a positive weight"):
        small(TabularClassifier, class_weight=dict.fromkeys(range(3), 0)).fit(*rows)


@pytest.mark.parametrize(
    ("w", "message"),
    [
        (-np.ones(300), "must not be negative"),
        (np.zeros(300), "zero"),
        (np.ones(9), "300"),
    ],
)
def test_weights_that_are_none_are_refused(w, message, rows):
    with pytest.raises(ValueError, match=message):
        small(TabularClassifier).fit(*rows, w)


# -- smoothing and calibration


def test_smoothed_labels_keep_probabilities_from_the_ends(rng):
    # the best probability of the other class is half of the share that is spread
    X = rng.choice([-1.0, 1.0], (400, 1))
    options = {"label_smoothing": 0.2, "n_bags": 1, "validation_fraction": 0}
    model = learner(TabularClassifier, **options, max_epochs=60)
    p = model.fit(X, X[:, 0] > 0).predict_proba(X)
    assert_allclose(p.min(), 0.1, atol=0.03)


def test_smoothing_is_no_part_of_the_validation_loss(rng):
    X = rng.choice([-1.0, 1.0], (400, 1))
    options = {"label_smoothing": 0.2, "calibrate": False, "scoring": None}
    model = learner(TabularClassifier, n_bags=1, **options)
    model.fit(X, X[:, 0] > 0, X_val=X, y_val=X[:, 0] > 0)
    p, y = model.predict_proba(X), X[:, 0] > 0
    of_network = (p - with_base_rates(0 * p, y)) * 401 / 400
    loss = log_loss(y, of_network)
    assert_allclose(-model.best_scores_[0], loss, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_temperature_minimizes_the_log_loss(weighted, rng):
    y, raw = rng.integers(0, 3, 500), 3 * rng.standard_normal((500, 3))
    raw[np.arange(500), y] += 4
    w = rng.uniform(0, 3, 500) if weighted else None

    def loss(t):
        return log_loss(y, softmax(raw / t, axis=1), sample_weight=w)

    best = minimize_scalar(loss, bounds=(0.1, 10), method="bounded")
    assert_allclose(fit_temperature(y, raw, w), best.x, rtol=1e-3)


def test_rows_without_a_mistake_make_no_probability_more_extreme():
    y, raw = np.arange(100) % 2, np.eye(2)[np.arange(100) % 2]
    assert fit_temperature(y, raw, None) == 1


def test_the_temperature_undoes_a_scale(rng):
    # labels drawn from softmax(z): the best temperature for 5 z is 5
    z = 2 * rng.standard_normal((20_000, 3))
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    assert_allclose(fit_temperature(y, 5 * z, None), 5, rtol=0.1)


def test_the_temperature_of_a_fit_is_that_of_the_validation_rows(rng):
    X, y = make_rows(rng, 400)
    y = np.where(rng.random(400) < 0.3, rng.integers(0, 3, 400), y)
    X_val, y_val = X[200:], y[200:]
    model = learner(TabularClassifier, n_bags=1, calibrate=True, scoring="accuracy")
    model.fit(X[:200], y[:200], X_val=X_val, y_val=y_val)
    raw = model._raw_predict(X_val)[0].astype(float)

    def loss(t):
        return -log_softmax(raw / t, axis=1)[np.arange(200), y_val].mean()

    best = minimize_scalar(loss, bounds=(0.1, 10), method="bounded")
    assert_allclose(model.temperature_, max(1, best.x), rtol=1e-4)


def test_an_overconfident_network_is_cooled(rng):
    # a quarter of the labels is noise, learned by heart until the last epoch
    X = rng.standard_normal((400, 4))
    y = (X[:, 0] > 0) ^ (rng.random(400) < 0.25)
    options = {"hidden_layer_sizes": [64], "max_epochs": 100, "n_bags": 1}
    model = learner(TabularClassifier, **options, scoring=lambda *args, **kwargs: 0.0)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:])
    assert model.temperature_ > 1.5


def test_without_calibration_the_temperature_is_one(rows):
    model = small(TabularClassifier, calibrate=False).fit(*rows)
    assert model.temperature_ == 1


def test_few_validation_rows_leave_the_temperature_at_one(rng):
    X, y = make_rows(rng, 40)
    assert small(TabularClassifier, calibrate=True).fit(X, y).temperature_ == 1


def test_the_probability_is_the_mean_over_the_networks(rng):
    raw = rng.standard_normal((3, 5, 2))
    p = TableClasses(np.arange(2), np.array([0.5, 0.5]), 10**9).mean(raw, 2.0)
    expected = np.mean([softmax(r / 2, axis=1) for r in raw], axis=0)
    assert_allclose(p, expected, rtol=1e-7)
