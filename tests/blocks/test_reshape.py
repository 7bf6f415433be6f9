"""Flatten, Reshape and Permute: shapes, memory, masks, messages."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import Flatten, Permute, Reshape
from sklearn_nn.core import InvalidParameterError, Network, Workspace

NO_PARAMS = np.zeros(0)


def run(block, x, mask):
    ws = Workspace(np.float64, x.shape[1:])
    ws.mask = mask
    y = block.forward(None, x, ws, None)
    return y, ws.mask, block.backward(None, None, np.ones(y.shape), ws)


@pytest.mark.parametrize(
    ("block", "in_shape", "out_shape"),
    [
        (Flatten(), (2, 3, 4), (24,)),
        (Flatten(), (5,), (5,)),
        (Flatten(), (), (1,)),
        (Reshape((4, 6)), (2, 3, 4), (4, 6)),
        (Reshape((4, -1, 2)), (24,), (4, 3, 2)),
        (Reshape([-1]), (2, 3), (6,)),
        (Permute((1, 2, 0)), (2, 3, 4), (3, 4, 2)),
    ],
)
def test_the_shape_of_y(block, in_shape, out_shape):
    assert block.out_shape(in_shape) == out_shape


def test_entries_keep_the_order_of_reading():
    x = np.arange(24.0).reshape(2, 3, 4)
    y = Network(Reshape((2, 6)), (3, 4), NO_PARAMS).forward(x)
    assert_array_equal(y[1], [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23]])


def test_permute_moves_channels_last():
    x = np.array([[[[1, 2]], [[3, 4]]]])  # 2 channels of an image of 1 x 2
    y = Network(Permute((1, 2, 0)), (2, 1, 2), NO_PARAMS).forward(x)
    assert_array_equal(y, [[[[1, 3], [2, 4]]]])


@pytest.mark.parametrize("block", [Flatten(), Reshape((2, -1))])
def test_nothing_is_copied(block, rng):
    x = rng.standard_normal((5, 4, 3))
    net = Network(block, (4, 3), NO_PARAMS)
    y = net.forward(x)
    assert np.shares_memory(x, y)
    assert np.shares_memory(net.backward(y, need_dx=True), y)


def test_permute_gives_contiguous_rows(rng):
    net = Network(Permute(), (4, 3), NO_PARAMS)
    assert net.forward(rng.standard_normal((5, 4, 3))).flags.c_contiguous


@pytest.mark.parametrize("block", [Flatten(), Reshape((2, 6)), Permute()])
def test_without_a_time_axis_padding_becomes_0(block, rng):
    x, mask = rng.standard_normal((5, 4, 3)), rng.random((5, 4)) < 0.5
    y, there, dx = run(block, x, mask)
    zeroed = np.where(mask[..., None], x, 0)
    expected = zeroed.swapaxes(1, 2) if isinstance(block, Permute) else zeroed
    assert there is None
    assert_array_equal(y, expected.reshape(y.shape))
    assert_array_equal(dx, np.repeat(mask[..., None], 3, axis=-1))


def test_what_was_a_time_axis_is_one_of_features_when_flat():
    y, there, _ = run(Flatten(), np.ones((1, 3, 1)), np.array([[True, True, False]]))
    assert there is None
    assert_array_equal(y, [[1, 1, 0]])


@pytest.mark.parametrize("block", [Reshape((4, 3, 2)), Permute((0, 2, 1))])
def test_a_time_axis_that_stays_keeps_its_mask(block, rng):
    x, mask = rng.standard_normal((5, 4, 2, 3)), rng.random((5, 4)) < 0.5
    y, there, dx = run(block, x, mask)
    assert there is mask
    assert_array_equal(np.sort(y.ravel()), np.sort(x.ravel()))
    assert_array_equal(dx, np.ones(x.shape))


@pytest.mark.parametrize("shape", [(), (0, 4), (-1, -1), (2.0,), 6, (True, 6), "ab"])
def test_the_shape_is_checked(shape):
    message = (
        "`shape` of Reshape must be a tuple of integers in [1, inf), of which one may "
        f"be -1; got {shape!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        Reshape(shape).out_shape((6,))


@pytest.mark.parametrize("axes", [(), (1, 2), (0, 0), (0, -1), 0, (0.0, 1.0)])
def test_the_axes_are_checked(axes):
    message = (
        "`axes` of Permute must be a tuple of the integers from 0, once each; "
        f"got {axes!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        Permute(axes).out_shape((2, 3))


@pytest.mark.parametrize("shape", [(4,), (3, 4), (-1, 5), (1, 1)])
def test_rows_with_other_entries_are_an_error(shape):
    message = (
        "`shape` of Reshape must have the 6 entries of its rows, which have the shape "
        f"(2, 3); got {shape!r}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Reshape(shape).out_shape((2, 3))


def test_rows_with_other_axes_are_an_error():
    message = (
        "`axes` of Permute must name each axis of its rows, which have the shape "
        "(2, 3, 4); got (1, 0)."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Permute((1, 0)).out_shape((2, 3, 4))
