"""Scale, LayerNorm, BatchNorm: their statistics, and what is kept of them."""

import re
import statistics

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from padding import Padded, Weighted

from sklearn_nn.blocks import BatchNorm, Dense, LayerNorm, Scale, chain
from sklearn_nn.core import InvalidParameterError, compile_network
from sklearn_nn.inspection import check_gradient

every_norm = pytest.mark.parametrize("block", [LayerNorm(), BatchNorm()])
every_block = pytest.mark.parametrize("block", [Scale(), LayerNorm(), BatchNorm()])
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [0] * 5], bool)


def compiled(block, shape, rng, members=None):
    return compile_network(block, shape, np.float64, rng, members)


def named(net):
    return net.layout.named_views(net.params)


def test_scale_is_a_factor_per_feature(rng):
    net = compiled(Scale(), (2,), rng)
    named(net)["s"][:] = [2, -3]
    assert_array_equal(net.forward(np.array([[1.0, 1], [5, 0]])), [[2, -3], [10, 0]])
    dx = net.backward(np.array([[1.0, 1], [1, 2]]), need_dx=True)
    assert_array_equal(dx, [[2, -3], [2, -6]])
    assert_array_equal(net.grads, [6, 1])


def test_scale_does_nothing_at_first(rng):
    x = rng.standard_normal((3, 4))
    assert_array_equal(compiled(Scale(), (4,), rng).forward(x), x)


@every_block
def test_nothing_is_penalized(block, rng):
    assert compiled(block, (4,), rng).layout.n_weights == 0


def test_layer_norm_standardizes_each_row_with_its_own_moments(rng):
    x = rng.standard_normal((3, 5, 4)) * 7 + 3
    y = compiled(LayerNorm(epsilon=1e-12), (5, 4), rng).forward(x)
    for step, normalized in zip(x.reshape(-1, 4), y.reshape(-1, 4), strict=True):
        mean, deviation = statistics.mean(step), statistics.pstdev(step)
        assert_allclose(normalized, (step - mean) / deviation, rtol=1e-9)


def test_layer_norm_does_not_see_shift_and_scale_of_a_row(rng):
    net = compiled(LayerNorm(epsilon=1e-12), (6,), rng)
    x = rng.standard_normal((4, 6))
    y = net.forward(x).copy()
    assert_allclose(net.forward(1000 * x + 5), y, rtol=1e-6, atol=1e-9)


@every_norm
def test_scale_and_shift_are_those_of_the_features(block, rng):
    net = compiled(block, (3,), rng)
    x = rng.standard_normal((7, 3))
    y = net.forward(x, rng).copy()
    named(net)["scale"][:] = [1, 2, 3]
    named(net)["shift"][:] = [0, 10, -10]
    assert_allclose(net.forward(x, rng), y * [1, 2, 3] + [0, 10, -10], rtol=1e-12)


def test_layer_norm_of_equal_features_is_the_shift(rng):
    net = compiled(LayerNorm(), (3,), rng)
    named(net)["shift"][:] = [1, 2, 3]
    assert_allclose(net.forward(np.full((2, 3), 0.1)), [[1, 2, 3]] * 2, rtol=1e-9)


def test_epsilon_is_added_to_the_variance(rng):
    net = compiled(LayerNorm(epsilon=3.0), (2,), rng)
    assert_array_equal(net.forward(np.array([[-1.0, 1]])), [[-0.5, 0.5]])
    net = compiled(BatchNorm(epsilon=3.0), (1,), rng)
    assert_array_equal(net.forward(np.array([[-1.0], [1]]), rng), [[-0.5], [0.5]])


def test_a_training_batch_has_mean_0_and_variance_1(rng):
    x = 4 * rng.standard_normal((30, 5, 3)) + [1, 2, 3]
    y = compiled(BatchNorm(epsilon=1e-12), (5, 3), rng).forward(x, rng).reshape(-1, 3)
    assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    assert_allclose(y.var(axis=0), 1, rtol=1e-9)


def test_running_statistics_move_by_the_momentum(rng):
    x = rng.standard_normal((9, 2)) + 5
    net = compiled(BatchNorm(momentum=0.25), (2,), rng)
    net.forward(x, rng)
    state = named(net)
    for j in range(2):
        mean, variance = statistics.mean(x[:, j]), statistics.pvariance(x[:, j])
        assert state["mean"][j] == pytest.approx(mean)
        assert state["variance"][j] == pytest.approx(variance)


def test_later_batches_count_by_the_momentum_without_what_was_there_at_first(rng):
    batches = rng.standard_normal((3, 9, 2)) + 5
    net = compiled(BatchNorm(momentum=0.25), (2,), rng)
    for x in batches:
        net.forward(x, rng)
    # The oracle: weights 1/4, 3/16 and 9/64 from the newest on, and their sum.
    weights = np.array([9 / 64, 3 / 16, 1 / 4]) / (37 / 64)
    assert_allclose(named(net)["mean"], weights @ batches.mean(axis=1), rtol=1e-12)
    assert_allclose(named(net)["variance"], weights @ batches.var(axis=1), rtol=1e-12)
    assert named(net)["batches"] == 3


