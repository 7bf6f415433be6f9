"""Shared parameters: what the members of a network have in common."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_nn.blocks import Dense, Scale, Shared, chain
from sklearn_nn.core import InvalidParameterError, compile_network


def test_members_in_common_have_one_set_of_parameters(rng):
    net = compile_network(Shared(Dense(3)), (4,), float, rng, members=5)
    assert net.layout.size == 4 * 3 + 3


def test_the_gradient_is_the_sum_of_those_of_the_members(rng):
    x, dy = rng.standard_normal((5, 6, 4)), rng.standard_normal((5, 6, 3))
    net = compile_network(Shared(Dense(3, "tanh")), (4,), float, rng, members=5)
    single = compile_network(Dense(3, "tanh"), (4,), float, rng)
    single.params[:] = net.params
    total = np.zeros_like(net.params)
    for own_x, own_dy in zip(x, dy, strict=True):
        single.forward(own_x)
        single.backward(own_dy)
        total += single.grads
    net.forward(x)
    net.backward(dy)
    assert_allclose(net.grads, total, rtol=1e-12)


def test_members_of_equal_scales_are_equal_networks(rng):
    block = chain(Scale(), Shared(Dense(3, "tanh")), Shared(Dense(2)))
    net = compile_network(block, (4,), float, rng, members=3)
    y = net.infer(rng.standard_normal((6, 4)))
    assert_allclose(y, np.broadcast_to(y[0], y.shape), rtol=1e-14)


def test_what_is_shared_must_be_a_block():
    with pytest.raises(InvalidParameterError, match="`block` of Shared must be a blo"):
        Shared("dense").out_shape((4,))
