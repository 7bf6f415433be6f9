"""What is peculiar to single losses."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_nn.losses import (
    HalfPoissonDeviance,
    HalfSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)


def value(loss, y, raw):
    return loss.value_and_grad(
        np.array(y), np.array(raw), None, np.empty(np.shape(raw))
    )


@pytest.mark.parametrize(
    ("loss", "link"),
    [
        (HalfPoissonDeviance(), "exp"),
        (HalfSquaredError(), "identity"),
        (SigmoidCrossEntropy(), "logistic"),
        (SoftmaxCrossEntropy(), "softmax"),
    ],
)
def test_the_link_has_the_name_scikit_learn_gives_it(loss, link):
    assert loss.link == link


def test_outputs_of_the_squared_error_add_up():
    assert value(HalfSquaredError(), [[0.0, 0], [0, 0]], [[1.0, 2], [3, 4]]) == 7.5


@pytest.mark.parametrize("members", [(), (2,)])
def test_the_sum_over_rows_is_taken_in_float64(members):
    # One row has a loss of 2**25, beside which float32 has no room for the ones.
    raw = np.full((*members, 65, 1), 2, np.float32)
    raw[..., 0, :] = 2**13
    y, grad = np.zeros((65, 1), np.float32), np.empty_like(raw)
    value = HalfSquaredError().value_and_grad(y, raw, None, grad)
    assert_allclose(value, (2**25 + 64 * 2) / 65, rtol=1e-15)


def test_the_log_loss_of_a_coin_is_log_two():
    assert value(SigmoidCrossEntropy(), [[1.0]], [[0.0]]) == pytest.approx(math.log(2))


def test_the_log_loss_of_a_die_is_log_six():
    die = np.zeros((1, 6))
    assert value(SoftmaxCrossEntropy(), [4], die) == pytest.approx(math.log(6))


def test_the_deviance_of_no_events_is_the_rate():
    assert value(HalfPoissonDeviance(), [[0.0]], [[math.log(3)]]) == pytest.approx(3)


def test_the_deviance_is_zero_at_the_target():
    assert value(HalfPoissonDeviance(), [[5.0]], [[math.log(5)]]) == pytest.approx(
        0, abs=1e-15
    )


@pytest.mark.parametrize("raw", [-1e4, 1e4])
def test_the_log_loss_far_out_is_linear(raw):
    y = [[0.0 if raw > 0 else 1.0]]
    assert value(SigmoidCrossEntropy(), y, [[raw]]) == pytest.approx(1e4, rel=1e-15)


def test_a_common_shift_does_not_change_the_softmax_loss(rng):
    raw = rng.standard_normal((5, 3))
    y = rng.integers(0, 3, 5)
    shifted = value(SoftmaxCrossEntropy(), y, raw + 1000)
    assert shifted == pytest.approx(value(SoftmaxCrossEntropy(), y, raw), rel=1e-10)


def test_softmax_probabilities_sum_to_one(rng):
    p = SoftmaxCrossEntropy().predict(100 * rng.standard_normal((50, 3)))
    assert_allclose(p.sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_probability_stays_below_one(dtype):
    assert SigmoidCrossEntropy().predict(np.array([[1000]], dtype)) < 1


def test_the_poisson_loss_refuses_negative_targets():
    message = r"`y` must not be negative for the Poisson loss; got -2\.5\. Use loss="
    with pytest.raises(ValueError, match=message):
        HalfPoissonDeviance().check_targets(np.array([[1.0], [-2.5]]))


def test_the_poisson_loss_takes_some_zeros():
    HalfPoissonDeviance().check_targets(np.array([[0.0], [1.0]]))


def test_the_poisson_loss_beyond_its_range_is_infinite():
    with np.errstate(over="ignore"):
        assert value(HalfPoissonDeviance(), [[1.0]], [[1e4]]) == math.inf