def test_without_momentum_the_running_statistics_stay(rng):
    net = compiled(BatchNorm(momentum=0.0), (2,), rng)
    net.forward(rng.standard_normal((9, 2)) + 5, rng)
    assert_array_equal(named(net)["mean"], [0, 0])
    assert_array_equal(named(net)["variance"], [1, 1])


def test_running_statistics_become_those_of_the_population(rng):
    net = compiled(BatchNorm(momentum=0.02), (1,), rng)
    for _ in range(1000):
        net.forward(rng.normal(7, 3, (20, 1)), rng)
    state = named(net)
    assert state["mean"][0] == pytest.approx(7, abs=0.6)
    assert state["variance"][0] == pytest.approx(9, abs=2.5)


def fitted_batch_norm(rng, epsilon):
    """Return a network with a running mean of 2, 4 and deviation of 2, 3."""
    net = compiled(BatchNorm(epsilon=epsilon), (2,), rng)
    named(net)["mean"][:] = [2, 4]
    named(net)["variance"][:] = [4, 9]
    return net


def test_prediction_uses_the_running_statistics(rng):
    net = fitted_batch_norm(rng, 1e-15)
    y = net.forward(np.array([[2.0, 7], [0, -2]]))
    assert_allclose(y, [[0, 1], [-1, -2]], atol=1e-12)


def test_the_backward_of_a_prediction_is_that_of_a_scale(rng):
    net = fitted_batch_norm(rng, 1e-15)
    net.forward(np.array([[2.0, 7], [0, -2]]))
    dx = net.backward(np.array([[1.0, 1], [2, 6]]), need_dx=True)
    assert_allclose(dx, [[1 / 2, 1 / 3], [1, 2]], rtol=1e-12)
    grads = net.layout.named_views(net.grads)
    assert_allclose(grads["scale"], [-2, -11], rtol=1e-12)
    assert_allclose(grads["shift"], [3, 7], rtol=1e-12)


def test_a_batch_of_one_value_is_normalized_as_in_prediction(rng):
    net = fitted_batch_norm(rng, 1e-5)
    x, before = rng.standard_normal((1, 2)), net.params.copy()
    y = net.forward(x, rng).copy()
    assert_array_equal(net.params, before)
    assert_array_equal(net.forward(x), y)


@pytest.mark.parametrize("shared", [False, True])
def test_members_have_statistics_of_their_own(shared, rng):
    net = compiled(chain(Dense(3), BatchNorm()), (4,), rng, members=3)
    x = rng.standard_normal((7, 4) if shared else (3, 7, 4))
    y = net.forward(x, rng)
    for k in range(3):
        single = compiled(chain(Dense(3), BatchNorm()), (4,), rng)
        for name, view in named(single).items():
            view[...] = named(net)[name][k]
        own = x if shared else x[k]
        assert_allclose(single.forward(own, rng), y[k], rtol=1e-12, atol=1e-14)


def test_members_that_share_rows_keep_the_same_statistics(rng):
    net = compiled(BatchNorm(), (4,), rng, members=2)
    net.forward(rng.standard_normal((7, 4)), rng)
    mean, variance = named(net)["mean"], named(net)["variance"]
    assert_array_equal(mean[0], mean[1])
    assert_array_equal(variance[0], variance[1])
    assert (mean[0] != 0).all()


def test_padded_steps_do_not_count(rng):
    x = rng.standard_normal((4, 5, 2))
    net = compiled(Padded(BatchNorm(), MASK), (5, 2), rng)
    y = net.forward(np.where(MASK[..., None], x, 1e6), rng)[MASK].copy()
    flat = compiled(BatchNorm(), (2,), rng)
    assert_allclose(y, flat.forward(x[MASK], rng), rtol=1e-9)
    assert_allclose(net.params, flat.params, rtol=1e-9)


@pytest.mark.parametrize("members", [None, 2])
def test_the_backward_of_padded_steps_is_the_derivative(members):
    check_gradient(Padded(BatchNorm(), MASK), (5, 2), n=4, members=members)


TIMES = np.array([2, 1, 3, 1, 4])


@pytest.mark.parametrize("in_shape", [(3,), (4, 3), (2, 2, 3)])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_row_of_weight_2_is_two_rows_to_batch_norm(in_shape, scale, rng):
    x = rng.standard_normal((5, *in_shape)) + 3
    weighted, repeated = [compiled(BatchNorm(), in_shape, rng) for _ in range(2)]
    y = weighted.forward(x, rng, scale * TIMES)
    assert_allclose(y.repeat(TIMES, 0), repeated.forward(x.repeat(TIMES, 0), rng))
    assert_allclose(weighted.params, repeated.params, rtol=1e-12)


