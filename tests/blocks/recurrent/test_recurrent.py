"""SimpleRNN, GRU, LSTM and Bidirectional: values, padding, cuts and noise."""

import re
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import (
    GRU,
    LSTM,
    Bidirectional,
    Conv1D,
    Dense,
    Dropout,
    GlobalAveragePool,
    Graph,
    MaxPool1D,
    ReLU,
    SelfAttention,
    SimpleRNN,
    ToSequence,
    chain,
    parallel,
)
from sklearn_nn.blocks.recurrent import _tape as tape
from sklearn_nn.core import InvalidParameterError, Network, Workspace, compile_network

T, D, UNITS = 7, 3, 4
KINDS = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def parts(a, n):
    return np.split(a, n)


def textbook_rnn(p, x_t, h):
    return (np.tanh(x_t @ p["W"] + h[0] @ p["U"] + p["b"]),)


def textbook_gru(p, x_t, h):
    a_r, a_z, a_n = parts(x_t @ p["W"] + p["b"], 3)
    m_r, m_z, m_n = parts(h[0] @ p["U"], 3)
    r, z = sigmoid(a_r + m_r), sigmoid(a_z + m_z)
    n = np.tanh(a_n + r * (m_n + p["c"]))
    return (z * h[0] + (1 - z) * n,)


def textbook_lstm(p, x_t, state):
    h, c = state
    a_i, a_f, a_o, a_g = parts(x_t @ p["W"] + h @ p["U"] + p["b"], 4)
    c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
    return sigmoid(a_o) * np.tanh(c), c


TEXTBOOK = {SimpleRNN: textbook_rnn, GRU: textbook_gru, LSTM: textbook_lstm}


def textbook_states(kind, p, x, start=None):
    """Return the states of one row x (time, d) after each step, and the first."""
    zero = np.zeros(len(p["U"]))
    states = [start or ((zero, zero) if kind is LSTM else (zero,))]
    for x_t in x:
        states.append(TEXTBOOK[kind](p, x_t, states[-1]))
    return states


def textbook(kind, p, x, start=None):
    """Return h of one row at each step: (time, units)."""
    return np.array([state[0] for state in textbook_states(kind, p, x, start)[1:]])


def random_network(block, rng, shape=(T, D), members=None):
    """Return a network none of whose parameters is zero."""
    net = compile_network(block, shape, np.float64, rng, members)
    net.params += 0.3 * rng.standard_normal(net.params.size)
    return net


def named(net, flat=None):
    return net.layout.named_views(net.params if flat is None else flat)


def gradients(net, x, dy):
    """Return y, the gradient of the parameters, and dx."""
    y = net.forward(x).copy()
    dx = net.backward(dy, need_dx=True)
    return y, net.grads.copy(), dx.copy()


def test_the_states_of_a_simple_rnn_are_those_on_paper():
    net = Network(SimpleRNN(1, "identity", return_sequences=True), (3, 1), np.ones(3))
    net.params[:] = 2, 3, 1  # W, U, b
    assert_array_equal(
        net.forward(np.array([[[1.0], [0], [-1]]]))[0], [[3], [10], [29]]
    )


def test_the_gradient_of_a_simple_rnn_is_that_on_paper():
    net = Network(SimpleRNN(1, "identity"), (3, 1), np.array([2.0, 3, 1]))
    net.forward(np.array([[[1.0], [0], [-1]]]))
    dx = net.backward(np.ones((1, 1)), need_dx=True)
    assert_array_equal(dx[0], [[18], [6], [2]])  # W U^2, W U, W
    # dh = 9, 3, 1; W: sum of dh * x; U: of dh * h before; b: of dh.
    assert_array_equal(net.grads, [8, 3 * 3 + 10, 13])


@every_kind
def test_sequences_are_those_of_the_textbook(kind, rng):
    net = random_network(kind(UNITS, return_sequences=True), rng)
    x = rng.standard_normal((5, T, D))
    expected = [textbook(kind, named(net), row) for row in x]
    assert_allclose(net.forward(x), expected, rtol=1e-12)


