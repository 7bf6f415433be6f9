"""Activations: values from paper, and their extremes."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Dense, Identity, Logistic, ReLU, Tanh
from sklearn_nn.core import InvalidParameterError, compile_network

LOG_3 = math.log(3)
# Input, output and derivative, from the definition of each function.
PAPER = [
    (Identity(), -2.5, -2.5, 1),
    (Identity(), 0, 0, 1),
    (Logistic(), 0, 1 / 2, 1 / 4),
    (Logistic(), LOG_3, 3 / 4, 3 / 16),
    (Logistic(), -LOG_3, 1 / 4, 3 / 16),
    (ReLU(), 2.5, 2.5, 1),
    (ReLU(), -2.5, 0, 0),
    (ReLU(), 0, 0, 0),
    (ReLU(), 5e-324, 5e-324, 1),
    (Tanh(), 0, 0, 1),
    (Tanh(), LOG_3, 4 / 5, 9 / 25),
    (Tanh(), -LOG_3, -4 / 5, 9 / 25),
]
KINDS = [Identity(), Logistic(), ReLU(), Tanh()]
ids = [f"{type(case[0]).__name__} at {case[1]:.4g}" for case in PAPER]


def bound(block, dtype=np.float64):
    return compile_network(block, (1,), dtype, np.random.default_rng(0))


@pytest.mark.parametrize(("block", "x", "y", "slope"), PAPER, ids=ids)
def test_the_output_is_that_on_paper(block, x, y, slope):
    assert_allclose(bound(block).forward(np.array([[float(x)]])), [[y]], rtol=1e-15)


@pytest.mark.parametrize(("block", "x", "y", "slope"), PAPER, ids=ids)
def test_the_derivative_is_that_on_paper(block, x, y, slope):
    net = bound(block)
    net.forward(np.array([[float(x)]]))
    dx = net.backward(np.array([[8.0]]), need_dx=True)
    assert_allclose(dx, [[8 * slope]], rtol=1e-14)


@pytest.mark.parametrize("block", KINDS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_inputs_give_finite_derivatives(block, dtype):
    net = bound(block, dtype)
    net.forward(np.array([[-1e30], [1e30]], dtype))
    assert np.isfinite(net.backward(np.ones((2, 1), dtype), need_dx=True)).all()


@pytest.mark.parametrize("block", KINDS, ids=repr)
def test_dense_with_an_activation_is_dense_then_the_activation(block, rng):
    fused = compile_network(Dense(3, block), (4,), np.float64, rng)
    affine = compile_network(Dense(3), (4,), np.float64, rng)
    affine.params[:] = fused.params
    x = rng.standard_normal((5, 4))
    assert_allclose(fused.forward(x), bound(block).forward(affine.forward(x)))


@pytest.mark.parametrize("block", KINDS, ids=repr)
def test_dense_takes_the_name_of_an_activation(block, rng):
    by_name = Dense(3, type(block).__name__.lower())
    net = compile_network(by_name, (4,), np.float64, rng)
    other = compile_network(Dense(3, block), (4,), np.float64, rng)
    x = rng.standard_normal((5, 4))
    other.params[:] = net.params
    assert_array_equal(net.forward(x), other.forward(x))


@pytest.mark.parametrize("value", ["sin", "ReLU", None, 3, ReLU, Dense(2)], ids=repr)
def test_an_unknown_activation_is_named_in_the_message(value):
    rule = "must be one of 'elu', 'gelu', .*, 'relu', .*, 'tanh', or"
    message = rf"`activation` {rule}.*got {re.escape(repr(value))}\."
    with pytest.raises(InvalidParameterError, match=message):
        Dense(3, value).out_shape((4,))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [8, 1024, 1025, 5000])
def test_the_gradient_of_a_relu_is_all_of_dy_or_nothing(n, dtype, rng):
    tiny = np.finfo(dtype).smallest_subnormal
    x = rng.standard_normal((n, 1)).astype(dtype)
    x[:7, 0] = [0, -0.0, tiny, -tiny, np.inf, -np.inf, 1]
    net = bound(ReLU(), dtype)
    dy = rng.standard_normal((n, 1)).astype(dtype)
    net.forward(x, rng)
    dx = net.backward(dy, need_dx=True)
    assert dx.dtype == dtype
    assert_array_equal(dx, np.where(x > 0, dy, 0))


@pytest.mark.parametrize("n", [8, 5000])
def test_a_relu_takes_a_gradient_of_another_dtype(n, rng):
    net = bound(ReLU(), np.float32)
    x, dy = rng.standard_normal((2, n, 1))
    net.forward(x.astype(np.float32), rng)
    dx = net.backward(dy, need_dx=True)
    assert_allclose(dx, np.where(x > 0, dy, 0), rtol=1e-6)


def test_many_relus_at_nan_have_the_gradient_of_a_positive_output(rng):
    net, dy = bound(ReLU()), np.ones((2000, 1))
    net.forward(np.where(np.arange(2000) % 2, np.nan, -np.nan)[:, None], rng)
    assert_array_equal(net.backward(dy, need_dx=True), dy)
