"""inception: GoogLeNet's module, as in table 1 of the paper."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_nn.blocks import Conv2D, MaxPool2D, inception
from sklearn_nn.core import Network, ParamLayout, compile_network

# Name, channels read, the six columns, channels returned.
TABLE = {
    "3a": (192, (64, 96, 128, 16, 32, 32), 256),
    "3b": (256, (128, 128, 192, 32, 96, 64), 480),
    "4a": (480, (192, 96, 208, 16, 48, 64), 512),
    "4e": (528, (256, 160, 320, 32, 128, 128), 832),
    "5b": (832, (384, 192, 384, 48, 128, 128), 1024),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_channels_are_those_of_the_paper(name):
    channels, columns, expected = TABLE[name]
    assert inception(*columns).out_shape((7, 7, channels)) == (7, 7, expected)


def test_the_parameters_of_3a_by_hand():
    weights = 192 * 64 + 192 * 96 + 9 * 96 * 128 + 192 * 16 + 25 * 16 * 32 + 192 * 32
    biases = 64 + 96 + 128 + 16 + 32 + 32
    assert ParamLayout(inception().param_tree((28, 28, 192))).size == weights + biases


def test_y_holds_the_branches_in_the_order_of_the_paper(rng):
    net = compile_network(inception(2, 3, 4, 2, 5, 1), (6, 5, 3), np.float64, rng)
    net.params[:] = rng.standard_normal(net.params.size)
    x, p = rng.standard_normal((2, 6, 5, 3)), net.layout.named_views(net.params)

    def conv(rows, path, size):
        W, b = p[f"{path}/W"], p[f"{path}/b"]
        block = Conv2D(len(b), size, "relu")
        own = Network(block, rows.shape[1:], np.concatenate([W.ravel(), b]))
        return own.forward(rows)

    highest = Network(MaxPool2D(3, 1, "same"), (6, 5, 3), np.zeros(0)).forward(x)
    branches = [
        conv(x, "conv1", 1),
        conv(conv(x, "conv3/reduce", 1), "conv3/conv", 3),
        conv(conv(x, "conv5/reduce", 1), "conv5/conv", 5),
        conv(highest, "pool/project", 1),
    ]
    assert_allclose(net.forward(x), np.concatenate(branches, axis=-1), rtol=1e-12)


def test_the_activation_is_that_of_all_convolutions():
    params = inception(activation="tanh").get_params()
    found = [value for name, value in params.items() if name.endswith("__activation")]
    assert found == ["tanh"] * 6
