"""Conv1D and Conv2D: values, padding, first weights, masks, chunks of rows."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import correlate, correlate2d

from sklearn_nn.blocks import Conv1D, Conv2D, Dense, Tanh
from sklearn_nn.blocks.convolution import _correlation as correlation
from sklearn_nn.core import (
    InvalidParameterError,
    Network,
    ParamLayout,
    Workspace,
    compile_network,
)

HE, GLOROT = np.sqrt(6 / 36), np.sqrt(6 / (36 + 18))  # 3 x 3, 4 channels, 2 filters


def compiled(block, shape, rng, members=None):
    net = compile_network(block, shape, np.float64, rng, members)
    net.params[:] = rng.standard_normal(net.params.size)
    return net


def kernels(net):
    views = net.layout.named_views(net.params)
    return views["W"], views["b"]


def correlated(x, W, b, step=1):
    """Return the valid correlation of each row by SciPy, at every ``step``-th place."""
    one = correlate2d if x.ndim == 4 else correlate
    places = (slice(None, None, step),) * (x.ndim - 2)
    y = [
        [
            sum(one(row[..., c], W[..., c, f], "valid") for c in range(W.shape[-2]))
            for f in range(W.shape[-1])
        ]
        for row in x
    ]
    return np.moveaxis(np.array(y), 1, -1)[:, *places] + b


def line(block, x, kernel):
    """Return y of one row with one channel, given as lists."""
    net = Network(block, (len(x), 1), np.array([*kernel, 0.0]))
    return net.forward(np.array(x, float)[None, :, None])[0, :, 0]


def run(block, x, mask, rng):
    """Return y, the mask of y, dx and the gradient where dy is 1."""
    layout = ParamLayout(block.param_tree(x.shape[1:]))
    params = np.random.default_rng(0).standard_normal(layout.size)
    grads, ws = np.empty(layout.size), Workspace(np.float64, x.shape[1:])
    p, g = layout.views(params), layout.views(grads)
    ws.mask = mask
    y = block.forward(p, x, ws, rng)
    there = ws.mask
    dy = np.ones(y.shape) if there is None else np.zeros(y.shape)
    if there is not None:
        dy[there] = 1
    return y, there, block.backward(p, g, dy, ws), grads


@pytest.mark.parametrize("channels", [1, 2, 5, 12])
@pytest.mark.parametrize("size", [1, 3, (2, 5)])
def test_conv2d_is_the_correlation(channels, size, rng):
    net = compiled(Conv2D(3, size, padding="valid"), (9, 8, channels), rng)
    x = rng.standard_normal((4, 9, 8, channels))
    assert_allclose(net.forward(x), correlated(x, *kernels(net)), rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 5, 12])
def test_conv1d_is_the_correlation(channels, rng):
    net = compiled(Conv1D(3, 4, padding="valid"), (9, channels), rng)
    x = rng.standard_normal((4, 9, channels))
    assert_allclose(net.forward(x), correlated(x, *kernels(net)), rtol=1e-12)


@pytest.mark.parametrize("size", [(3, 3), (5, 1)])
def test_same_adds_zeros_on_both_sides(size, rng):
    net = compiled(Conv2D(2, size), (6, 7, 3), rng)
    x = rng.standard_normal((4, 6, 7, 3))
    around = [(0, 0), *((n // 2, n // 2) for n in size), (0, 0)]
    expected = correlated(np.pad(x, around), *kernels(net))
    assert_allclose(net.forward(x), expected, rtol=1e-12)


def test_a_number_is_that_of_the_zeros_on_each_side(rng):
    net = compiled(Conv2D(2, 3, padding=(1, 2)), (6, 7, 3), rng)
    x = rng.standard_normal((4, 6, 7, 3))
    around = np.pad(x, [(0, 0), (1, 1), (2, 2), (0, 0)])
    assert_allclose(net.forward(x), correlated(around, *kernels(net)), rtol=1e-12)


@pytest.mark.parametrize("block", [Conv1D, Conv2D])
def test_a_stride_leaves_out_places(block, rng):
    shape = (9, 10, 3)[block is Conv1D :]
    net = compiled(block(2, 2, stride=3, padding="valid"), shape, rng)
    x = rng.standard_normal((4, *shape))
    assert_allclose(net.forward(x), correlated(x, *kernels(net), step=3), rtol=1e-12)


def test_a_dilated_kernel_has_zeros_in_between(rng):
    net = compiled(Conv2D(2, 3, padding="valid", dilation=(2, 1)), (9, 8, 3), rng)
    W, b = kernels(net)
    wide = np.zeros((5, 3, 3, 2))
    wide[::2] = W
    x = rng.standard_normal((4, 9, 8, 3))
    assert_allclose(net.forward(x), correlated(x, wide, b), rtol=1e-12)


@pytest.mark.parametrize("groups", [2, 4])
def test_groups_read_their_own_channels(groups, rng):
    net = compiled(Conv2D(8, 3, padding="valid", groups=groups), (5, 5, 4), rng)
    x, (W, b) = rng.standard_normal((3, 5, 5, 4)), kernels(net)
    parts = [np.split(a, groups, axis=-1) for a in (x, W, b)]
    expected = [correlated(*part) for part in zip(*parts, strict=True)]
    assert_allclose(net.forward(x), np.concatenate(expected, axis=-1), rtol=1e-12)


def test_the_activation_comes_last(rng):
    x = rng.standard_normal((4, 6, 7, 3))
    linear, bent = [
        compiled(Conv2D(2, 3, a), (6, 7, 3), rng) for a in ("identity", Tanh())
    ]
    bent.params[:] = linear.params
    assert_allclose(bent.forward(x), np.tanh(linear.forward(x)), rtol=1e-12)


def test_size_1_is_dense_at_every_place(rng):
    conv, dense = Conv2D(3, 1, "tanh"), Dense(3, "tanh")
    net = compiled(conv, (5, 6, 4), rng)
    x = rng.standard_normal((7, 5, 6, 4))
    expected = Network(dense, (5, 6, 4), net.params).forward(x)
    assert_allclose(net.forward(x), expected, rtol=1e-12)


def test_same_with_a_stride_is_tensorflows():
    # 13 entries, 6 under the kernel, stride 5: one zero before x and two after it.
    x, ones = range(1, 14), [1] * 6
    assert_array_equal(line(Conv1D(1, 6, stride=5), x, ones), [15, 45, 46])


def test_same_puts_the_odd_zero_after_x():
    assert_array_equal(line(Conv1D(1, 2), [1, 2, 3], [10, 1]), [12, 23, 30])


def test_valid_leaves_out_what_does_not_fill_a_window():
    block = Conv1D(1, 2, stride=2, padding="valid")
    assert_array_equal(line(block, [1, 2, 3, 4, 5], [10, 1]), [12, 34])


def test_causal_reads_no_later_step():
    block = Conv1D(1, 3, padding="causal", dilation=2)
    impulse = [0, 1, 0, 0, 0, 0, 0]
    assert_array_equal(line(block, impulse, [3, 2, 1]), [0, 1, 0, 2, 0, 3, 0])


@pytest.mark.parametrize(
    ("activation", "bound"), [("identity", HE), ("relu", HE), ("tanh", GLOROT)]
)
def test_the_first_kernels_fill_their_interval(activation, bound, rng):
    block = Conv2D(2, 3, activation)
    net = compile_network(block, (5, 5, 4), np.float64, rng, members=100)
    W, b = kernels(net)
    assert 0.99 * bound <= np.abs(W).max() <= bound
    assert not b.any()


@pytest.mark.parametrize("block", [Conv2D(3), Conv2D(4, (3, 2), stride=2, groups=2)])
def test_chunks_of_rows_change_nothing(block, monkeypatch, rng):
    net = compiled(block, (6, 5, 4), rng)
    x, dy = (rng.standard_normal((7, *s)) for s in ((6, 5, 4), net.out_shape))
    y = net.forward(x).copy()
    dx = net.backward(dy, need_dx=True).copy()
    whole = net.grads.copy()
    monkeypatch.setattr(correlation, "CHUNK_BYTES", 20_000)  # 2 rows or 3
    assert_allclose(net.forward(x), y, rtol=1e-12)
    assert_allclose(net.backward(dy, need_dx=True), dx, rtol=1e-12, atol=1e-13)
    assert_allclose(net.grads, whole, rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 4])
def test_the_order_of_copying_changes_nothing(channels, monkeypatch, rng):
    net = compiled(Conv2D(3), (6, 5, channels), rng)
    x = rng.standard_normal((7, 6, 5, channels))
    y = net.forward(x).copy()
    monkeypatch.setattr(correlation, "FEW", 1000 if channels == 4 else 0)
    assert_allclose(net.forward(x), y, rtol=1e-12)


SEQUENCES = {
    "same": Conv1D(2),
    "causal": Conv1D(2, padding="causal", dilation=2),
    "same, stride": Conv1D(2, 1, stride=2),
    "causal, stride": Conv1D(2, padding="causal", stride=2),
    "zeros around": Conv1D(2, padding=1),
}
every_sequence = pytest.mark.parametrize(
    "block", SEQUENCES.values(), ids=list(SEQUENCES)
)


@every_sequence
def test_a_padded_sequence_has_the_y_of_itself_alone(block, rng):
    x = rng.standard_normal((3, 9, 4))
    y, there, _, _ = run(block, x, np.arange(9) < np.full((3, 1), 5), rng)
    alone = run(block, x[:, :5], None, rng)[0]
    assert_allclose(y[:, : alone.shape[1]], alone, rtol=1e-12)
    assert there[:, : alone.shape[1]].all()


@every_sequence
def test_what_stands_in_the_padding_does_not_matter(block, rng):
    x, mask = rng.standard_normal((3, 9, 4)), rng.random((3, 9)) < 0.5
    other = np.where(mask[..., None], x, np.nan)
    for got, expected in zip(
        run(block, other, mask, rng), run(block, x, mask, rng), strict=True
    ):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("shared", [True, False])
def test_members_share_a_mask(shared, rng):
    x, mask = (
        rng.standard_normal((1 if shared else 3, 5, 9, 4)),
        rng.random((5, 9)) < 0.5,
    )
    net, ws = compiled(Conv1D(2), (9, 4), rng, members=3), Workspace(np.float64, (9, 4))
    p, ws.mask = net.layout.views(net.params), mask
    y = net.block.forward(p, x, ws, None)
    zeroed = np.where(mask[..., None], x, 0)
    assert_allclose(y, net.forward(zeroed), rtol=1e-12)


def test_a_chunk_of_rows_has_its_own_mask(monkeypatch, rng):
    x, mask = rng.standard_normal((20, 9, 4)), rng.random((20, 9)) < 0.5
    expected = run(Conv1D(2), x, mask, rng)[0]
    monkeypatch.setattr(correlation, "CHUNK_BYTES", 2000)
    assert_allclose(run(Conv1D(2), x, mask, rng)[0], expected, rtol=1e-12)


@every_sequence
def test_padding_has_no_gradient(block, rng):
    x, mask = rng.standard_normal((3, 9, 4)), rng.random((3, 9)) < 0.5
    assert not run(block, x, mask, rng)[2][~mask].any()


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (Conv1D(2), "1100110"),
        (Conv1D(2, padding="causal"), "1100110"),
        (Conv1D(2, stride=2), "1010"),
        (Conv1D(2, 2, padding="valid"), "110110"),
        (Conv1D(2, 2, padding="valid", dilation=2), "11110"),
        (Conv1D(2, padding=1, stride=3), "110"),
    ],
)
def test_the_mask_of_y(block, expected, rng):
    mask = np.array([[c == "1" for c in "1100110"]])
    there = run(block, np.zeros((1, 7, 4)), mask, rng)[1]
    assert_array_equal(there[0], [c == "1" for c in expected])


def test_a_mask_of_images_is_that_of_their_first_axis(rng):
    x, mask = rng.standard_normal((3, 6, 5, 4)), np.arange(6) < np.full((3, 1), 4)
    y, there, _, _ = run(Conv2D(2), x, mask, rng)
    alone = run(Conv2D(2), x[:, :4], None, rng)[0]
    assert_allclose(y[:, :4], alone, rtol=1e-12)
    assert_array_equal(there, mask)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Conv2D(0), "`filters` of Conv2D must be an integer in [1, inf); got 0."),
        (
            Conv2D(2, (3, 0)),
            "`kernel_size` of Conv2D must be an integer in [1, inf) or a pair of them; "
            "got (3, 0).",
        ),
        (
            Conv2D(2, padding="causal"),
            "`padding` of Conv2D must be 'same' or 'valid' or an integer in [0, inf) "
            "or a pair of them; got 'causal'.",
        ),
        (Conv2D(2, stride=0), "`stride` of Conv2D must be an integer in [1, inf) or"),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(block, (5, 5, 3), np.float64, rng)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            Conv1D(2),
            "Conv1D must read rows of shape (time, channels); got rows of shape "
            "(5, 6, 4). A `Reshape` before it gives them these axes.",
        ),
        (
            Conv2D(2, 7, padding="valid"),
            "`kernel_size` of Conv2D must fit into rows of shape (5, 6, 4); got 7. "
            '`padding="same"` makes any size fit.',
        ),
        (
            Conv2D(2, 3, padding=3),
            "`padding` of Conv2D must be less than the window, which covers 3 entries; "
            "got 3.",
        ),
        (
            Conv2D(6, groups=3),
            "`groups` of Conv2D must divide the channels of its rows, 4, and its "
            "`filters`, 6; got 3.",
        ),
        (
            Conv2D(3, groups=2),
            "`groups` of Conv2D must divide the channels of its rows, 4, and its "
            "`filters`, 3; got 2.",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_an_error(block, message, rng):
    with pytest.raises(ValueError, match=re.escape(message)):
        compile_network(block, (5, 6, 4), np.float64, rng)
