"""Laws that every public loss obeys."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, huber, log_expit, softmax
from sklearn.base import clone
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)

from sklearn_nn import losses
from sklearn_nn.core import Loss
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


def hard_labels(y, p, w):
    """Return scikit-learn's log loss, summed over labels that are 0 or 1."""
    columns = zip(y.T, p.T, strict=True)
    return sum(log_loss(a, b, sample_weight=w, labels=[0, 1]) for a, b in columns)


def soft_labels(y, p, w):
    logit = np.log(p / (1 - p))
    loss = -(y * log_expit(logit) + (1 - y) * log_expit(-logit))
    return np.average(loss.sum(axis=1), weights=w)


def smoothed_log_loss(y, p, w):
    """Return the log loss of targets of which a fifth is spread over the 3 classes.

    The log loss is linear in the target, and so it is that of a mixture.
    """
    options = {"sample_weight": w, "labels": [0, 1, 2]}
    each = [log_loss(np.full_like(y, c), p, **options) for c in range(3)]
    return 0.8 * log_loss(y, p, **options) + 0.2 * np.mean(each)


@dataclass(frozen=True)
class Case:
    """A loss, targets for it, and what it is compared with.

    ``reference(y, prediction, w)`` is the loss by another implementation, ``link`` the
    prediction from raw outputs by another one; ``predicts``, if predictions are made of
    it by more than the link. ``top`` is a raw output at which value and gradient must
    still be finite in float32, ``bottom`` one far below zero.
    """

    loss: Loss
    k: int
    targets: Callable[[np.random.Generator, int], np.ndarray]
    reference: Callable[..., Any]
    link: Callable[[np.ndarray], np.ndarray]
    top: float = 1e4
    bottom: float = -1e4
    predicts: Callable[[np.ndarray], np.ndarray] | None = None


def classes(rng, n):
    """Return classes of which each occurs."""
    return rng.permutation(np.r_[:3, rng.integers(0, 3, n - 3)])


def labels(k):
    """Return labels of which each column has both."""

    def draw(rng, n):
        return np.vstack(
            [np.zeros(k), np.ones(k), rng.integers(0, 2, (n - 2, k))]
        ).astype(float)

    return draw


def log_cosh(y, prediction, w):
    return np.average(np.log(np.cosh(prediction - y)), axis=0, weights=w).sum()


def half_mse(y, prediction, w):
    columns = {"sample_weight": w, "multioutput": "raw_values"}
    return mean_squared_error(y, prediction, **columns).sum() / 2


def half_deviance(y, prediction, w):
    columns = zip(y.T, prediction.T, strict=True)
    return sum(mean_poisson_deviance(a, b, sample_weight=w) for a, b in columns) / 2


def half_gamma(y, prediction, w):
    columns = zip(y.T, prediction.T, strict=True)
    return sum(mean_gamma_deviance(a, b, sample_weight=w) for a, b in columns) / 2


def absolute_error(y, prediction, w):
    columns = {"sample_weight": w, "multioutput": "raw_values"}
    return mean_absolute_error(y, prediction, **columns).sum()


def huber_error(y, prediction, w):
    return np.average(huber(0.7, prediction - y).sum(axis=1), weights=w)


def pinball(*levels):
    def reference(y, prediction, w):
        pairs = [(a, q) for a in y.T for q in levels]
        return sum(
            mean_pinball_loss(a, b, sample_weight=w, alpha=q)
            for (a, q), b in zip(pairs, prediction.T, strict=True)
        )

    return reference


def normal(rng, n):
    return rng.standard_normal((n, 2))


def same(raw):
    return raw


def in_threes(raw):
    """Return raw (n, 6), with the first three of each row sorted, and the last."""
    return np.array([sorted(row[:3]) + sorted(row[3:]) for row in raw.tolist()])