@every_kind
def test_the_last_state_is_that_of_the_textbook(kind, rng):
    net = random_network(kind(UNITS), rng)
    x = rng.standard_normal((5, T, D))
    expected = [textbook(kind, named(net), row)[-1] for row in x]
    assert_allclose(net.forward(x), expected, rtol=1e-12)


@every_kind
def test_in_reverse_the_last_step_comes_first(kind, rng):
    net = random_network(kind(UNITS, return_sequences=True, reverse=True), rng)
    x = rng.standard_normal((5, T, D))
    expected = [textbook(kind, named(net), row[::-1])[::-1] for row in x]
    assert_allclose(net.forward(x), expected, rtol=1e-12)


@every_kind
def test_bidirectional_sets_both_directions_side_by_side(kind, rng):
    net = random_network(Bidirectional(kind(UNITS)), rng)
    x = rng.standard_normal((5, T, D))
    p = {"forward": {}, "backward": {}}
    for path, view in named(net).items():
        way, name = path.split("/")
        p[way][name] = view
    there = [textbook(kind, p["forward"], row)[-1] for row in x]
    back = [textbook(kind, p["backward"], row[::-1])[-1] for row in x]
    assert_allclose(net.forward(x), np.hstack([there, back]), rtol=1e-12)


@every_kind
def test_large_sums_do_not_overflow(kind, rng):
    net = compile_network(kind(UNITS), (T, D), np.float32, rng)
    net.params *= 1e4
    y = net.forward(1e4 * rng.standard_normal((5, T, D)).astype(np.float32))
    assert np.isfinite(y).all()


@every_kind
@pytest.mark.parametrize("steps_at_once", [1, 2])
def test_nothing_depends_on_how_many_steps_are_computed_at_once(
    kind, steps_at_once, rng, monkeypatch
):
    net = random_network(kind(UNITS, return_sequences=True), rng)
    x, dy = rng.standard_normal((5, T, D)), rng.standard_normal((5, T, UNITS))
    expected = gradients(net, x, dy)
    monkeypatch.setattr(tape, "CHUNK_ROWS", 5 * steps_at_once)
    for got, want in zip(gradients(net, x, dy), expected, strict=True):
        assert_allclose(got, want, rtol=1e-12, atol=1e-14)


STACKS = {
    "SimpleRNN": chain(SimpleRNN(UNITS)),
    "GRU": chain(GRU(UNITS)),
    "LSTM": chain(LSTM(UNITS)),
    "LSTM, reverse": chain(LSTM(UNITS, reverse=True)),
    "Bidirectional": chain(Bidirectional(GRU(UNITS))),
    "stack": chain(
        GRU(UNITS, return_sequences=True),
        Dense(3, "tanh"),
        Bidirectional(LSTM(3, return_sequences=True)),
        Dense(2, "relu"),
        SimpleRNN(2),
    ),
}
every_stack = pytest.mark.parametrize("block", STACKS.values(), ids=STACKS)


def padded(block):
    return chain(ToSequence(D, padding="nan"), block)


@every_stack
@pytest.mark.parametrize("kept", [slice(0, 5), slice(2, 7), [0, 1, 3, 6]], ids=str)
def test_padding_changes_nothing(block, kept, rng):
    x, dy = rng.standard_normal((4, T, D))[:, kept], rng.standard_normal((4, 1))
    plain = random_network(block, rng, x.shape[1:])
    with_nan = np.full((4, T, D), np.nan)
    with_nan[:, kept] = x
    net = Network(padded(block), (T, D), plain.params)
    dy = np.repeat(dy, plain.out_shape[0], axis=1)
    y, grads, dx = gradients(plain, x, dy)
    y_padded, grads_padded, dx_padded = gradients(net, with_nan, dy)
    assert_allclose(y_padded, y, rtol=1e-12)
    assert_allclose(grads_padded, grads, rtol=1e-10, atol=1e-13)
    assert_allclose(dx_padded[:, kept], dx, rtol=1e-10, atol=1e-13)


