"""The law of padding: a sequence has the same y and gradients with and without it.

The oracle knows no padding: it reads each sequence alone, cut to its own length.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_every_block import CASES

from sklearn_nn.blocks import (
    GRU,
    LSTM,
    AveragePool1D,
    BatchNorm,
    Bidirectional,
    Conv1D,
    Dense,
    Dropout,
    Function,
    GlobalAveragePool,
    Graph,
    LayerNorm,
    MaxPool1D,
    Parallel,
    PositionalEncoding,
    Residual,
    SelfAttention,
    SimpleRNN,
    Tanh,
    chain,
    parallel,
)
from sklearn_nn.core import compile_network

TIME, D = 8, 4
# Of the blocks of the other laws: those that read (time, d) and whose parameters and
# rows do not depend on the time.
OTHERS = {
    "Function, by autograd": "of all steps at once, for all that it knows",
    "Flatten": "y has the entries of all steps",
    "Permute": "time becomes another axis",
    "PositionalEmbedding": "a vector for each position",
    "Reshape": "y has the entries of all steps",
}
MORE = {
    "Conv1D, padding 1": Conv1D(3, 3, padding=1),
    "Conv1D, padding 2": Conv1D(3, 3, padding=2),
    "Conv1D, padding 2, stride": Conv1D(3, 3, padding=2, stride=3),
    "Conv1D, dilated": Conv1D(3, 2, padding="valid", dilation=2),
    "MaxPool1D, overlapping": MaxPool1D(3, stride=1),
    "MaxPool1D, same, of stride 1": MaxPool1D(3, stride=1, padding="same"),
    "AveragePool1D, overlapping": AveragePool1D(3, stride=1),
    "AveragePool1D, same, of stride 1": AveragePool1D(3, stride=1, padding="same"),
    "Function per step": Function(lambda x: np.log(x**2), per_step=True),
    "Function, a sum over features": Function(
        lambda x: (x**2).sum(-1, keepdims=True), per_step=True
    ),
    "transformer": chain(
        PositionalEncoding(),
        Residual(chain(LayerNorm(), SelfAttention(2))),
        Residual(chain(LayerNorm(), Dense(5, "gelu"), Dense(4))),
        GlobalAveragePool(),
    ),
    "stacked": chain(GRU(3, return_sequences=True), Dense(3), LSTM(2)),
    "convolutions": chain(Conv1D(3), MaxPool1D(), Conv1D(2, 2, padding="valid")),
    "causal and back": Residual(
        chain(
            Conv1D(3, 2, padding="causal"),
            Bidirectional(SimpleRNN(2, return_sequences=True)),
        )
    ),
    "two lengths": parallel(
        Conv1D(2, 3, padding="valid"), MaxPool1D(3, stride=1), merge="concat"
    ),
    "normalized": chain(BatchNorm(), Tanh(), GRU(2)),
    "graph of sequences": Graph(
        [
            ("a", GRU(3, return_sequences=True), "input"),
            ("b", Conv1D(3), "input"),
            ("c", "multiply", ["a", "b"]),
            ("d", SelfAttention(3), ["c"]),
            ("e", LSTM(2), ["a", "d"]),
        ]
    ),
    "dropped": chain(Dropout(0.5), GRU(2)),
}
BY_POSITION = {"PositionalEncoding", "transformer"}  # from the first entry on
EVEN = {"AveragePool1D, same", "MaxPool1D, same"}  # where windows begin depends on it


def reads_sequences(block):
    """Whether the block reads rows (time, d), with the same parameters for any time."""
    try:
        shapes = [compiled(block, (time, D)).layout.shapes for time in (TIME, TIME - 2)]
    except (ValueError, TypeError):
        return False
    return shapes[0] == shapes[1]


def compiled(block, shape):
    return compile_network(block, shape, np.float64, np.random.default_rng(0))


SEQUENCE = {
    name: block
    for name, block in (CASES | MORE).items()
    if name not in OTHERS
    and name.split(" of")[0] not in OTHERS
    and reads_sequences(block)
}


def run(net, x, mask, dy=None):
    """Return y, its mask, the gradient of the parameters and dx; ``dy`` is of y."""
    net._ws.mask = mask
    y = net.block.forward(net._p, x, net._ws, None).copy()
    left = net._ws.mask
    g = net.layout.views(net.grads)
    dy = np.cos(np.arange(y.size)).reshape(y.shape) if dy is None else dy
    if left is not None:
        dy = np.where(left.reshape(*left.shape, *(1,) * (y.ndim - left.ndim)), dy, 0)
    net.grads.fill(0)
    dx = net.block.backward(net._p, g, dy.copy(), net._ws, need_dx=True)
    return y, left, net.grads.copy(), dx.copy(), dy


@pytest.mark.parametrize("where", ["after", "before"])
@pytest.mark.parametrize("name", SEQUENCE)
def test_a_sequence_is_the_same_with_and_without_padding(name, where, rng):
    if where == "before" and name in BY_POSITION:
        pytest.skip("Positions are counted from the first entry.")
    block = SEQUENCE[name]
    lengths = [8, 6, 4] if name in EVEN else [8, 7, 5, 6]
    mask = np.arange(TIME) < np.array(lengths)[:, None]
    mask = mask if where == "after" else mask[:, ::-1]
    if where == "before" and strides(block):
        mask = mask[[0, *np.flatnonzero((TIME - np.array(lengths)) % 6 == 0)]]
    x = rng.standard_normal((len(mask), TIME, D))
    net = compiled(block, (TIME, D))
    y, left, grads, dx, dy = run(net, np.where(mask[..., None], x, 0), mask)
    total = np.zeros_like(grads)
    for i, exists in enumerate(mask):
        alone = compiled(block, (int(exists.sum()), D))
        alone.params[:] = net.params
        own = dy[i] if left is None else dy[i][left[i]]
        y_own, _, g_own, dx_own, _ = run(alone, x[i : i + 1, exists], None, own[None])
        assert_allclose(y[i] if left is None else y[i][left[i]], y_own[0], 1e-9, 1e-12)
        assert_allclose(dx[i][exists], dx_own[0], rtol=1e-9, atol=1e-12)
        total += g_own
    assert_allclose(grads, total, rtol=1e-9, atol=1e-11)


def strides(block):
    """Whether a window of the block begins at some steps only."""
    text = str(block)
    return "stride" in text or "MaxPool1D()" in text or "AveragePool1D()" in text


# What goes over time selects the steps that exist; it must not multiply them by 0.
OVER_TIME = {
    "GRU": GRU(2),
    "LSTM": LSTM(2, return_sequences=True),
    "SimpleRNN": SimpleRNN(2),
    "reverse": GRU(2, reverse=True),
    "Bidirectional": Bidirectional(GRU(2)),
    "BatchNorm": BatchNorm(),
    "SelfAttention": SelfAttention(2),
    "Conv1D": Conv1D(2),
    "Conv1D, valid": Conv1D(2, padding="valid"),
    "MaxPool1D": MaxPool1D(),
    "AveragePool1D": AveragePool1D(),
    "GlobalAveragePool": GlobalAveragePool(),
    "GlobalMaxPool": CASES["GlobalMaxPool"],
    "Flatten": CASES["Flatten"],
    "Function": Function(np.sin, np.cos),
    "Function of all steps": Function(lambda x: x.sum(1) ** 2),
}


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("trains", [False, True])
@pytest.mark.parametrize("name", OVER_TIME)
def test_what_stands_at_missing_steps_does_not_matter(name, trains, garbage, rng):
    x, mask = rng.standard_normal((3, TIME, D)), rng.random((3, TIME)) < 0.6
    results = []
    for value in (0.0, garbage):
        net = compiled(OVER_TIME[name], (TIME, D))
        net._ws.mask = mask.copy()
        noise = np.random.default_rng(1) if trains else None
        read = np.where(mask[..., None], x, value)
        y = net.block.forward(net._p, read, net._ws, noise).copy()
        left = net._ws.mask
        dy = np.sin(np.arange(y.size)).reshape(y.shape)
        net.grads.fill(0)
        g = net.layout.views(net.grads)
        dx = net.block.backward(net._p, g, dy, net._ws, need_dx=True).copy()
        y = y if left is None else y[left]
        results.append((y, net.grads.copy(), dx))
        assert not dx[~mask].any()
    for one, other in zip(*results, strict=True):
        assert_array_equal(one, other)


class Squares(Tanh):
    """A block that knows nothing of masks, as a user may write one."""

    def out_shape(self, in_shape):
        return in_shape[-1:]

    def forward(self, p, x, ws, rng):
        ws.saved, ws.mask = x, None
        return (x**2).sum(axis=-2)

    def backward(self, p, g, dy, ws, *, need_dx=True):
        return 2 * ws.saved * dy[..., None, :]


@pytest.mark.parametrize(
    "block",
    [
        GRU(3, return_sequences=True),
        LSTM(3, return_sequences=True, reverse=True),
        Bidirectional(SimpleRNN(2, return_sequences=True)),
        SelfAttention(2),
        Conv1D(3, padding="valid"),
        MaxPool1D(),
        AveragePool1D(),
        BatchNorm(),
        Function(np.sin, np.cos),
        Residual(GRU(D, return_sequences=True)),
        parallel(Conv1D(3, padding="valid"), MaxPool1D(3, stride=1)),
    ],
    ids=lambda block: type(block).__name__,
)
def test_what_a_block_of_a_user_makes_of_missing_steps_has_its_gradient(block, rng):
    x, mask = rng.standard_normal((3, TIME, D)), rng.random((3, TIME)) < 0.6
    net = compiled(chain(block, Squares()), (TIME, D))
    r = None

    def value(x):
        net._ws.mask = mask
        return net.block.forward(net._p, x, net._ws, None)

    r = np.cos(np.arange(value(x).size)).reshape(value(x).shape)
    value(x)
    net.grads.fill(0)
    g = net.layout.views(net.grads)
    dx = net.block.backward(net._p, g, r, net._ws, need_dx=True).copy()
    found = np.concatenate([net.grads.copy(), dx.ravel()])
    numeric = []
    for array in (net.params, x):
        for i in range(array.size):
            kept = array.flat[i]
            sides = []
            for step in (1e-5, -1e-5):
                array.flat[i] = kept + step
                sides.append(float(np.sum(r * value(x))))
            array.flat[i] = kept
            numeric.append((sides[0] - sides[1]) / 2e-5)
    n_state = net.params.size - net.layout.n_trained
    assert n_state == 0 or isinstance(block, BatchNorm)
    trained = np.ones(len(found), bool)
    trained[net.layout.n_trained : net.params.size] = False
    assert_allclose(found[trained], np.array(numeric)[trained], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("merge", ["add", "multiply", "max", "mean", "concat"])
def test_a_merged_step_exists_if_one_of_them_has_it_and_is_0_where_one_misses_it(merge):
    first, second = np.array([[1, 1, 0, 0]], bool), np.array([[1, 0, 1, 0]], bool)

    class Masked(Tanh):
        def __init__(self, mask, value):
            self.mask, self.value = mask, value

        def forward(self, p, x, ws, rng):
            ws.mask = self.mask
            return np.full_like(x, self.value)

    expected = {
        "add": [5, 2, 3, 0],
        "multiply": [6, 0, 0, 0],
        "max": [3, 2, 3, 0],
        "mean": [2.5, 1, 1.5, 0],
    }
    for masks in ((first, second), (second, first)):
        values = [2.0 if mask is first else 3.0 for mask in masks]
        parts = [
            (f"m{i}", Masked(*pair))
            for i, pair in enumerate(zip(masks, values, strict=True))
        ]
        nodes = [(name, block, "input") for name, block in parts]
        for block in (
            Parallel(parts, merge),
            Graph([*nodes, ("y", merge, ["m0", "m1"])]),
        ):
            net = compiled(block, (4, 1))
            y = net.block.forward(net._p, np.ones((1, 4, 1)), net._ws, None)
            assert_array_equal(net._ws.mask, [[1, 1, 1, 0]])
            if merge == "concat":
                own = [[2, 2, 0, 0], [3, 0, 3, 0]]
                own = own if masks[0] is first else own[::-1]
                assert_array_equal(y[0, :3].T, np.array(own)[:, :3])
            else:
                assert_array_equal(y[0, :3, 0], expected[merge][:3])


def test_where_one_of_them_has_all_steps_the_merged_one_has():
    half = np.array([[True, False]])
    net = compiled(parallel(Tanh(), Function(lambda x: x), merge="add"), (2, 1))
    net._ws.mask = half
    y = net.block.forward(net._p, np.ones((1, 2, 1)), net._ws, None)
    assert net._ws.mask is None
    assert_allclose(y[0, :, 0], [np.tanh(1) + 1, 0])