CASES = {
    "AbsoluteError": Case(AbsoluteError(), 2, normal, absolute_error, same),
    "HalfGammaDeviance": Case(
        HalfGammaDeviance(),
        2,
        lambda rng, n: rng.gamma(3.0, 0.5, (n, 2)),
        half_gamma,
        np.exp,
        bottom=-80.0,  # y / m is exp(-raw) y: exp(89) is beyond float32
    ),
    "HalfPoissonDeviance": Case(
        HalfPoissonDeviance(),
        2,
        lambda rng, n: rng.poisson(2.0, (n, 2)) + np.eye(n, 2),
        half_deviance,
        np.exp,
        top=80.0,  # its mean is exp(raw): exp(89) is beyond float32
    ),
    "HalfSquaredError": Case(HalfSquaredError(), 2, normal, half_mse, same),
    "LogCoshLoss": Case(LogCoshLoss(), 2, normal, log_cosh, same),
    "HuberLoss": Case(HuberLoss(0.7), 2, normal, huber_error, same),
    "PinballLoss": Case(PinballLoss(0.8), 2, normal, pinball(0.8), same),
    "PinballLoss, of several quantiles": Case(
        PinballLoss([0.1, 0.5, 0.9]),
        6,
        normal,
        pinball(0.1, 0.5, 0.9),
        same,
        predicts=in_threes,
    ),
    "SigmoidCrossEntropy, binary": Case(
        SigmoidCrossEntropy(), 1, labels(1), hard_labels, expit
    ),
    "SigmoidCrossEntropy, labels": Case(
        SigmoidCrossEntropy(), 3, labels(3), hard_labels, expit
    ),
    "SigmoidCrossEntropy, soft labels": Case(
        SigmoidCrossEntropy(), 2, lambda rng, n: rng.random((n, 2)), soft_labels, expit
    ),
    "SoftmaxCrossEntropy": Case(
        SoftmaxCrossEntropy(),
        3,
        classes,
        lambda y, p, w: log_loss(y, p, sample_weight=w, labels=[0, 1, 2]),
        lambda raw: softmax(raw, axis=-1),
    ),
    "SoftmaxCrossEntropy, smoothed": Case(
        SoftmaxCrossEntropy(smoothing=0.2),
        3,
        classes,
        smoothed_log_loss,
        lambda raw: softmax(raw, axis=-1),
    ),
}
# Their gradient jumps at a target, and so at a quantile of the targets, the start.
JUMPS = [name for name in CASES if name.startswith(("AbsoluteError", "PinballLoss"))]
every_loss = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
weighted_or_not = pytest.mark.parametrize("weighted", [False, True])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(case, rng, n=12, dtype=np.float64, members=()):
    """Return targets, raw outputs and weights of mean one."""
    y = case.targets(rng, n)
    y = y.astype(dtype) if y.dtype.kind == "f" else y
    raw = rng.standard_normal((*members, n, case.k)).astype(dtype)
    w = rng.integers(1, 5, n).astype(dtype)
    return y, raw, w / w.mean(dtype=dtype)


def value_and_grad(case, y, raw, w):
    grad = np.full_like(raw, np.nan)
    case.loss.grad(y, raw, w, grad)
    return case.loss.value(y, raw, w), grad


def slopes(case, y, raw, w, eps=1e-6):
    """Return the central differences of the value in every entry of ``raw``."""
    numeric = np.empty_like(raw)
    for i in np.ndindex(raw.shape):
        above, below = raw.copy(), raw.copy()
        above[i] += eps
        below[i] -= eps
        rise = (
            value_and_grad(case, y, above, w)[0] - value_and_grad(case, y, below, w)[0]
        )
        numeric[i] = np.sum(rise) / (2 * eps)
    return numeric


def test_every_public_loss_has_a_case():
    items = [getattr(losses, name) for name in losses.__all__]
    public = {item for item in items if inspect.isclass(item)}
    assert {type(case.loss) for case in CASES.values()} == public


@every_loss
@weighted_or_not
@settings(max_examples=10)
@given(n=st.integers(3, 6), seed=st.integers(0, 2**16))
def test_the_gradient_is_the_derivative_of_the_value(case, weighted, n, seed):
    y, raw, w = drawn(case, np.random.default_rng(seed), n)
    w = w if weighted else None
    grad = value_and_grad(case, y, raw, w)[1]
    assert_allclose(grad, slopes(case, y, raw, w), rtol=1e-6, atol=1e-8)


@every_loss
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_rows_of_a_heavy_batch_pull_harder(case, factor, rng):
    # The mean weight is that of all training rows, not of the batch.
    y, raw, w = drawn(case, rng)
    value, grad = value_and_grad(case, y, raw, w)
    more, harder = value_and_grad(case, y, raw, factor * w)
    assert_allclose([more], [factor * value], rtol=1e-12)
    assert_allclose(harder, factor * grad, rtol=1e-12)