@every_stack
def test_the_gradient_of_padding_is_zero(block, rng):
    net = random_network(padded(block), rng)
    x = rng.standard_normal((4, T, D))
    x[0, 5:] = x[1, :2] = x[2, 3] = np.nan
    _, _, dx = gradients(net, x, rng.standard_normal((4, *net.out_shape)))
    assert not dx[np.isnan(x)].any()
    assert dx[~np.isnan(x)].all() or block is STACKS["stack"]  # relu may be off


@every_stack
@pytest.mark.parametrize("members", [None, 3])
def test_rows_of_different_lengths_go_together(block, members, rng):
    net = random_network(padded(block), rng, members=members)
    x = rng.standard_normal((4, T, D))
    x[0, 5:] = x[1, 2:] = x[2, :3] = np.nan
    lead = () if members is None else (members,)
    dy = rng.standard_normal((*lead, 4, *net.out_shape))
    y = net.forward(x).copy()
    net.backward(dy)
    together, alone = net.grads.copy(), np.zeros_like(net.grads)
    for i, row in enumerate(x):
        there = row[~np.isnan(row[:, 0])]
        single = Network(block, there.shape, net.params, members)
        assert_allclose(
            single.forward(there[None])[..., 0, :], y[..., i, :], rtol=1e-12
        )
        single.backward(dy[..., i : i + 1, :])
        alone += single.grads
    assert_allclose(together, alone, rtol=1e-10, atol=1e-13)


@every_kind
def test_a_sequence_is_zero_where_a_step_is_missing(kind, rng):
    net = random_network(padded(kind(UNITS, return_sequences=True)), rng)
    x = rng.standard_normal((4, T, D))
    x[0, 5:] = x[1, :2] = np.nan
    missing = np.isnan(x[..., 0])
    y = net.forward(x)
    assert not y[missing].any()
    assert y[~missing].all()


@every_kind
@pytest.mark.parametrize("sequences", [False, True])
def test_the_mask_goes_on_with_the_steps(kind, sequences, rng):
    net = random_network(kind(UNITS, return_sequences=sequences), rng)
    ws, mask = Workspace(np.float64, (T, D)), rng.random((4, T)) < 0.5
    ws.mask = mask.copy()
    net.block.forward(net._p, rng.standard_normal((4, T, D)), ws, None)
    assert (ws.mask is None) is not sequences
    if sequences:
        assert_array_equal(ws.mask, mask)


@every_kind
def test_a_row_without_any_step_has_the_first_state(kind, rng):
    net = random_network(padded(kind(UNITS)), rng)
    x = rng.standard_normal((2, T, D))
    x[1] = np.nan
    y, grads, dx = gradients(net, x, np.ones((2, UNITS)))
    assert not y[1].any()
    assert np.isfinite(grads).all()
    assert not dx[1].any()


def cut_value(kind, p, frozen, x, dy, cuts):
    """Return sum(dy * h) of one row; at each cut h goes on from ``frozen[cut]``."""
    total = 0.0
    for start, stop in pairwise(cuts):
        h = textbook(kind, p, x[start:stop], frozen[start])
        total += np.sum(dy[start:stop] * h)
    return total


def cut_gradient(kind, net, x, dy, cuts):
    """Return the gradient in which the states at the cuts count as constants."""
    p = named(net)
    frozen = [textbook_states(kind, p, row) for row in x]
    slope, eps = np.empty_like(net.params), 1e-6

    def value():
        rows = zip(frozen, x, dy, strict=True)
        return sum(cut_value(kind, p, *row, cuts) for row in rows)

    for i, at in enumerate(net.params.copy()):
        net.params[i] = at + eps
        above = value()
        net.params[i] = at - eps
        slope[i] = (above - value()) / (2 * eps)
        net.params[i] = at
    return slope


