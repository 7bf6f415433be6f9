"""Pools: values by textbook loops, ties, borders, masks."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import (
    AveragePool1D,
    AveragePool2D,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1D,
    MaxPool2D,
)
from sklearn_nn.core import InvalidParameterError, Network, Workspace, compile_network

NO_PARAMS = np.zeros(0)
KINDS = {"max": (MaxPool2D, np.max), "average": (AveragePool2D, np.mean)}
WINDOWS = [(2, None), (3, 1), (3, 2), (2, 3), ((1, 3), (2, 1))]
GLOBAL = {"max": (GlobalMaxPool(), np.max), "average": (GlobalAveragePool(), np.mean)}

every_kind = pytest.mark.parametrize("kind", KINDS)
every_window = pytest.mark.parametrize(("size", "stride"), WINDOWS)


def pooled(x, size, stride, reduce, before=(0, 0), out=None):
    """Return the reduced windows of an image, place by place, by loops."""
    (a, b), (s, t) = np.broadcast_to(size, 2), np.broadcast_to(stride or size, 2)
    h, w, _ = x.shape
    rows, columns = out or ((h - a) // s + 1, (w - b) // t + 1)
    y = np.empty((rows, columns, x.shape[2]))
    for i in range(rows):
        for j in range(columns):
            top, left = i * s - before[0], j * t - before[1]
            own = x[max(top, 0) : top + a, max(left, 0) : left + b]
            y[i, j] = reduce(own, axis=(0, 1))
    return y


def run(block, x, mask=None, dy=None):
    """Return y, the mask of y, and dx for a ``dy`` of ones."""
    ws = Workspace(np.float64, x.shape[1:])
    ws.mask = mask
    y = block.forward(None, x, ws, None).copy()
    dx = block.backward(None, None, np.ones(y.shape) if dy is None else dy, ws)
    return y, ws.mask, dx


def column(*values):
    """Return one row with a time axis and one channel."""
    return np.array(values, float)[None, :, None]


@every_kind
@every_window
def test_valid_windows_lie_inside(kind, size, stride, rng):
    make, reduce = KINDS[kind]
    x = rng.standard_normal((3, 7, 8, 2))
    expected = [pooled(image, size, stride, reduce) for image in x]
    assert_allclose(run(make(size, stride), x)[0], expected, rtol=1e-12)


@every_kind
@pytest.mark.parametrize(
    ("size", "stride", "before", "out"),
    [
        (3, 1, (1, 1), (7, 8)),
        (2, 1, (0, 0), (7, 8)),
        (3, 2, (1, 0), (4, 4)),
        ((5, 2), 3, (2, 0), (3, 3)),  # 1 * 0 + 2 zeros above: (3 - 1) * 3 + 5 - 7 = 4
    ],
)
def test_same_windows_count_what_lies_inside(kind, size, stride, before, out, rng):
    make, reduce = KINDS[kind]
    x = rng.standard_normal((3, 7, 8, 2))
    expected = [pooled(image, size, stride, reduce, before, out) for image in x]
    assert_allclose(run(make(size, stride, "same"), x)[0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("one", "two"), [(MaxPool1D, MaxPool2D), (AveragePool1D, AveragePool2D)]
)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_sequence_is_an_image_of_width_1(one, two, padding, rng):
    x = rng.standard_normal((3, 7, 4))
    expected = run(two((3, 1), 2, padding), x[:, :, None])[0]
    assert_array_equal(run(one(3, 2, padding), x)[0], expected[:, :, 0])


def test_negative_entries_have_a_maximum_at_the_border():
    assert_array_equal(run(MaxPool1D(3, 1, "same"), -np.ones((1, 2, 1)))[0], -1)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (MaxPool2D(), [[1, 0], [0, 0]]),
        (MaxPool2D(1), [[1, 1], [1, 1]]),
        (MaxPool2D((1, 2)), [[1, 0], [1, 0]]),
        (MaxPool2D((2, 1)), [[1, 1], [0, 0]]),
        (MaxPool2D(2, 1, "same"), [[1, 1], [1, 1]]),
        (GlobalMaxPool(), [[1, 0], [0, 0]]),
    ],
)
def test_the_first_of_equal_entries_has_the_gradient(block, expected):
    assert_array_equal(run(block, np.full((1, 2, 2, 1), 3.0))[2][0, :, :, 0], expected)


@pytest.mark.parametrize("block", [MaxPool2D(), GlobalMaxPool()])
def test_first_means_the_order_of_reading(block):
    x = np.array([[0.0, 5], [5, 0]])[None, :, :, None]
    assert_array_equal(run(block, x)[2][0, :, :, 0], [[0, 1], [0, 0]])


def test_a_winner_of_several_windows_has_the_sum():
    assert_array_equal(
        run(MaxPool1D(3, 1), column(0, 1, 5, 2, 0))[2], column(0, 0, 3, 0, 0)
    )


def test_entries_under_no_window_have_no_gradient():
    x = column(3, 1, 4, 1, 5)
    assert_array_equal(run(MaxPool1D(1, 2), x)[2], column(1, 0, 1, 0, 1))
    assert_array_equal(run(AveragePool1D(), x)[2], column(0.5, 0.5, 0.5, 0.5, 0))


def test_the_mean_at_the_border_is_of_fewer_entries():
    y, _, dx = run(AveragePool1D(3, 1, "same"), column(2, 4, 9))
    assert_allclose(y, column(3, 5, 6.5))
    assert_allclose(dx, column(1 / 2 + 1 / 3, 1 / 2 + 1 / 3 + 1 / 2, 1 / 3 + 1 / 2))


@pytest.mark.parametrize("kind", GLOBAL)
@pytest.mark.parametrize("shape", [(6, 2), (3, 4, 2), (2, 2, 3, 2)])
def test_a_global_pool_reduces_all_places(kind, shape, rng):
    block, reduce = GLOBAL[kind]
    x = rng.standard_normal((5, *shape))
    expected = reduce(x, axis=tuple(range(1, len(shape))))
    assert_allclose(run(block, x)[0], expected, rtol=1e-12)


MASKED = {
    "MaxPool1D": MaxPool1D(),
    "MaxPool1D, same": MaxPool1D(3, 1, "same"),
    "AveragePool1D": AveragePool1D(),
    "AveragePool1D, same": AveragePool1D(3, 1, "same"),
    "GlobalAveragePool": GlobalAveragePool(),
    "GlobalMaxPool": GlobalMaxPool(),
}
every_masked = pytest.mark.parametrize("block", MASKED.values(), ids=list(MASKED))


@every_masked
def test_a_padded_sequence_has_the_y_of_itself_alone(block, rng):
    x, mask = rng.standard_normal((3, 8, 2)), np.arange(8) < np.full((3, 1), 4)
    y, alone = run(block, x, mask)[0], run(block, x[:, :4])[0]
    own = y if y.ndim == 2 else y[:, : alone.shape[1]]
    assert_allclose(own, alone, rtol=1e-12)


@every_masked
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_what_stands_in_the_padding_does_not_matter(block, share, rng):
    x, mask = rng.standard_normal((3, 8, 2)), rng.random((3, 8)) < share
    one, other = [
        run(block, np.where(mask[..., None], x, value), mask) for value in (100, np.nan)
    ]
    for got, expected in zip(one, other, strict=True):
        assert_array_equal(got, expected)


@every_masked
def test_padding_has_no_gradient(block, rng):
    x, mask = rng.standard_normal((3, 8, 2)), rng.random((3, 8)) < 0.4
    assert not run(block, x, mask)[2][~mask].any()


@every_masked
def test_without_any_step_y_is_0(block, rng):
    x = rng.standard_normal((3, 8, 2))
    y, _, dx = run(block, x, np.zeros((3, 8), bool))
    assert not y.any()
    assert not dx.any()


@pytest.mark.parametrize("make", [MaxPool1D, AveragePool1D])
@pytest.mark.parametrize(
    ("size", "stride", "padding", "expected"),
    [(2, None, "valid", [1, 0, 0]), (3, 1, "same", [1, 1, 0, 1, 1, 0, 0])],
)
def test_the_steps_of_y_are_those_of_the_sequence_without_padding(
    make, size, stride, padding, expected
):
    mask = np.array([[1, 0, 0, 0, 1, 0, 0]], bool)
    there = run(make(size, stride, padding), np.zeros((1, 7, 2)), mask)[1]
    assert_array_equal(there[0], np.array(expected, bool))


@pytest.mark.parametrize("block", [GlobalAveragePool(), GlobalMaxPool()])
def test_a_global_pool_ends_the_mask(block):
    assert run(block, np.zeros((1, 3, 2)), np.ones((1, 3), bool))[1] is None


def test_the_global_mean_of_images_counts_the_existing_steps():
    x = np.arange(12.0).reshape(1, 3, 2, 2)  # 3 steps of width 2 with 2 channels
    y = run(GlobalAveragePool(), x, np.array([[True, False, True]]))[0]
    assert_allclose(y, [[(0 + 2 + 8 + 10) / 4, (1 + 3 + 9 + 11) / 4]])


@pytest.mark.parametrize("block", [MaxPool1D(), AveragePool1D(2), GlobalMaxPool()])
@pytest.mark.parametrize("shared", [True, False])
def test_members_share_a_mask(block, shared, rng):
    x, mask = (
        rng.standard_normal((1 if shared else 3, 5, 6, 2)),
        rng.random((5, 6)) < 0.5,
    )
    ws = Workspace(np.float64, (6, 2))
    ws.mask = mask
    y = block.forward(None, x, ws, None)
    for k in range(len(x)):
        assert_allclose(y[k], run(block, x[k], mask)[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (MaxPool2D(0), "`size` of MaxPool2D must be an integer in [1, inf) or a pair"),
        (
            AveragePool1D(2, 0),
            "`stride` of AveragePool1D must be None or an integer in",
        ),
        (
            MaxPool1D(padding="causal"),
            "`padding` of MaxPool1D must be 'valid' or 'same'; got 'causal'.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(block, (5, 3), np.float64, rng)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            MaxPool2D(),
            "MaxPool2D must read rows of shape (height, width, channels); got rows of "
            "shape (5, 3).",
        ),
        (
            AveragePool1D(6),
            "`size` of AveragePool1D must fit into rows of shape (5, 3); got 6.",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_an_error(block, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Network(block, (5, 3), NO_PARAMS)


@pytest.mark.parametrize("name", ["GlobalAveragePool", "GlobalMaxPool"])
def test_a_global_pool_needs_places(name):
    block = {"GlobalAveragePool": GlobalAveragePool, "GlobalMaxPool": GlobalMaxPool}[
        name
    ]
    message = (
        f"{name} must read rows with an axis before that of the channels; got rows"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Network(block(), (5,), NO_PARAMS)
