"""Dense with given weights; the network of the lecture that computes XOR."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Dense, chain
from sklearn_nn.core import compile_network

CORNERS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XOR = chain(
    Dense(2, "step", kernel=[[1, 1], [1, 1]], bias=[-1.5, -0.5]),
    Dense(1, "step", kernel=[[-1], [1]], bias=[-0.5]),
)


def compiled(block, members=None):
    rng = np.random.default_rng(0)
    return compile_network(block, (2,), np.float64, rng, members)


@pytest.mark.parametrize("block", [XOR, clone(XOR)], ids=["given", "cloned"])
def test_steps_with_given_weights_compute_xor(block):
    assert_array_equal(compiled(block).infer(CORNERS)[:, 0], [0, 1, 1, 0])


def test_the_network_of_xor_has_nine_parameters():
    assert compiled(XOR).params.size == 9


def test_given_weights_are_the_first_of_every_member():
    kernel = np.array([[1.0, 2, 3], [4, 5, 6]])
    net = compiled(Dense(3, kernel=kernel), members=2)
    assert_array_equal(net.layout.named_views(net.params)["W"], [kernel, kernel])


def test_weights_that_are_not_given_are_drawn():
    net = compiled(Dense(3, bias=[1, 2, 3]))
    views = net.layout.named_views(net.params)
    assert views["W"].all()
    assert_array_equal(views["b"], [1, 2, 3])


def test_given_weights_are_copied():
    kernel = np.ones((2, 3))
    net = compiled(Dense(3, kernel=kernel))
    net.params[:] = 0
    assert kernel.all()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            Dense(3, kernel=np.ones((3, 2))),
            "`kernel` of Dense must have the shape (2, 3), for 3 units that read rows "
            "of (2,); got (3, 2).",
        ),
        (
            Dense(3, bias=1.0),
            "`bias` of Dense must have the shape (3,), for 3 units that read rows of "
            "(2,); got ().",
        ),
    ],
)
def test_weights_of_the_wrong_shape_are_refused(block, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(block)