@every_kind
@pytest.mark.parametrize(
    ("truncate", "cuts"), [(1, range(8)), (3, [0, 1, 4, 7]), (6, [0, 1, 7])]
)
def test_no_gradient_of_a_sequence_passes_a_cut(kind, truncate, cuts, rng):
    block = kind(UNITS, return_sequences=True, truncate=truncate)
    net = random_network(block, rng)
    x, dy = rng.standard_normal((2, T, D)), rng.standard_normal((2, T, UNITS))
    expected = cut_gradient(kind, net, x, dy, list(cuts))
    net.forward(x)
    net.backward(dy)
    assert_allclose(net.grads, expected, rtol=1e-6, atol=1e-8)


@every_kind
@pytest.mark.parametrize("truncate", [1, 3])
def test_the_gradient_of_the_last_state_reaches_back_to_the_cut(kind, truncate, rng):
    net = random_network(kind(UNITS, truncate=truncate), rng)
    x, dy = rng.standard_normal((2, T, D)), np.zeros((2, T, UNITS))
    dy[:, -1] = rng.standard_normal((2, UNITS))
    expected = cut_gradient(kind, net, x, dy, [0, T - truncate, T])
    _, grads, dx = gradients(net, x, dy[:, -1])
    assert_allclose(grads, expected, rtol=1e-6, atol=1e-8)
    assert not dx[:, :-truncate].any()
    assert dx[:, -truncate:].all()


@every_kind
@pytest.mark.parametrize("truncate", [T, T + 1])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_cut_beyond_the_first_step_is_none(kind, truncate, sequences, rng):
    whole = random_network(kind(UNITS, return_sequences=sequences), rng)
    cut = Network(
        clone(whole.block).set_params(truncate=truncate), (T, D), whole.params
    )
    x, dy = rng.standard_normal((2, T, D)), rng.standard_normal((2, *whole.out_shape))
    for got, want in zip(gradients(cut, x, dy), gradients(whole, x, dy), strict=True):
        assert_array_equal(got, want)


def test_input_noise_is_the_same_at_all_steps(rng):
    block = SimpleRNN(1, "identity", return_sequences=True, dropout=0.75)
    net = Network(block, (T, 1), np.array([1.0, 0, 0]))
    y = net.forward(np.ones((50, T, 1)), rng)[..., 0]
    assert set(y.ravel()) == {0, 4}
    assert_array_equal(y, np.repeat(y[:, :1], T, axis=1))


def test_state_noise_is_the_same_at_all_steps(rng):
    block = SimpleRNN(1, "identity", return_sequences=True, recurrent_dropout=0.5)
    net = Network(block, (3, 1), np.ones(3))
    net.params[2] = 0
    x = np.zeros((50, 3, 1))
    x[:, 0] = 1
    y = net.forward(x, rng)[..., 0]
    assert {tuple(row) for row in y} == {(1, 0, 0), (1, 2, 4)}


@every_kind
@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
def test_noise_leaves_the_mean_of_what_it_falls_on(kind, option, rng):
    """With small weights h is nearly linear in the noise."""
    net = random_network(kind(UNITS, **{option: 0.4}), rng)
    net.params *= 0.02
    x = np.repeat(rng.standard_normal((1, T, D)), 20_000, axis=0)
    noisy, exact = net.forward(x, rng).mean(axis=0), net.forward(x[:1])[0]
    assert_allclose(noisy, exact, atol=1e-3)
    assert not np.array_equal(net.forward(x[:2], rng)[0], exact)


@every_kind
def test_the_recurrent_weights_of_each_gate_start_orthogonal(kind, rng):
    net = compile_network(kind(UNITS), (T, D), np.float64, rng, 2)
    U = named(net)["U"].reshape(2, UNITS, -1, UNITS)
    for gate in np.moveaxis(U, 2, 0).reshape(-1, UNITS, UNITS):
        assert_allclose(gate.T @ gate, np.eye(UNITS), atol=1e-12)