@every_loss
@weighted_or_not
def test_the_gradient_with_members_is_the_derivative(case, weighted, rng):
    y, raw, w = drawn(case, rng, 4, members=(3,))
    y, w = np.stack([y, y, y]), w if weighted else None
    grad = value_and_grad(case, y, raw, w)[1]
    assert_allclose(grad, slopes(case, y, raw, w), rtol=1e-6, atol=1e-8)


@every_loss
@weighted_or_not
def test_members_have_the_values_of_single_networks(case, weighted, rng):
    y, raw, w = drawn(case, rng, members=(3,))
    w = w if weighted else None
    values = value_and_grad(case, np.stack([y, y, y]), raw, w)[0]
    assert_allclose(values, [value_and_grad(case, y, r, w)[0] for r in raw])


@every_loss
@pytest.mark.parametrize("own_targets", [False, True])
@pytest.mark.parametrize("own_weights", [False, True])
def test_a_loss_of_members_is_that_of_each(case, own_targets, own_weights, rng):
    draws = [drawn(case, rng) for _ in range(3)]
    ys, raw, ws = (np.stack(arrays) for arrays in zip(*draws, strict=True))
    y, w = ys if own_targets else ys[0], ws if own_weights else ws[0]
    values, grads = value_and_grad(case, y, raw, w)
    for i in range(3):
        y_i, w_i = ys[i] if own_targets else y, ws[i] if own_weights else w
        value, grad = value_and_grad(case, y_i, raw[i], w_i)
        # A single network's softmax may go without a shift, which rounds otherwise.
        assert values[i] == pytest.approx(value, rel=1e-13, abs=1e-15)
        assert_allclose(grads[i], grad, rtol=1e-13, atol=1e-15)


@every_loss
@pytest.mark.parametrize("own_weights", [False, True])
def test_members_may_share_their_targets(case, own_weights, rng):
    y, raw, w = drawn(case, rng, members=(3,))
    w = np.stack([w, w[::-1], np.ones_like(w)]) if own_weights else w
    copies = value_and_grad(case, np.stack([y, y, y]), raw, w)
    shared = value_and_grad(case, y, raw, w)
    assert_array_equal(shared[0], copies[0])
    assert_array_equal(shared[1], copies[1])


@every_loss
@both_dtypes
def test_a_single_network_has_a_float_as_its_value(case, dtype, rng):
    y, raw, w = drawn(case, rng, dtype=dtype)
    assert type(value_and_grad(case, y, raw, w)[0]) is float


@every_loss
@both_dtypes
def test_members_have_an_array_of_values(case, dtype, rng):
    y, raw, w = drawn(case, rng, dtype=dtype, members=(3,))
    assert value_and_grad(case, np.stack([y, y, y]), raw, w)[0].shape == (3,)


@every_loss
@weighted_or_not
def test_the_value_is_that_of_another_implementation(case, weighted, rng):
    y, raw, w = drawn(case, rng)
    w = w if weighted else None
    expected = case.reference(y, case.link(raw), w)
    assert value_and_grad(case, y, raw, w)[0] == pytest.approx(expected, rel=1e-10)


@every_loss
def test_the_prediction_is_that_of_another_implementation(case, rng):
    _, raw, _ = drawn(case, rng)
    expected = (case.predicts or case.link)(raw)
    assert_allclose(case.loss.predict(raw), expected, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if name not in JUMPS])
@weighted_or_not
def test_the_gradient_at_the_start_sums_to_zero(name, weighted, rng):
    y, raw, w = drawn(case := CASES[name], rng)
    w = w if weighted else None
    raw[...] = case.loss.start(y, w)
    assert_allclose(value_and_grad(case, y, raw, w)[1].sum(axis=0), 0, atol=1e-14)


@every_loss
@weighted_or_not
def test_the_slope_turns_from_falling_to_rising_at_the_start(case, weighted, rng):
    y, raw, w = drawn(case, rng)
    w = w if weighted else None
    raw[...] = case.loss.start(y, w)
    below, above = (value_and_grad(case, y, raw + e, w)[1] for e in (-1e-9, 1e-9))
    assert (below.sum(axis=0) < 1e-14).all()
    assert (above.sum(axis=0) > -1e-14).all()


