"""Quantiles and standard deviations of the regressor for tables."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_friedman1
from sklearn.exceptions import NotFittedError
from tabulars import learner, make_rows, small

from sklearn_nn import TabularRegressor
from sklearn_nn.losses import PinballLoss
from sklearn_nn.tabular._intervals import MOST_LEVELS, Residuals


def regressor(make=small, **options):
    return make(TabularRegressor, **options)


def between_networks(model, X, y):
    """Return the variance between the predictions of the networks, in units of y."""
    return (y.std() * model._raw_predict(X)[..., 0].astype(float)).var(axis=0)


@pytest.fixture
def noisy(rng):
    X = rng.standard_normal((200, 3))
    return X, 100 + 7 * X[:, 0] + 5 * rng.standard_normal(200)


# -- from residuals


@pytest.mark.parametrize("n_bags", [1, 4])
def test_quantiles_are_the_prediction_plus_those_of_what_was_left_over(n_bags, noisy):
    X, y = noisy
    options = {"n_bags": n_bags, "n_members": 2, "store_oof_predictions": True}
    model = regressor(learner, **options).fit(X, y)
    left = (y - model.oof_predictions_)[np.isfinite(model.oof_predictions_)]
    levels = [0.05, 0.5, 0.93]
    wider = np.sqrt(1 + between_networks(model, X, y) / np.mean(left**2))
    expected = np.quantile(left, levels, method="weibull")
    expected = model.predict(X)[:, None] + wider[:, None] * expected
    assert_allclose(model.predict_quantiles(X, levels), expected, rtol=1e-5)


def test_the_standard_deviation_is_of_residuals_and_between_networks(noisy):
    X, y = noisy
    model = regressor(learner, n_bags=2).fit(X[:150], y[:150], X_val=X, y_val=y)
    mean_square = np.mean((y - model.predict(X)) ** 2)
    expected = np.sqrt(mean_square + between_networks(model, X, y[:150]))
    assert_allclose(model.predict_std(X), expected, rtol=1e-5)


def test_an_interval_covers_its_share_of_new_rows():
    X, y = make_friedman1(1200, noise=1.0, random_state=0)
    options = {"n_bags": 4, "hidden_layer_sizes": [32], "learning_rate": 0.1}
    model = regressor(learner, **options).fit(X[:500], y[:500])
    X, y = X[500:], y[500:]
    low, middle, high = model.predict_quantiles(X).T
    # the mean of all networks is better than those of a fold, so rather too many
    assert 0.76 < np.mean((low <= y) & (y <= high)) < 0.9
    assert np.mean(y <= middle) == pytest.approx(0.5, abs=0.08)
    z = (y - model.predict(X)) / model.predict_std(X)
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.1


def test_where_networks_have_seen_no_rows_the_interval_is_wider(noisy):
    X, y = noisy
    model = regressor(learner, n_bags=4).fit(X, y)
    near, far = model.predict_std(X).mean(), model.predict_std(5 * X).mean()
    low, high = model.predict_quantiles(np.vstack([X, 5 * X]), [0.1, 0.9]).T
    widths = high - low
    assert far > 1.02 * near
    assert widths[200:].mean() / widths[:200].mean() == pytest.approx(far / near)


def test_levels_beyond_the_rows_are_the_extreme_residuals():
    found = Residuals.of(np.array([[3.0], [-1.0], [2.0]]), None)
    assert found.at(
        np.array([1e-9, 0.25, 0.5, 1 - 1e-9]), np.zeros((1, 1))
    ).tolist() == [[[-1, -1, 2, 3]]]


def test_heavy_rows_take_more_of_the_share():
    # of 3 rows the weights 1, 1, 2 make the shares 3/16, 6/16 and 12/16
    found = Residuals.of(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 1.0, 2.0]))
    levels = np.array([0.25, 0.5, 0.75])
    assert_allclose(found.at(levels, np.zeros((1, 1))), [[[1 / 3, 4 / 3, 2]]])
    assert_allclose(found.mean_square, [9 / 4])


def test_equal_weights_are_no_weights(rng):
    residuals = rng.standard_normal((50, 2))
    first, second = (Residuals.of(residuals, w) for w in (None, np.full(50, 0.3)))
    assert_allclose(first.quantiles, second.quantiles)


def test_many_residuals_are_kept_as_few_quantiles(rng):
    residuals = rng.standard_normal((20_000, 1))
    found = Residuals.of(residuals, None)
    assert found.quantiles.shape == (MOST_LEVELS, 1)
    levels = np.array([0.01, 0.05, 0.5, 0.9])
    expected = np.quantile(residuals, levels, method="weibull")
    assert_allclose(found.at(levels, np.zeros((1, 1)))[0, 0], expected, atol=0.01)


def test_the_weights_of_validation_rows_count(noisy):
    X, y = noisy
    model, w = regressor(learner), np.append(np.ones(80), np.zeros(20))
    train = X[:100], y[:100]
    weighted = model.fit(*train, X_val=X[100:], y_val=y[100:], sample_weight_val=w)
    first = weighted.predict_quantiles(X)
    fewer = model.fit(*train, X_val=X[100:180], y_val=y[100:180])
    assert_allclose(first, fewer.predict_quantiles(X), rtol=1e-6)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "poisson"])
def test_other_losses_have_intervals(loss, noisy):
    X, y = noisy
    model = regressor(learner, loss=loss, n_bags=3).fit(X, y)
    low, middle, high = model.predict_quantiles(X).T
    assert (low < middle).all()
    assert (middle < high).all()
    assert 3 < model.predict_std(X).mean() < 12


def test_a_target_that_is_always_the_same_has_no_spread(rng):
    X = rng.standard_normal((60, 2))
    model = regressor().fit(X, np.full(60, 3.0))
    assert_array_equal(model.predict_std(X), 0)
    assert_array_equal(model.predict_quantiles(X), 3)


def test_several_outputs_have_spreads_of_their_own(noisy):
    X, y = noisy
    model = regressor(learner, n_bags=3).fit(X, np.column_stack([y, 1000 * y]))
    assert model.predict_std(X).shape == (200, 2)
    found = model.predict_quantiles(X, [0.1, 0.9])
    assert found.shape == (200, 2, 2)
    widths = (found[..., 1] - found[..., 0]).mean(axis=0)
    assert 800 < widths[1] / widths[0] < 1250


def test_a_single_level_has_no_axis(noisy):
    X, y = noisy
    model = regressor().fit(X, y)
    assert_array_equal(
        model.predict_quantiles(X, 0.3), model.predict_quantiles(X, [0.3])[:, 0]
    )


def test_a_stored_model_has_the_same_intervals(noisy):
    X, y = noisy
    model = regressor().fit(X, y)
    stored = pickle.loads(pickle.dumps(model))
    assert_array_equal(stored.predict_quantiles(X), model.predict_quantiles(X))
    assert_array_equal(stored.predict_std(X), model.predict_std(X))


# -- from the pinball loss


def test_trained_quantiles_are_those_of_the_loss(noisy):
    X, y = noisy
    model = regressor(loss=PinballLoss([0.8, 0.1, 0.5])).fit(X, y)
    columns = model.predict(X)
    assert_array_equal(model.predict_quantiles(X, [0.1, 0.8]), columns[:, [1, 0]])
    assert_array_equal(model.predict_quantiles(X, 0.5), columns[:, 2])


def test_a_single_trained_quantile(noisy):
    X, y = noisy
    model = regressor(loss=PinballLoss(0.9)).fit(X, y)
    assert_array_equal(model.predict_quantiles(X, 0.9), model.predict(X))
    assert model.predict_quantiles(X, [0.9]).shape == (200, 1)


def test_trained_quantiles_of_several_outputs(noisy):
    X, y = noisy
    model = regressor(loss=PinballLoss([0.2, 0.8])).fit(X, np.column_stack([y, -y]))
    found = model.predict_quantiles(X, [0.2, 0.8])
    assert_array_equal(found.reshape(200, 4), model.predict(X))


def test_quantiles_do_not_cross(rng):
    X, y = make_rows(rng)
    levels = [0.5, 0.49, 0.51]
    options = {"loss": PinballLoss(levels), "n_bags": 3, "max_epochs": 2}
    model = regressor(**options, store_oof_predictions=True).fit(X, y)
    raw = model._raw_predict(X)
    assert (raw[..., 1] > raw[..., 0]).any()  # those of the networks do
    for prediction in (model.predict(X), model.oof_predictions_):
        middle, low, high = prediction.T
        assert (low <= middle).all()
        assert (middle <= high).all()


def test_a_quantile_that_was_not_trained_is_refused(noisy):
    X, y = noisy
    model = regressor(loss=PinballLoss([0.1, 0.9])).fit(X, y)
    with pytest.raises(
        ValueError, match=r"of the loss, \[0\.1, 0\.9\]; got 0\.5\. Fit"
    ):
        model.predict_quantiles(X)


def test_the_pinball_loss_has_no_standard_deviation(noisy):
    X, y = noisy
    model = regressor(loss=PinballLoss(0.9)).fit(X, y)
    with pytest.raises(
        ValueError, match=r"needs a `loss` that predicts the center.*0\.9"
    ):
        model.predict_std(X)


# -- errors


@pytest.mark.parametrize(
    "quantiles",
    [0, 1.0, [0.1, -0.5], [], [[0.1]], "median", None, [np.nan], [0.1, "a"]],
)
def test_levels_that_are_none_are_refused(quantiles, noisy):
    X, y = noisy
    model = regressor().fit(X, y)
    with pytest.raises(
        ValueError, match=r"`quantiles` must be a number in \(0, 1\) or a"
    ):
        model.predict_quantiles(X, quantiles)


@pytest.mark.parametrize("method", ["predict_quantiles", "predict_std"])
def test_without_validation_rows_there_is_no_interval(method, noisy):
    X, y = noisy
    model = regressor(n_bags=2).fit(X, y)  # of which no residual must be left
    model.set_params(n_bags=1, validation_fraction=0).fit(X, y)
    with pytest.raises(
        ValueError, match=f"`{method}` needs the residuals of rows that"
    ):
        getattr(model, method)(X)


@pytest.mark.parametrize("method", ["predict_quantiles", "predict_std"])
def test_there_is_no_interval_before_a_fit(method, noisy):
    with pytest.raises(NotFittedError):
        getattr(regressor(), method)(noisy[0])
