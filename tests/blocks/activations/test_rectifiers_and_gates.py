"""Rectifiers, gates and the step: values from paper, names, and their extremes."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from sklearn_nn.blocks import (
    ELU,
    GELU,
    Dense,
    LeakyReLU,
    Mish,
    SiLU,
    Softplus,
    Step,
    chain,
)
from sklearn_nn.core import InvalidParameterError, compile_network

LOG_3 = math.log(3)
SELU = ELU(alpha=1.6732632423543772, scale=1.0507009873554805)
# Input, output and derivative, from the definition of each function.
PAPER = [
    (LeakyReLU(), -2, -0.02, 0.01),
    (LeakyReLU(0.5), -2, -1, 0.5),
    (LeakyReLU(0.5), 3, 3, 1),
    (LeakyReLU(0.5), 0, 0, 0.5),
    (LeakyReLU(0.0), -2, 0, 0),
    (ELU(), -LOG_3, -2 / 3, 1 / 3),
    (ELU(), 2, 2, 1),
    (ELU(2.0), -LOG_3, -4 / 3, 2 / 3),
    (ELU(2.0), 2, 2, 1),
    (ELU(2.0, 3.0), -LOG_3, -4, 2),
    (ELU(2.0, 3.0), 2, 6, 3),
    (Softplus(), 0, math.log(2), 1 / 2),
    (Softplus(), LOG_3, math.log(4), 3 / 4),
    (Softplus(), -LOG_3, math.log(4 / 3), 1 / 4),
    (SiLU(), 0, 0, 1 / 2),
    (SiLU(), LOG_3, 3 / 4 * LOG_3, 3 / 4 + 3 / 16 * LOG_3),
    (SiLU(), -LOG_3, -1 / 4 * LOG_3, 1 / 4 - 3 / 16 * LOG_3),
    (Mish(), 0, 0, 3 / 5),
    (Mish(), LOG_3, 15 / 17 * LOG_3, 15 / 17 + 48 / 289 * LOG_3),
    (GELU(), 0, 0, 1 / 2),
    (GELU(), -2, -0.04540230591222494, -0.0860992566236183),  # from PyTorch 2.13
    (GELU(), 1, 0.8411919906082768, 1.0829640838457826),
    (Step(), 0, 1, 0),
    (Step(), -5e-324, 0, 0),
    (Step(), 2, 1, 0),
]
KINDS = [ELU(), ELU(2.0, 3.0), GELU(), LeakyReLU(), Mish(), SiLU(), Softplus(), Step()]
NAMES = {
    "elu": ELU(),
    "gelu": GELU(),
    "leaky_relu": LeakyReLU(),
    "mish": Mish(),
    "selu": SELU,
    "silu": SiLU(),
    "softplus": Softplus(),
    "step": Step(),
}
ids = [f"{case[0]!r} at {case[1]:.4g}" for case in PAPER]


def bound(block, dtype=np.float64):
    return compile_network(block, (1,), dtype, np.random.default_rng(0))


@pytest.mark.parametrize(("block", "x", "y", "slope"), PAPER, ids=ids)
def test_the_output_is_that_on_paper(block, x, y, slope):
    assert_allclose(bound(block).forward(np.array([[float(x)]])), [[y]], rtol=1e-14)


@pytest.mark.parametrize(("block", "x", "y", "slope"), PAPER, ids=ids)
def test_the_derivative_is_that_on_paper(block, x, y, slope):
    net = bound(block)
    net.forward(np.array([[float(x)]]))
    dx = net.backward(np.array([[8.0]]), need_dx=True)
    assert_allclose(dx, [[8 * slope]], rtol=1e-13)


@pytest.mark.parametrize("block", KINDS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_inputs_give_finite_derivatives(block, dtype):
    net = bound(block, dtype)
    net.forward(np.array([[-1e30], [1e30]], dtype))
    assert np.isfinite(net.backward(np.ones((2, 1), dtype), need_dx=True)).all()


@pytest.mark.parametrize("block", [GELU(), LeakyReLU(0.0), Mish(), SiLU(), Softplus()])
def test_far_from_zero_they_are_the_relu(block):
    x = np.array([[-1e30], [-50], [50], [1e30]])
    assert_allclose(bound(block).forward(x), np.maximum(x, 0), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_dense_takes_the_name_of_an_activation(name, rng):
    net = compile_network(Dense(3, name), (4,), np.float64, rng)
    affine = compile_network(Dense(3), (4,), np.float64, rng)
    affine.params[:] = net.params
    x = rng.standard_normal((5, 4))
    expected = bound(NAMES[name]).forward(affine.forward(x))
    assert_array_equal(net.forward(x), expected)


@pytest.mark.parametrize("block", [b for b in KINDS if b.reads_output], ids=repr)
def test_a_derivative_that_is_read_off_the_output_needs_no_memory(block):
    net, x = bound(block), np.linspace(-2, 2, 9)[:, None]
    y = net.forward(x)
    dx = net.backward(np.ones((9, 1)), need_dx=True)
    assert_array_equal(block.vjp(y, np.ones((9, 1)), np.empty((9, 1))), dx)


def test_the_tanh_of_gelu_is_near_the_normal_distribution():
    x = np.linspace(-6, 6, 1001)[:, None]
    assert_allclose(bound(GELU()).forward(x), x * ndtr(x), atol=5e-4)


def test_selu_keeps_mean_and_variance(rng):
    y = bound(SELU).forward(rng.standard_normal((200_000, 1)))
    assert_allclose([y.mean(), y.var()], [0, 1], atol=0.02)


def test_nothing_below_a_step_learns(rng):
    net = compile_network(chain(Dense(3, "step"), Dense(1)), (4,), np.float64, rng)
    net.forward(rng.standard_normal((5, 4)))
    net.backward(np.ones((5, 1)))
    assert not net.layout.named_views(net.grads)["dense1/W"].any()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (LeakyReLU(-0.1), r"`slope` of LeakyReLU must be a number in \[0, 1\]"),
        (ELU(-1.0), r"`alpha` of ELU must be a number in \[0, inf\); got -1.0"),
        (ELU(1.0, 0.0), r"`scale` of ELU must be a number in \(0, inf\); got 0.0"),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message):
    with pytest.raises(InvalidParameterError, match=message):
        bound(Dense(2, block))
