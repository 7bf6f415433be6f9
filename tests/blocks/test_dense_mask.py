"""Dense with a mask: how many connections there are, which, and what is refused."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Dense, chain
from sklearn_nn.core import InvalidParameterError, compile_network

DIAGONAL = np.eye(4, 3, dtype=bool)


def kept(block, d_in, seed=0):
    """Return the connections of a compiled ``block``."""
    rng = np.random.default_rng(seed)
    net = compile_network(block, (d_in,), np.float64, rng)
    return net.layout.named_views(net.connections)["W"]


@given(
    d_in=st.integers(1, 12),
    units=st.integers(1, 12),
    density=st.floats(0.001, 1),
    seed=st.integers(0, 2**16),
)
def test_a_share_keeps_so_many_connections(d_in, units, density, seed):
    W = kept(Dense(units, mask=density), d_in, seed)
    assert W.sum() == max(1, round(density * d_in * units))
    if W.sum() >= units:
        assert W.any(axis=0).all()


def test_a_share_of_one_keeps_all():
    assert kept(Dense(3, mask=1.0), 4).all()


def test_all_connections_can_be_drawn():
    seen = sum(kept(Dense(3, mask=0.3), 4, seed).astype(int) for seed in range(300))
    # Each is there 4 times of 12, up to what the first input per unit changes.
    assert_array_equal(np.abs(seen - 100) < 40, np.full((4, 3), True))


def test_another_seed_draws_other_connections():
    assert (kept(Dense(9, mask=0.5), 9, 1) != kept(Dense(9, mask=0.5), 9, 2)).any()


@pytest.mark.parametrize("mask", [DIAGONAL, DIAGONAL.tolist()])
def test_an_array_says_which_connections_there_are(mask):
    assert_array_equal(kept(Dense(3, mask=mask), 4), DIAGONAL)


def test_a_function_says_which_connections_there_are():
    asked = []

    def mask(rng, shape):
        asked.append((type(rng), shape))
        return DIAGONAL

    assert_array_equal(kept(Dense(3, mask=mask), 4), DIAGONAL)
    assert asked == [(np.random.Generator, (4, 3))]


def test_given_weights_are_thinned_out():
    block = Dense(3, kernel=np.full((4, 3), 7.0), bias=[1, 2, 3], mask=DIAGONAL)
    net = compile_network(block, (4,), np.float64, np.random.default_rng(0))
    assert_array_equal(net.params, [*(7.0 * DIAGONAL).ravel(), 1, 2, 3])


def test_the_output_is_that_on_paper():
    block = Dense(
        2, kernel=[[1, 2], [3, 4]], bias=[10, 20], mask=[[True, False], [True, True]]
    )
    net = compile_network(block, (2,), np.float64, np.random.default_rng(0))
    assert_array_equal(net.forward(np.array([[1.0, 1], [0, 2]])), [[14, 24], [16, 28]])
    dx = net.backward(np.array([[1.0, 0], [2, -1]]), need_dx=True)
    assert_array_equal(dx, [[1, 3], [2, 2]])
    assert_array_equal(net.grads, [1, 0, 5, -2, 3, -1])


@pytest.mark.parametrize("mask", [DIAGONAL.T, DIAGONAL[0], DIAGONAL.astype(int)])
def test_an_array_of_another_shape_or_kind_is_refused(mask):
    message = (
        "`mask` of Dense must be a bool array of the shape (4, 3), one entry per "
        f"weight; got the shape {mask.shape} and the dtype {mask.dtype}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Dense(3, mask=mask).out_shape((4,))


@pytest.mark.parametrize("mask", [0, 0.0, -0.5, 1.5, np.nan, True, "half"])
def test_other_values_are_refused(mask):
    message = (
        "`mask` of Dense must be None, a number in (0, 1] or a bool array, or a "
        f"function that returns one; got {mask!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        Dense(3, mask=mask).out_shape((4,))


def test_the_mask_is_a_parameter_like_others():
    net = chain(Dense(3, mask=0.5), Dense(1))
    net.set_params(dense1__mask=DIAGONAL)
    copy = pickle.loads(pickle.dumps(clone(net)))
    assert_array_equal(copy.get_params()["dense1__mask"], DIAGONAL)