def test_the_backward_of_a_row_of_weight_2_is_that_of_two_rows(rng):
    x, dy = rng.standard_normal((2, 5, 4, 3))
    weighted, repeated = [compiled(BatchNorm(), (4, 3), rng) for _ in range(2)]
    for net in (weighted, repeated):
        named(net)["scale"][:] = [1, 2, 3]
    weighted.forward(x, rng, TIMES / TIMES.mean())
    repeated.forward(x.repeat(TIMES, 0), rng)
    dx = weighted.backward(dy * TIMES[:, None, None], need_dx=True)
    each = repeated.backward(dy.repeat(TIMES, 0), need_dx=True)
    first = np.cumsum(TIMES) - TIMES
    assert_allclose(dx, np.add.reduceat(each, first), rtol=1e-9, atol=1e-12)
    assert_allclose(weighted.grads, repeated.grads, rtol=1e-9, atol=1e-12)


def test_rows_of_weight_0_change_no_statistics(rng):
    x, w = rng.standard_normal((6, 3)), np.array([1.0, 0, 2, 0, 1, 0])
    all_rows, few = [compiled(BatchNorm(), (3,), rng) for _ in range(2)]
    y = all_rows.forward(x, rng, w)
    assert_allclose(y[w > 0], few.forward(x[w > 0], rng, w[w > 0]), rtol=1e-12)
    assert_allclose(all_rows.params, few.params, rtol=1e-12)


def test_one_row_of_positive_weight_is_normalized_as_in_prediction(rng):
    net = fitted_batch_norm(rng, 1e-5)
    x, before = rng.standard_normal((3, 2)), net.params.copy()
    y = net.forward(x, rng, np.array([0.0, 3, 0])).copy()
    assert_array_equal(net.params, before)
    assert_array_equal(net.forward(x), y)


def test_weights_count_the_steps_that_there_are(rng):
    x, w = rng.standard_normal((4, 5, 2)), np.array([1.0, 3, 2, 1])
    net = compiled(Padded(BatchNorm(), MASK), (5, 2), rng)
    y = net.forward(np.where(MASK[..., None], x, 1e6), rng, w)[MASK].copy()
    flat = compiled(BatchNorm(), (2,), rng)
    zero_missing = w.repeat(5).reshape(4, 5)[MASK]
    assert_allclose(y, flat.forward(x[MASK], rng, zero_missing), rtol=1e-9)
    assert_allclose(net.params, flat.params, rtol=1e-9)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("own_weights", [False, True])
def test_members_have_the_statistics_of_their_weights(shared, own_weights, rng):
    net = compiled(BatchNorm(), (4,), rng, members=3)
    x = rng.standard_normal((7, 4) if shared else (3, 7, 4))
    w = rng.uniform(0.5, 2, (3, 7) if own_weights else 7)
    dy = rng.standard_normal((3, 7, 4))
    y, dx = net.forward(x, rng, w).copy(), net.backward(dy, need_dx=True)
    total = np.zeros_like(dx)
    for k in range(3):
        single = compiled(BatchNorm(), (4,), rng)
        own = single.forward(x if shared else x[k], rng, w[k] if own_weights else w)
        assert_allclose(own, y[k], rtol=1e-12, atol=1e-14)
        for name, view in named(single).items():
            assert_allclose(named(net)[name][k], view, rtol=1e-12)
        total[0 if shared else k] += single.backward(dy[k], need_dx=True)
    assert_allclose(dx, total, rtol=1e-9, atol=1e-12)


def test_weights_do_not_enter_a_prediction(rng):
    net = fitted_batch_norm(rng, 1e-5)
    x = rng.standard_normal((4, 2))
    y = net.forward(x).copy()
    assert_array_equal(net.forward(x, None, np.arange(4.0)), y)


def test_weights_of_one_batch_are_not_those_of_the_next(rng):
    x = rng.standard_normal((5, 3))
    net = compiled(chain(BatchNorm()), (3,), rng)
    y = net.forward(x, rng).copy()
    net.forward(x, rng, TIMES)
    assert_array_equal(net.forward(x, rng), y)


@pytest.mark.parametrize("members", [None, 2])
@pytest.mark.parametrize("mask", [None, MASK])
def test_the_backward_with_weights_is_the_derivative(members, mask):
    block = Weighted(BatchNorm(), mask, np.array([1.0, 0.5, 3, 0]))
    check_gradient(block, (5, 2), n=4, members=members)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (LayerNorm(0), "`epsilon` of LayerNorm must be a number in (0, inf); got 0."),
        (
            BatchNorm(1.5),
            "`momentum` of BatchNorm must be a number in [0, 1]; got 1.5.",
        ),
        (
            BatchNorm(epsilon="no"),
            "`epsilon` of BatchNorm must be a number in (0, inf); got 'no'.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block, (4,), rng)


@every_block
def test_rows_without_features_are_refused(block):
    with pytest.raises(ValueError, match=r"axis of features; got rows of shape \(\)"):
        block.out_shape(())
