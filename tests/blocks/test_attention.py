"""Attention: textbook loops, steps that do not exist, and positions."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from padding import Padded
from scipy.special import softmax

from sklearn_nn.blocks import (
    Dense,
    GlobalAveragePool,
    LayerNorm,
    PositionalEmbedding,
    PositionalEncoding,
    Residual,
    SelfAttention,
    ToSequence,
    chain,
)
from sklearn_nn.core import InvalidParameterError, compile_network
from sklearn_nn.inspection import check_gradient

MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0] * 5], bool)
sequence_block = pytest.mark.parametrize(
    "block", [SelfAttention(), PositionalEncoding(), PositionalEmbedding()]
)


def compiled(block, shape, rng, dtype=np.float64):
    return compile_network(block, shape, dtype, rng)


def named(net):
    return net.layout.named_views(net.params)


def textbook(p, x, heads, causal=False):
    """Return the attention of the steps of one sequence, query by query."""
    d = x.shape[1]
    q, k, v = np.split(x @ p["qkv/W"] + p["qkv/b"], 3, axis=1)
    rows = []
    for t in range(len(x)):
        until, parts = t + 1 if causal else len(x), []
        for head in np.split(np.arange(d), heads):
            scores = k[:until, head] @ q[t, head] / math.sqrt(len(head))
            parts.append(softmax(scores) @ v[:until, head])
        rows.append(np.concatenate(parts) @ p["out/W"] + p["out/b"])
    return np.array(rows)


@pytest.mark.parametrize("heads", [1, 2, 6])
@pytest.mark.parametrize("causal", [False, True])
def test_the_values_are_those_of_textbook_loops(heads, causal, rng):
    net = compiled(SelfAttention(heads, causal=causal), (5, 6), rng)
    x = 3 * rng.standard_normal((4, 5, 6))
    expected = [textbook(named(net), row, heads, causal) for row in x]
    assert_allclose(net.forward(x), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
def test_steps_that_do_not_exist_are_not_attended_to(causal, rng):
    net = compiled(Padded(SelfAttention(2, causal=causal), MASK), (5, 6), rng)
    x = rng.standard_normal((4, 5, 6))
    y = net.forward(np.where(MASK[..., None], x, 1e6))
    for i in range(3):
        expected = textbook(named(net), x[i, MASK[i]], 2, causal)
        assert_allclose(y[i, MASK[i]], expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_without_any_step_attends_to_nothing(causal, dtype, rng):
    block = Padded(SelfAttention(2, causal=causal), MASK)
    net = compiled(block, (5, 6), rng, dtype)
    y = net.forward(rng.standard_normal((4, 5, 6)).astype(dtype))
    assert_array_equal(y[3], np.tile(named(net)["out/b"], (5, 1)))
    dx = net.backward(np.ones_like(y), need_dx=True)
    assert np.isfinite(net.grads).all()
    assert not dx[3].any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("members", [None, 2])
def test_the_backward_of_padded_steps_is_the_derivative(causal, members):
    block = Padded(SelfAttention(2, dropout=0.2, causal=causal), MASK)
    check_gradient(block, (5, 4), n=4, members=members)


def test_a_causal_step_does_not_see_later_ones(rng):
    net = compiled(SelfAttention(2, causal=True), (5, 4), rng)
    x = rng.standard_normal((3, 5, 4))
    before = net.forward(x).copy()
    x[:, 3:] += 1
    after = net.forward(x)
    assert_array_equal(after[:, :3], before[:, :3])
    assert (after[:, 3:] != before[:, 3:]).all()


def test_without_positions_the_order_of_the_steps_is_that_of_the_output(rng):
    net = compiled(SelfAttention(2), (5, 4), rng)
    x = rng.standard_normal((3, 5, 4))
    y = net.forward(x).copy()
    assert_allclose(net.forward(x[:, ::-1].copy()), y[:, ::-1], rtol=1e-12, atol=1e-14)


def test_large_scores_do_not_overflow(rng):
    net = compiled(SelfAttention(1), (5, 4), rng, np.float32)
    x = 1e4 * rng.standard_normal((3, 5, 4)).astype(np.float32)
    y = net.forward(x)
    assert np.isfinite(y).all()
    assert np.isfinite(net.backward(np.ones_like(y), need_dx=True)).all()


def test_the_mean_over_dropout_is_the_output_without(rng):
    net = compiled(SelfAttention(2, dropout=0.4), (3, 4), rng)
    x = rng.standard_normal((1, 3, 4))
    expected, n = net.forward(x).copy(), 20_000
    draws = net.forward(np.repeat(x, n, axis=0), rng)
    error = draws.std(axis=0) / math.sqrt(n)
    assert (np.abs(draws.mean(axis=0) - expected) <= 6 * error).all()
    assert (error > 0).all()


def test_a_transformer_has_the_right_gradient():
    attention = Residual(chain(LayerNorm(), SelfAttention(2)))
    feed_forward = Residual(chain(LayerNorm(), Dense(16, "gelu"), Dense(4)))
    net = chain(Dense(4), PositionalEncoding(), attention, feed_forward, Dense(1))
    check_gradient(net, (5, 3), members=2)


def test_a_transformer_does_not_notice_padding(rng):
    attention = Residual(chain(LayerNorm(), SelfAttention(2)))
    first = ToSequence(2, padding="nan")
    net = chain(first, Dense(8), attention, GlobalAveragePool(), Dense(1))
    short, long = [compiled(net, (2 * time,), rng) for time in (4, 7)]
    long.params[:] = short.params
    x = rng.standard_normal((3, 8))
    padded = np.concatenate([np.full((3, 2), np.nan), x, np.full((3, 4), np.nan)], 1)
    assert_allclose(long.infer(padded), short.infer(x), rtol=1e-12)


@pytest.mark.parametrize(
    ("t", "i", "value"),
    [
        (0, 0, 0.0),
        (0, 3, 1.0),
        (3, 0, math.sin(3)),
        (3, 1, math.cos(3)),
        (3, 2, math.sin(0.03)),  # 10000 to the power of 2 / 4 is 100
        (3, 3, math.cos(0.03)),
    ],
)
def test_the_sines_and_cosines_are_those_of_the_paper(t, i, value, rng):
    net = compiled(PositionalEncoding(), (4, 4), rng)
    assert net.forward(np.zeros((1, 4, 4)))[0, t, i] == pytest.approx(value)


def test_positions_are_added(rng):
    net = compiled(PositionalEncoding(), (6, 5), rng)
    x = rng.standard_normal((3, 6, 5))
    positions = net.forward(np.zeros((1, 6, 5))).copy()
    assert_allclose(net.forward(x), x + positions, rtol=1e-14)


def test_trained_positions_are_added(rng):
    net = compiled(PositionalEmbedding(), (6, 5), rng)
    x = rng.standard_normal((3, 6, 5))
    assert_array_equal(net.forward(x), x + named(net)["P"])
    assert net.layout.n_weights == 0
    net.backward(np.ones((3, 6, 5)))
    assert_array_equal(net.grads, 3)


def test_the_first_trained_positions_are_normal(rng):
    net = compiled(PositionalEmbedding(init_std=0.5), (200, 500), rng)
    assert net.params.std() == pytest.approx(0.5, rel=0.02)


@sequence_block
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)])
def test_rows_must_be_sequences(block, shape):
    message = f"of shape (time, features); got rows of shape {shape}. ToSequence makes"
    with pytest.raises(ValueError, match=re.escape(message)):
        block.out_shape(shape)


def test_the_heads_must_divide_the_features():
    message = "`heads` of SelfAttention must divide the 6 features that it reads; got 4"
    with pytest.raises(ValueError, match=message):
        SelfAttention().out_shape((5, 6))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (SelfAttention(0), "`heads` of SelfAttention must be an integer in [1, inf)"),
        (SelfAttention(dropout=1), "`dropout` of SelfAttention must be a number in [0"),
        (SelfAttention(causal=1), "`causal` of SelfAttention must be True or False"),
        (PositionalEmbedding(-1), "`init_std` of PositionalEmbedding must be a number"),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block, (5, 4), rng)
