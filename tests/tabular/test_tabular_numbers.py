"""Targets and losses of TabularRegressor."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tabulars import learner, make_rows, small

from sklearn_nn import TabularRegressor, losses
from sklearn_nn.losses import (
    AbsoluteError,
    HalfGammaDeviance,
    HalfPoissonDeviance,
    HalfSquaredError,
    HuberLoss,
    PinballLoss,
)
from sklearn_nn.tabular._targets import TableNumbers

LOSSES = {
    name: getattr(losses, name)()
    for name in losses.__all__
    if name != "LOSSES" and "CrossEntropy" not in name
}
NAMES = {
    "squared_error": HalfSquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": HuberLoss(),
    "poisson": HalfPoissonDeviance(),
    "gamma": HalfGammaDeviance(),
}


@pytest.fixture
def rows(rng):
    """Return X (300, 4) and positive targets."""
    X = rng.standard_normal((300, 4))
    return X, 50 + 10 * X[:, 0] + 5 * np.abs(X[:, 1])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_every_loss_learns(loss, rows):
    X, y = rows
    model = learner(TabularRegressor, loss=loss, learning_rate=0.1).fit(X, y)
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_its_loss(name, rows):
    X, y = rows
    by_name = small(TabularRegressor, loss=name).fit(X, y)
    by_object = small(TabularRegressor, loss=NAMES[name]).fit(X, y)
    assert_array_equal(by_name.predict(X), by_object.predict(X))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("squared_error", 3.25), ("absolute_error", 1.0), ("poisson", 3.25)],
)
def test_where_nothing_can_be_learned_the_loss_decides(loss, expected, rng):
    # of 1 (three quarters of the rows) and 10 the mean is 3.25, the median 1
    X, y = np.ones((400, 1)), rng.permutation(np.repeat([1.0, 10.0], [300, 100]))
    model = learner(TabularRegressor, loss=loss, max_epochs=80).fit(X, y)
    assert_allclose(model.predict(X[:1]), expected, rtol=0.1)


def test_quantiles_cover_their_share_of_the_rows(rng):
    X = rng.uniform(-1, 1, (2000, 1))
    y = X[:, 0] + (1 + X[:, 0]) * rng.standard_normal(2000)
    loss = PinballLoss([0.1, 0.5, 0.9])
    model = learner(TabularRegressor, loss=loss, batch_size=128).fit(X, y)
    shares = (y[:, None] <= model.predict(X)).mean(axis=0)
    assert_allclose(shares, [0.1, 0.5, 0.9], atol=0.04)


def test_quantiles_of_several_outputs_stand_side_by_side(rng):
    X, noise = np.ones((1000, 1)), rng.uniform(0, 1, 1000)
    Y = np.column_stack([noise, 100 + 100 * noise])
    loss = PinballLoss([0.2, 0.8])
    options = {"batch_size": 128, "max_epochs": 80}
    model = learner(TabularRegressor, loss=loss, **options).fit(X, Y)
    assert_allclose(model.predict(X[:1]), [[0.2, 0.8, 120, 180]], rtol=0.15)


def test_several_outputs_are_learned_on_scales_of_their_own(rows):
    X, y = rows
    Y = np.column_stack([y, 1e-4 * X[:, 2], 1e4 * X[:, 3]])
    model = learner(TabularRegressor, learning_rate=0.1).fit(X, Y)
    assert model.predict(X).shape == (300, 3)
    assert model.score(X, Y) > 0.9


def test_a_column_of_targets_is_a_warning_and_one_output(rows):
    X, y = rows
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        model = small(TabularRegressor).fit(X, y[:, None])
    assert model.predict(X).shape == (300,)


def test_predictions_are_of_float64(rows):
    assert small(TabularRegressor).fit(*rows).predict(rows[0]).dtype == np.float64


def test_targets_may_be_a_column_of_a_frame(rows):
    X, y = rows
    of_frame = small(TabularRegressor).fit(X, pd.Series(y, dtype="Float64"))
    assert_array_equal(
        of_frame.predict(X), small(TabularRegressor).fit(X, y).predict(X)
    )


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_predictions_stay_within_the_range_of_the_targets(loss, rows):
    X, y = rows
    Y = np.column_stack([y, 2 * y + X[:, 2]])
    p = learner(TabularRegressor, loss=loss).fit(X, Y).predict(1e6 * X)
    assert (p >= Y.min(axis=0)).all()
    assert (p <= Y.max(axis=0)).all()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_scale_of_the_targets_does_not_matter(scale, rows):
    X, y = rows
    alone = small(TabularRegressor).fit(X, y).predict(X)
    scaled = small(TabularRegressor).fit(X, scale * y).predict(X)
    assert_allclose(scaled / scale, alone, rtol=1e-4)


def test_small_differences_of_large_targets_are_learned(rows):
    X, _ = rows
    y = 1e9 + X[:, 0]
    assert learner(TabularRegressor).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("value", [0.0, 7.0, -3e9])
def test_a_constant_target_is_predicted(value, rows):
    X, _ = rows
    model = small(TabularRegressor).fit(X, np.full(300, value))
    assert_array_equal(model.predict(X), np.full(300, value))


def test_counts_that_are_all_zero_are_predicted_under_a_poisson_loss(rows):
    X, _ = rows
    model = small(TabularRegressor, loss="poisson").fit(X, np.zeros(300))
    assert_array_equal(model.predict(X), np.zeros(300))


def test_integer_targets_are_numbers(rng):
    X, y = make_rows(rng)
    assert small(TabularRegressor).fit(X, y).predict(X).dtype == np.float64


def test_sample_weights_pull(rng):
    X, y = np.ones((400, 1)), np.arange(400) % 2
    model = learner(TabularRegressor, max_epochs=60).fit(X, y, 1 + 3 * y)
    assert_allclose(model.predict(X[:1]), 0.8, atol=0.03)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", -1.0, "negative"),
        ("gamma", 0.0, "positive"),
        ("squared_error", np.nan, "Input y contains NaN"),
        ("squared_error", np.inf, "Input y contains infinity"),
    ],
)
def test_targets_outside_the_domain_are_refused(loss, y, message, rows):
    X, targets = rows
    targets[7] = y
    with pytest.raises(ValueError, match=message):
        small(TabularRegressor, loss=loss).fit(X, targets)


def test_validation_targets_outside_the_domain_are_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match="negative"):
        small(TabularRegressor, loss="poisson").fit(X, y, X_val=X, y_val=-y)


def test_validation_targets_of_another_number_of_outputs_are_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match=r"must have 1 output\(s\), as the training"):
        small(TabularRegressor).fit(X, y, X_val=X, y_val=np.column_stack([y, y]))


def test_text_is_no_target(rows):
    X, _ = rows
    with pytest.raises(ValueError, match=r"`y` must hold numbers; got str_ \(row 0: "):
        small(TabularRegressor).fit(X, np.full(300, "a"))


@pytest.mark.parametrize("loss", ["log_loss", None, 3, losses.SoftmaxCrossEntropy()])
def test_what_is_no_loss_of_numbers_is_refused(loss, rows):
    with pytest.raises(ValueError, match="`loss` of TabularRegressor must be"):
        small(TabularRegressor, loss=loss).fit(*rows)


def test_the_constants_of_a_loss_are_checked(rows):
    with pytest.raises(ValueError, match="`quantile` of PinballLoss must be"):
        small(TabularRegressor, loss=PinballLoss(2.0)).fit(*rows)


@pytest.mark.parametrize("loss", [HalfSquaredError(), HalfPoissonDeviance()])
def test_integer_weights_scale_as_repeated_rows_do(loss, rng):
    y, w = rng.exponential(size=(40, 2)), rng.integers(0, 4, 40)
    weighted = TableNumbers.fit(y, w.astype(float), loss)
    repeated = TableNumbers.fit(np.repeat(y, w, axis=0), None, loss)
    assert not np.allclose(weighted.scale, TableNumbers.fit(y, None, loss).scale)
    for name in ("shift", "scale", "low", "high"):
        assert_allclose(getattr(weighted, name), getattr(repeated, name))
