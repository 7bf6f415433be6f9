"""The slope of the probabilities is the most likely one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from sklearn_nn.perceptron._platt_scaling import fit_slope


def test_two_classes_give_the_slope_of_logistic_regression_on_platts_targets(rng):
    codes = rng.integers(0, 2, 200)
    scores = codes - 0.4 + rng.standard_normal(200)
    w = rng.uniform(0.5, 2, 200)
    m = np.bincount(codes)[codes]
    agrees = (m + 1) / (m + 2)
    model = LogisticRegression(fit_intercept=False, C=np.inf, tol=1e-10)
    model.fit(
        np.tile(scores, 2)[:, None],
        np.concatenate([codes, 1 - codes]),
        np.concatenate([w * agrees, w * (1 - agrees)]),
    )
    assert fit_slope(scores, codes, w) == pytest.approx(model.coef_[0, 0], rel=1e-4)


def test_more_classes_give_the_minimum_of_the_cross_entropy(rng):
    codes = rng.integers(0, 3, 300)
    scores = 5 * (np.eye(3)[codes] + rng.standard_normal((300, 3)))
    m = np.bincount(codes)[codes][:, None]
    targets = (np.eye(3)[codes] * m + 1) / (m + 3)

    def loss(s):
        return -(targets * log_softmax(s * scores, axis=1)).sum()

    best = minimize_scalar(loss, bounds=(1e-3, 10), options={"xatol": 1e-9}).x
    assert fit_slope(scores, codes, np.ones(300)) == pytest.approx(best, rel=1e-3)


@given(power=st.integers(-150, 150), seed=st.integers(0, 1000))
def test_the_slope_undoes_the_scale_of_the_scores(power, seed):
    rng = np.random.default_rng(seed)
    codes, w = rng.integers(0, 2, 30), np.ones(30)
    scores = codes - 0.5 + rng.standard_normal(30)
    factor = 10.0**power
    slope = fit_slope(scores, codes, w)
    assert fit_slope(factor * scores, codes, w) * factor == pytest.approx(slope)


@pytest.mark.parametrize("sign", [-1, 1], ids=["all wrong", "all right"])
def test_the_slope_is_positive_and_finite_even_without_an_overlap(sign):
    codes = np.array([0, 0, 1, 1])
    slope = fit_slope(sign * (codes - 0.5), codes, np.ones(4))
    assert 0 < slope < 100


def test_scores_that_are_all_zero_have_slope_one():
    assert fit_slope(np.zeros(4), np.array([0, 1, 0, 1]), np.ones(4)) == 1
