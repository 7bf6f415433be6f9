"""What regressors learn by losses other than the squared error."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import GammaRegressor, HuberRegressor, QuantileRegressor
from sklearn.metrics import d2_absolute_error_score, d2_pinball_score
from sklearn.model_selection import GridSearchCV

from sklearn_nn import MLPRegressor, NetworkRegressor
from sklearn_nn.losses import AbsoluteError, HuberLoss, PinballLoss

both = pytest.mark.parametrize("cls", [MLPRegressor, NetworkRegressor])
weighted_or_not = pytest.mark.parametrize("weighted", [False, True])
NO_STOP = {"max_iter": 300, "n_iter_no_change": np.inf, "random_state": 0}


def rate(cls, value):
    return {"learning_rate" if cls is NetworkRegressor else "learning_rate_init": value}


def make_spread(rng, n=1000):
    """Return X (n, 2) and y (n,) with a noise that grows with the first column."""
    X = rng.uniform(-1, 1, (n, 2))
    return X, X[:, 1] + np.exp(X[:, 0]) * rng.standard_normal(n)


def line(**options):
    return MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0.0, tol=1e-9, **options
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("quantile", [0.1, 0.9])
@both
def test_a_quantile_of_the_targets_lies_below_the_prediction(cls, quantile, rng):
    X, y = make_spread(rng)
    model = cls(loss=PinballLoss(quantile), **rate(cls, 0.01), **NO_STOP).fit(X, y)
    below = y < model.predict(X)
    assert below.mean() == pytest.approx(quantile, abs=0.04)
    for half in (X[:, 0] < 0, X[:, 0] > 0):  # it follows the spread
        assert below[half].mean() == pytest.approx(quantile, abs=0.08)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@both
def test_one_network_learns_several_quantiles_of_several_targets(cls, rng):
    X, y = make_spread(rng)
    Y, levels = np.column_stack([y, 5 - 2 * y]), [0.1, 0.5, 0.8]
    model = cls(loss=PinballLoss(levels), **rate(cls, 0.01), **NO_STOP).fit(X, Y)
    prediction = model.predict(X)
    assert prediction.shape == (1000, 6)
    below = (Y.repeat(3, axis=1) < prediction).mean(axis=0)
    np.testing.assert_allclose(below, levels * 2, atol=0.09)


@weighted_or_not
def test_a_line_with_gamma_loss_is_gamma_regression(weighted, rng):
    X = rng.standard_normal((80, 3))
    y = rng.gamma(3.0, np.exp(X @ [0.5, -0.3, 0.2]))
    w = rng.uniform(0.1, 3, 80) if weighted else np.ones(80)
    gamma = GammaRegressor(alpha=3.0 / w.sum(), tol=1e-9, max_iter=10**4)
    expected = gamma.fit(X, y, w).predict(X)
    model = line(loss="gamma").set_params(alpha=3.0).fit(X, y, w)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4)


def test_a_line_with_huber_loss_is_huber_regression(rng):
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.standard_normal(80)
    y[:8] += 5  # wild ones, but not so wild that the search ends for their loss alone
    expected = HuberRegressor(epsilon=1.5, alpha=0.0, tol=1e-9).fit(X, y)
    # It estimates the scale of the errors, too; ours is told.
    model = line(loss=HuberLoss(1.5 * expected.scale_)).fit(X, y)
    np.testing.assert_allclose(model.predict(X), expected.predict(X), atol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_line_with_absolute_error_is_as_good_as_median_regression(rng):
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, -2.0, 0.5] + rng.standard_t(2, 80)
    best = QuantileRegressor(quantile=0.5, alpha=0.0).fit(X, y).predict(X)
    options = {"solver": "adam", "learning_rate_init": 0.02, "batch_size": 80}
    model = line(loss="absolute_error").set_params(**options, **NO_STOP)
    model.fit(X, y)
    ours, least = np.abs(y - model.predict(X)).sum(), np.abs(y - best).sum()
    assert least <= ours < 1.01 * least


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@weighted_or_not
@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        (PinballLoss(0.9), lambda *a, **k: d2_pinball_score(*a, alpha=0.9, **k)),
        (AbsoluteError(), d2_absolute_error_score),
    ],
)
@both
def test_early_stopping_follows_the_loss_not_the_mean(
    cls, loss, reference, weighted, rng
):
    X, y = make_spread(rng, 200)
    X_val, y_val = make_spread(rng, 50)
    w_val = rng.uniform(0.5, 2, 50) if weighted else None
    val = {"X_val": X_val, "y_val": y_val, "sample_weight_val": w_val}
    model = cls(loss=loss, early_stopping=True, max_iter=5, random_state=0)
    model.fit(X, y, **val)
    expected = reference(y_val, model.predict(X_val), sample_weight=w_val)
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("levels", [[0.2, 0.7], [0.49, 0.5]])
def test_the_score_with_several_quantiles_is_that_of_their_pinball_losses(levels, rng):
    X, y = make_spread(rng, 200)
    options = {"random_state": 0, "max_iter": 30, "tol": 0, "n_iter_no_change": 50}
    model = MLPRegressor(PinballLoss(levels), **options)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(X, y)
    low, high = model.predict(X).T
    assert (low <= high).all()  # in a network's outputs, 0.49 and 0.5 cross
    parts = zip((low, high), levels, strict=True)
    ours, constants = 0.0, 0.0
    for prediction, q in parts:
        best = np.full_like(y, np.quantile(y, q, method="inverted_cdf"))
        ours += np.where(y > prediction, q, q - 1) @ (y - prediction)
        constants += np.where(y > best, q, q - 1) @ (y - best)
    assert model.score(X, y) == pytest.approx(1 - ours / constants, rel=1e-9)


def test_the_score_of_one_quantile_is_r2_as_of_any_regressor(rng):
    X, y = make_spread(rng, 200)
    model = line(loss=PinballLoss(0.9)).fit(X, y)
    residuals = y - model.predict(X)
    expected = 1 - (residuals**2).sum() / ((y - y.mean()) ** 2).sum()
    assert model.score(X, y) == pytest.approx(expected, rel=1e-9)


def test_a_grid_search_reaches_into_the_loss(rng):
    X, y = make_spread(rng, 90)
    grid = {"loss__quantile": [0.1, 0.5, [0.1, 0.9]]}
    search = GridSearchCV(line(loss=PinballLoss()), grid, error_score="raise")
    assert search.fit(X, y).cv_results_["params"][2] == {"loss__quantile": [0.1, 0.9]}


def test_another_number_of_quantiles_cannot_go_on_with_the_same_network(rng):
    X, y = make_spread(rng, 60)
    model = line(loss=PinballLoss(0.5), warm_start=True).fit(X, y)
    more = clone(model.loss).set_params(quantile=[0.2, 0.8])
    with pytest.raises(ValueError, match="only go on with the layers it began with"):
        model.set_params(loss=more).fit(X, y)


@both
def test_a_bad_constant_of_the_loss_is_found_before_training(cls):
    with pytest.raises(ValueError, match="`quantile` of PinballLoss must be a number"):
        cls(loss=PinballLoss(90)).fit([[0.0], [1.0]], [0.0, 1.0])


def test_targets_that_are_not_positive_are_refused_by_the_gamma_loss(rng):
    X, y = make_spread(rng, 20)
    with pytest.raises(ValueError, match="`y` must be positive for the gamma loss"):
        MLPRegressor("gamma").fit(X, np.abs(y) * (np.arange(20) > 0))