@every_kind
def test_the_input_weights_fill_the_interval_of_glorot(kind, rng):
    net = compile_network(kind(UNITS), (T, D), np.float64, rng, 500)
    bound, W = np.sqrt(6 / (D + UNITS)), named(net)["W"]
    assert np.abs(W).max() <= bound
    assert np.abs(W).max() >= 0.99 * bound


@pytest.mark.parametrize("kind", [SimpleRNN, GRU])
def test_biases_start_at_zero(kind, rng):
    net = compile_network(kind(UNITS), (T, D), np.float64, rng)
    assert not any(view.any() for k, view in named(net).items() if k in "bc")


def test_an_lstm_starts_by_forgetting_little(rng):
    b = named(compile_network(LSTM(2), (T, D), np.float64, rng))["b"]
    assert_array_equal(b, [0, 0, 1, 1, 0, 0, 0, 0])


def test_the_block_of_bidirectional_can_be_reached():
    block = Bidirectional(GRU(3)).set_params(block__units=5, block__truncate=2)
    assert block.get_params()["block__units"] == 5
    assert clone(block).out_shape((T, D)) == (10,)


def test_bidirectional_names_its_two_sets_of_parameters():
    tree = Bidirectional(LSTM(3)).param_tree((T, D))
    assert {way: list(tree[way]) for way in tree} == {
        "forward": ["W", "U", "b"],
        "backward": ["W", "U", "b"],
    }


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (GRU(0), "`units` of GRU must be an integer in [1, inf); got 0."),
        (LSTM(2, truncate=0), "`truncate` of LSTM must be None or an integer in [1, "),
        (
            LSTM(2, dropout=1.0),
            "`dropout` of LSTM must be a number in [0, 1); got 1.0.",
        ),
        (SimpleRNN(2, "cosine"), "got 'cosine'."),
        (
            Bidirectional(Dense(2)),
            "`block` of Bidirectional must be a SimpleRNN, GRU or LSTM; got Dense(",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(block, (T, D), np.float64, rng)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4)])
def test_rows_that_are_no_sequences_are_refused(shape):
    message = (
        f"GRU must read rows of shape (time, features); got rows of shape {shape}. "
        "ToSequence makes such rows of flat ones."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        GRU(2).out_shape(shape)


LAST_STEPS = {
    "directly": chain(GRU(5)),
    "through noise": chain(LSTM(5), Dropout(0.1), ReLU()),
    "both ways": chain(Bidirectional(SimpleRNN(5), "add")),
    "nested": chain(chain(GRU(5)), parallel(Dropout(0.1))),
    "graph": Graph([("a", GRU(5), "input"), ("b", Dropout(0.1), "a")]),
}
READERS = {
    "GRU": GRU(5),
    "Bidirectional": Bidirectional(LSTM(5)),
    "SelfAttention": SelfAttention(1),
    "Conv1D": Conv1D(3, 2),
    "MaxPool1D": MaxPool1D(2),
    "GlobalAveragePool": GlobalAveragePool(),
}


@pytest.mark.parametrize("before", LAST_STEPS)
@pytest.mark.parametrize("name", READERS)
def test_who_misses_the_steps_is_told_where_they_went(name, before):
    message = (
        r"rows of shape \(5,\)\. Set return_sequences=True in the recurrent block "
        r"before it\."
    )
    with pytest.raises(ValueError, match=message) as error:
        chain(LAST_STEPS[before], READERS[name]).out_shape((T, D))
    assert "ToSequence" not in str(error.value)


def test_the_last_step_is_rows_of_features_as_any_other():
    shape = chain(GRU(5), Dense(5, "tanh")).out_shape((T, D))
    with pytest.raises(ValueError, match=r"\(5,\)\. ToSequence makes such rows"):
        GRU(2).out_shape(shape)