@every_loss
@weighted_or_not
def test_no_constant_is_better_than_the_start(case, weighted, rng):
    y, raw, w = drawn(case, rng)
    w = w if weighted else None
    raw[...] = start = case.loss.start(y, w)
    best = value_and_grad(case, y, raw, w)[0]
    raw[...] = start + 0.1 * rng.standard_normal(case.k)
    assert value_and_grad(case, y, raw, w)[0] >= best * (1 - 1e-14)


@every_loss
def test_the_start_has_one_entry_per_output(case, rng):
    y, _, w = drawn(case, rng)
    assert case.loss.start(y, w).shape == (case.k,)


@every_loss
@pytest.mark.parametrize("sign", [-1, 1])
def test_extreme_outputs_have_a_finite_value_and_gradient(case, sign, rng):
    y, raw, w = drawn(case, rng, dtype=np.float32)
    far = case.top if sign > 0 else case.bottom
    for column in range(case.k):
        at = np.where(np.arange(case.k) == column, far, raw)
        value, grad = value_and_grad(case, y, at.astype(np.float32), w)
        assert np.isfinite(value)
        assert np.isfinite(grad).all()


@every_loss
@both_dtypes
@weighted_or_not
def test_the_gradient_keeps_the_dtype(case, dtype, weighted, rng):
    y, raw, w = drawn(case, rng, dtype=dtype)
    exact = value_and_grad(case, y, raw.astype(float), w.astype(float))[1]
    grad = value_and_grad(case, y, raw, w)[1]
    assert grad.dtype == dtype
    assert_allclose(grad, exact, rtol=1e-6, atol=1e-6)


@every_loss
@both_dtypes
def test_the_prediction_keeps_the_dtype(case, dtype, rng):
    _, raw, _ = drawn(case, rng, dtype=dtype)
    assert case.loss.predict(raw).dtype == dtype


@every_loss
@weighted_or_not
def test_arguments_are_left_alone(case, weighted, rng):
    arguments = y, raw, w = drawn(case, rng)
    for array in arguments:
        array.setflags(write=False)
    w = w if weighted else None
    value_and_grad(case, y, raw, w)
    case.loss.predict(raw)
    case.loss.start(y, w)
    case.loss.check_targets(y)


@every_loss
def test_weights_of_one_are_no_weights(case, rng):
    y, raw, w = drawn(case, rng)
    value, grad = value_and_grad(case, y, raw, np.ones_like(w))
    plain_value, plain_grad = value_and_grad(case, y, raw, None)
    assert value == pytest.approx(plain_value, rel=1e-15)
    assert_allclose(grad, plain_grad, rtol=1e-15)


@every_loss
def test_integer_weights_have_the_value_of_repeated_rows(case, rng):
    y, raw, _ = drawn(case, rng)
    times = rng.permutation(np.arange(len(y)) % 4)
    repeated = value_and_grad(case, y.repeat(times, 0), raw.repeat(times, 0), None)[0]
    weighted = value_and_grad(case, y, raw, times / times.mean())[0]
    assert weighted == pytest.approx(repeated, rel=1e-13)


@every_loss
def test_integer_weights_have_the_gradient_of_repeated_rows(case, rng):
    y, raw, _ = drawn(case, rng)
    times = rng.permutation(1 + np.arange(len(y)) % 3)
    repeated = value_and_grad(case, y.repeat(times, 0), raw.repeat(times, 0), None)[1]
    first = np.cumsum(times) - times
    weighted = value_and_grad(case, y, raw, times / times.mean())[1]
    assert_allclose(weighted, np.add.reduceat(repeated, first), rtol=1e-12)


@every_loss
def test_rows_of_weight_zero_change_nothing(case, rng):
    y, raw, w = drawn(case, rng)
    w[::3] = 0
    w /= w.mean()
    kept = w > 0
    value, grad = value_and_grad(case, y, raw, w)
    fewer, few = value_and_grad(case, y[kept], raw[kept], w[kept] / w[kept].mean())
    assert value == pytest.approx(fewer, rel=1e-13)
    assert_allclose(grad[kept], few, rtol=1e-12)
    assert not grad[~kept].any()


@every_loss
def test_acceptable_targets_pass_the_check(case, rng):
    case.loss.check_targets(case.targets(rng, 12))


@every_loss
def test_a_clone_is_the_same_loss(case):
    assert repr(clone(case.loss)) == repr(case.loss)
