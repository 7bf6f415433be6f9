"""ToSequence: the order of the entries, padding and what it refuses."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn.blocks import GRU, Dense, ToSequence, chain
from sklearn_nn.core import InvalidParameterError, Network, Workspace, compile_network

NAN = np.nan


def network(block, shape):
    return compile_network(block, shape, np.float64, np.random.default_rng(0))


def mask_after(block, x):
    """Return the mask that the block leaves for rows ``x``."""
    ws = Workspace(x.dtype, x.shape[1:])
    block.forward(None, x, ws, None)
    return ws.mask


def test_features_of_a_step_stand_together():
    y = network(ToSequence(2), (6,)).forward(np.arange(12.0).reshape(2, 6))
    assert_array_equal(y[1], [[6, 7], [8, 9], [10, 11]])


def test_with_channels_first_steps_of_a_feature_stand_together():
    y = network(ToSequence(2, "channels_first"), (6,)).forward(np.arange(6.0)[None])
    assert_array_equal(y[0], [[0, 3], [1, 4], [2, 5]])


def test_rows_with_two_axes_pass_through():
    x = np.arange(12.0).reshape(2, 3, 2)
    assert_array_equal(network(ToSequence(2), (3, 2)).forward(x), x)


def test_channels_of_rows_with_two_axes_become_the_last_axis():
    x = np.arange(12.0).reshape(2, 2, 3)
    y = network(ToSequence(2, "channels_first"), (2, 3)).forward(x)
    assert_array_equal(y, x.transpose(0, 2, 1))


def test_a_series_of_one_feature_is_the_default():
    assert ToSequence().out_shape((5,)) == (5, 1)


@pytest.mark.parametrize("layout", ["time_major", "channels_first"])
def test_padding_becomes_zeros_and_the_mask_tells(layout):
    steps = np.array([[[1.0, 2], [NAN, NAN], [3, 4]], [[5, 6], [7, 0], [NAN, NAN]]])
    x = steps if layout == "time_major" else steps.transpose(0, 2, 1)
    block = ToSequence(2, layout, padding="nan")
    for rows in (x, x.reshape(2, 6)):
        y = network(block, rows.shape[1:]).forward(rows)
        assert_array_equal(y, np.nan_to_num(steps))
        assert_array_equal(
            mask_after(block, rows), [[True, False, True], [True, True, False]]
        )


def test_the_rows_keep_their_nan():
    x = np.array([[1.0, NAN]])
    network(ToSequence(padding="nan"), (2,)).forward(x)
    assert_array_equal(x, [[1, NAN]])


def test_without_padding_there_is_no_mask():
    assert mask_after(ToSequence(padding="nan"), np.ones((2, 3))) is None


def test_a_batch_without_padding_forgets_that_of_the_batch_before():
    net = network(chain(ToSequence(padding="nan"), GRU(2)), (3,))
    x = np.array([[1.0, 2, 3], [4, 5, 6]])
    y = net.forward(x).copy()
    dx = net.backward(np.ones((2, 2)), need_dx=True).copy()
    net.forward(np.where(x > 4, NAN, x))
    assert_array_equal(net.forward(x), y)
    assert_array_equal(net.backward(np.ones((2, 2)), need_dx=True), dx)


@pytest.mark.parametrize("layout", ["time_major", "channels_first"])
def test_the_gradient_of_padding_is_zero(layout):
    net = network(ToSequence(2, layout, padding="nan"), (6,))
    x = np.array([[1.0, 2, 3, 4, NAN, NAN]])
    if layout == "channels_first":
        x = np.array([[1.0, 3, NAN, 2, 4, NAN]])
    net.forward(x)
    dx = net.backward(np.ones((1, 3, 2)), need_dx=True)
    assert_array_equal(dx, np.where(np.isnan(x), 0, 1))


def test_the_gradient_goes_back_to_its_place():
    net = network(ToSequence(2, "channels_first"), (6,))
    net.forward(np.zeros((1, 6)))
    dy = np.array([[[0.0, 3], [1, 4], [2, 5]]])
    assert_array_equal(net.backward(dy, need_dx=True), np.arange(6.0)[None])


def test_single_missing_values_are_refused():
    net = network(ToSequence(2, padding="nan"), (4,))
    message = "got 1 NaN in steps that have other features. Impute them"
    with pytest.raises(ValueError, match=message):
        net.forward(np.array([[NAN, 1.0, 2, 3], [NAN, NAN, 4, 5]]))


def test_without_padding_nan_is_a_value_like_any_other():
    y = network(chain(ToSequence(2), Dense(1)), (4,)).forward(
        np.array([[NAN, 1, 2, 3]])
    )
    assert np.isnan(y[0, 0])
    assert np.isfinite(y[0, 1])


@pytest.mark.parametrize(
    ("layout", "shape", "wanted"),
    [
        ("time_major", (7,), "(time * 3,) or (time, 3)"),
        ("time_major", (3, 4), "(time * 3,) or (time, 3)"),
        ("channels_first", (4, 3), "(time * 3,) or (3, time)"),
        ("time_major", (), "(time * 3,) or (time, 3)"),
        ("time_major", (2, 2, 3), "(time * 3,) or (time, 3)"),
    ],
)
def test_rows_that_do_not_fit_are_refused(layout, shape, wanted):
    message = f"ToSequence must read rows of shape {wanted}; got rows of shape {shape}."
    with pytest.raises(ValueError, match=re.escape(message)):
        ToSequence(3, layout).out_shape(shape)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (ToSequence(0), "`n_features` of ToSequence must be an integer in [1, inf)"),
        (
            ToSequence(1, "rows"),
            "`layout` of ToSequence must be 'time_major' or 'channels_first'; got 'ro",
        ),
        (
            ToSequence(1, padding=0),
            "`padding` of ToSequence must be None or 'nan'; got 0.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        Network(block, (6,), np.zeros(0))
