"""Dropout: what its noise is, and what it is on average."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import Dropout
from sklearn_nn.core import InvalidParameterError, compile_network

N = 200_000
every_rate = pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def noise(rate, dtype, rng):
    net = compile_network(Dropout(rate), (1,), dtype, rng)
    return net.forward(np.ones((N, 1), dtype), rng)


@every_rate
@both_dtypes
def test_the_mean_over_draws_is_the_input(rate, dtype, rng):
    five_deviations = 5 * np.sqrt(rate / (1 - rate) / N)
    mean = noise(rate, dtype, rng).mean(dtype=np.float64)
    assert abs(mean - 1) <= five_deviations + 1e-7


@every_rate
@both_dtypes
def test_the_share_of_zeros_is_the_rate(rate, dtype, rng):
    five_deviations = 5 * np.sqrt(rate * (1 - rate) / N)
    assert abs((noise(rate, dtype, rng) == 0).mean() - rate) <= five_deviations


@every_rate
@both_dtypes
def test_what_is_kept_is_scaled_up(rate, dtype, rng):
    *_, kept = np.unique(noise(rate, dtype, rng))
    steps_of_the_rate = np.round(np.float64(rate) * 2**16) / 2**16
    assert kept == pytest.approx(1 / (1 - steps_of_the_rate), rel=1e-6)


@every_rate
def test_an_entry_is_dropped_or_kept(rate, rng):
    assert len(np.unique(noise(rate, np.float64, rng))) == (2 if rate else 1)


def test_the_backward_has_the_noise_of_the_forward(rng):
    net = compile_network(Dropout(0.5), (4,), np.float64, rng)
    y = net.forward(np.ones((50, 4)), rng).copy()
    assert_array_equal(net.backward(np.ones((50, 4)), need_dx=True), y)


def test_each_forward_has_a_noise_of_its_own(rng):
    net = compile_network(Dropout(0.5), (4,), np.float64, rng)
    first = net.forward(np.ones((50, 4)), rng).copy()
    assert (net.forward(np.ones((50, 4)), rng) != first).any()


def test_entries_of_a_row_are_dropped_independently(rng):
    net = compile_network(Dropout(0.5), (2,), np.float64, rng)
    left, right = net.forward(np.ones((N, 2)), rng).T == 0
    assert abs((left & right).mean() - 1 / 4) < 5 * np.sqrt(3 / 16 / N)


def test_there_is_no_noise_without_a_generator(rng):
    x = rng.standard_normal((5, 4))
    net = compile_network(Dropout(0.9), (4,), np.float64, rng)
    assert_array_equal(net.forward(x), x)


def test_the_backward_after_inference_has_no_noise(rng):
    net = compile_network(Dropout(0.9), (4,), np.float64, rng)
    net.forward(np.ones((5, 4)), rng)
    net.forward(np.ones((5, 4)))
    dy = rng.standard_normal((5, 4))
    assert_array_equal(net.backward(dy, need_dx=True), dy)


@pytest.mark.parametrize("rate", [1, 1.5, -0.1, np.nan, "half", None, True])
def test_the_rate_is_checked_when_a_network_is_made(rate, rng):
    message = f"`rate` of Dropout must be a number in [0, 1); got {rate!r}."
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(Dropout(rate), (4,), np.float64, rng)
