"""What is peculiar to single losses."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax

from sklearn_nn.losses import (
    AbsoluteError,
    HalfGammaDeviance,
    HalfPoissonDeviance,
    HalfSquaredError,
    HuberLoss,
    LogCoshLoss,
    PinballLoss,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)


def value(loss, y, raw):
    return loss.value(np.array(y), np.array(raw), None)


@pytest.mark.parametrize(
    ("loss", "link"),
    [
        (AbsoluteError(), "identity"),
        (HalfGammaDeviance(), "exp"),
        (HalfPoissonDeviance(), "exp"),
        (HalfSquaredError(), "identity"),
        (HuberLoss(), "identity"),
        (PinballLoss(), "identity"),
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
    y = np.zeros((65, 1), np.float32)
    value = HalfSquaredError().value(y, raw, None)
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


@pytest.mark.parametrize("low", [0.0, -2.5])
def test_the_gamma_loss_refuses_targets_that_are_not_positive(low):
    message = rf"`y` must be positive for the gamma loss; got {low:g}\. Use loss="
    with pytest.raises(ValueError, match=message):
        HalfGammaDeviance().check_targets(np.array([[1.0], [low]]))


def test_the_gamma_deviance_does_not_see_the_unit_of_the_target(rng):
    y, raw = rng.gamma(2.0, size=(5, 1)), rng.standard_normal((5, 1))
    scaled = value(HalfGammaDeviance(), 1000 * y, raw + math.log(1000))
    assert scaled == pytest.approx(value(HalfGammaDeviance(), y, raw), rel=1e-12)


def test_a_tiny_gamma_deviance_keeps_its_digits():
    # (log(y / m))**2 / 2 to first order
    tiny = value(HalfGammaDeviance(), [[1.0]], [[1e-7]])
    assert tiny == pytest.approx(0.5e-14, rel=1e-5, abs=0)


@pytest.mark.parametrize(("error", "expected"), [(1.0, 0.5), (2.0, 2.0), (-5.0, 8.0)])
def test_the_huber_loss_is_a_parabola_and_then_a_line(error, expected):
    assert value(HuberLoss(2.0), [[3.0]], [[3.0 + error]]) == expected


@pytest.mark.parametrize(("error", "expected"), [(-4.0, 3.0), (4.0, 1.0)])
def test_to_fall_below_a_high_quantile_costs_more_than_to_exceed_it(error, expected):
    assert value(PinballLoss(0.75), [[1.0]], [[1.0 + error]]) == expected


def test_the_absolute_error_is_twice_the_pinball_loss_of_the_median(rng):
    y, raw = rng.standard_normal((2, 9, 2))
    assert value(AbsoluteError(), y, raw) == pytest.approx(
        2 * value(PinballLoss(0.5), y, raw), rel=1e-14
    )


@pytest.mark.parametrize("loss", [AbsoluteError(), PinballLoss(0.9)])
def test_a_network_without_an_error_has_no_gradient(loss):
    y, grad = np.ones((4, 2)), np.full((4, 2), np.nan)
    loss.grad(y, y.copy(), None, grad)
    assert not grad.any()


def test_the_quantiles_of_a_target_stand_side_by_side():
    y = np.column_stack([np.arange(10.0), 100 + np.arange(10.0)])
    start = PinballLoss([0.15, 0.85]).start(y, None)
    assert start.tolist() == [1, 8, 101, 108]


def test_the_prediction_of_the_lowest_quantile_is_the_least_in_any_order():
    loss, raw = PinballLoss([0.9, 0.1, 0.5]), np.array([[[1.0, 2.0, 3.0]]] * 2)
    assert loss.predict(raw).tolist() == [[[3.0, 1.0, 2.0]]] * 2


def test_the_outputs_of_two_targets_are_not_mixed():
    raw = np.array([[5.0, 4.0, 1.0, 2.0]])
    assert PinballLoss([0.1, 0.9]).predict(raw).tolist() == [[4.0, 5.0, 1.0, 2.0]]


def test_a_row_of_large_weight_is_the_median():
    y, w = np.array([[1.0], [2.0], [9.0]]), np.array([0.5, 0.5, 2.0])
    assert AbsoluteError().start(y, w).tolist() == [9.0]


def test_a_wild_target_moves_the_huber_center_no_further_than_one_at_delta():
    far, near = np.array([[0.0], [0.0], [1e9]]), np.array([[0.0], [0.0], [1.5]])
    assert HuberLoss(1.0).start(far, None).tolist() == [0.5]
    assert HuberLoss(1.0).start(near, None).tolist() == [0.5]


def test_smoothing_does_not_let_certainty_be_free():
    # 0.9 + 0.1 / 2 of the target is at the class, 0.05 at the other, 20 below it.
    sure = value(SoftmaxCrossEntropy(smoothing=0.1), [0], [[20.0, 0.0]])
    assert sure == pytest.approx(1.0, rel=1e-6)


BAD = [
    (HuberLoss, "delta", 0.0, "a number in (0, inf)"),
    (HuberLoss, "delta", "1", "a number in (0, inf)"),
    (PinballLoss, "quantile", 0.0, "a number in (0, 1) or a list of such numbers"),
    (PinballLoss, "quantile", 90, "a number in (0, 1) or a list of such numbers"),
    (PinballLoss, "quantile", [], "a number in (0, 1) or a list of such numbers"),
    (PinballLoss, "quantile", [0.5, 1.0], "a number in (0, 1) or a list of such"),
    (PinballLoss, "quantile", "median", "a number in (0, 1) or a list of such"),
    (SoftmaxCrossEntropy, "smoothing", 1.0, "a number in [0, 1)"),
    (SoftmaxCrossEntropy, "smoothing", -0.1, "a number in [0, 1)"),
]


@pytest.mark.parametrize(("cls", "name", "bad", "rule"), BAD)
def test_a_bad_constant_is_named_with_its_rule(cls, name, bad, rule):
    message = re.escape(f"`{name}` of {cls.__name__} must be {rule}")
    with pytest.raises(ValueError, match=message):
        cls(**{name: bad}).check_values()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0.5, 1.5, 15, 17, 88, 300])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_softmax_loss_keeps_its_digits_whatever_the_size(size, dtype, smoothing, rng):
    raw = rng.uniform(-size, size, (40, 5)).astype(dtype)
    raw[0, 0] = size
    y, loss = raw.argmax(axis=1), SoftmaxCrossEntropy(smoothing)
    p = log_softmax(raw.astype(np.longdouble), axis=1)
    target = (1 - smoothing) * np.eye(5)[y] + smoothing / 5
    expected = -(target * p).sum(axis=1).mean()
    grad, eps = np.empty_like(raw), float(np.finfo(dtype).eps)
    value = loss.value_and_grad(y, raw, None, grad)
    assert value == pytest.approx(loss.value(y, raw, None), rel=4 * eps)
    # smoothed, the loss is of the size of the outputs
    assert value == pytest.approx(float(expected), rel=8 * eps, abs=2 * eps)
    alone = np.empty_like(raw)
    loss.grad(y, raw, None, alone)
    for way in (grad, alone):
        assert_allclose(way, (np.exp(p) - target) / 40, rtol=0, atol=eps / 2)


@pytest.mark.parametrize("size", [0.5, 2, 5, 14])
@pytest.mark.parametrize("way", ["value", "value_and_grad"])
def test_a_small_softmax_loss_of_large_outputs_keeps_its_digits(way, size, rng):
    # in float32 the difference of two numbers of this size would be worth nothing
    for low in -size * rng.random(20).astype(np.float32):
        raw = np.array([[size, low, -size]], np.float32)
        expected = -log_softmax(raw.astype(float))[0, 0]
        rest = (None, np.empty_like(raw))[: 1 + (way == "value_and_grad")]
        value = getattr(SoftmaxCrossEntropy(), way)(np.array([0]), raw, *rest)
        assert value == pytest.approx(expected, abs=3e-7)  # a few roundings of 1


@pytest.mark.parametrize("level", [-1000, 1000])
def test_a_softmax_of_outputs_that_are_all_alike_is_uniform(level):
    raw, y = np.full((4, 2), level, np.float32), np.array([0, 1, 0, 1])
    grad = np.empty_like(raw)
    value = SoftmaxCrossEntropy().value_and_grad(y, raw, None, grad)
    assert value == pytest.approx(math.log(2))
    assert_allclose(abs(grad), 1 / 8)


def test_nan_of_a_member_is_not_that_of_another():
    raw = np.zeros((2, 3, 2), np.float32)
    raw[0], raw[1, 1, 1] = np.nan, 1000
    y, grad = np.array([0, 0, 1]), np.empty_like(raw)
    value = SoftmaxCrossEntropy().value_and_grad(y, raw, None, grad)
    assert np.isnan(value[0])
    assert np.isfinite(value[1])
    assert np.isfinite(grad[1]).all()


def test_log_cosh_is_finite_and_linear_far_from_the_target():
    loss = LogCoshLoss()
    assert value(loss, [[0.0]], [[1e4]]) == pytest.approx(1e4 - math.log(2))
    assert value(loss, [[0.0]], [[-1e4]]) == pytest.approx(1e4 - math.log(2))
    assert value(loss, [[0.0]], [[1e-3]]) == pytest.approx(5e-7, rel=1e-6)


def test_the_start_of_log_cosh_has_no_slope():
    y, w = np.array([[0.0], [1.0], [10.0]]), np.array([1.0, 1.0, 2.0])
    (c,) = LogCoshLoss().start(y, w)
    assert w @ np.tanh(c - y[:, 0]) == pytest.approx(0, abs=1e-9)
