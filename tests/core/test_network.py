"""Network: a block bound to memory."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Chain, Dense, Dropout, Identity, chain
from sklearn_nn.core import InvalidParameterError, Network, compile_network, row_chunks

BLOCK = chain(Dense(8, "tanh"), Dropout(0.5), Dense(2))


@pytest.fixture
def net(rng):
    """Return a small network with noise while training."""
    return compile_network(BLOCK, (4,), np.float64, rng)


@pytest.fixture
def small_chunks(monkeypatch):
    """Let inference go by 7 rows."""
    for name in ("INFERENCE_ROWS", "INFERENCE_ROWS_AT_MOST", "FEW_ROWS"):
        monkeypatch.setattr(f"sklearn_nn.core._network.{name}", 7)


class Meeting(Identity):
    """Returns its input in a buffer of its own, once two threads are in it."""

    barrier = threading.Barrier(2, timeout=20)

    def forward(self, p, x, ws, rng):
        y = ws.out("y", x.shape)
        y[...] = x
        self.barrier.wait()
        return y


@pytest.mark.parametrize("n", [0, 1, 6, 7, 8, 20])
def test_inference_equals_the_forward(net, n, small_chunks, rng):
    x = rng.standard_normal((n, 4))
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-13)


@pytest.mark.parametrize("n", [1, 7, 20])
@pytest.mark.parametrize("lead", [(), (3,)], ids=["shared rows", "own rows"])
def test_inference_with_members_equals_the_forward(n, lead, small_chunks, rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members=3)
    x = rng.standard_normal((*lead, n, 4))
    raw = net.infer(x)
    assert raw.shape == (3, n, 2)
    assert_allclose(raw, net.forward(x), rtol=1e-13)


def test_inference_with_a_time_axis_goes_by_rows(small_chunks, rng):
    net = compile_network(BLOCK, (5, 4), np.float64, rng)
    x = rng.standard_normal((9, 5, 4))
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-13)


def test_inference_returns_an_array_of_its_own(net, rng):
    first = net.infer(rng.standard_normal((3, 4)))
    kept = first.copy()
    net.infer(rng.standard_normal((3, 4)))
    net.forward(rng.standard_normal((3, 4)))
    assert_array_equal(first, kept)


def test_inference_leaves_training_alone(net, rng):
    x, dy = rng.standard_normal((3, 4)), np.ones((3, 2))
    net.forward(x)
    net.backward(dy)
    expected = net.grads.copy()
    net.forward(x)
    net.infer(rng.standard_normal((3, 4)))
    net.backward(dy)
    assert_array_equal(net.grads, expected)


def test_inference_never_sees_more_rows_than_a_chunk(small_chunks, rng):
    seen = []

    class Spy(Identity):
        def forward(self, p, x, ws, rng):
            seen.append(len(x))
            return x

    compile_network(Spy(), (4,), np.float64, rng).infer(np.ones((20, 4)))
    assert seen == [7, 7, 6]


def test_two_threads_in_inference_do_not_meet(rng):
    net = compile_network(Meeting(), (1,), np.float64, rng)
    with ThreadPoolExecutor(2) as pool:
        zeros, ones = pool.map(net.infer, [np.zeros((3, 1)), np.ones((3, 1))])
    assert not zeros.any()
    assert ones.all()


def test_chunks_cover_the_rows_once():
    rows = [i for part in row_chunks(10_000) for i in range(10_000)[part]]
    assert rows == list(range(10_000))


def test_no_rows_have_no_chunk():
    assert list(row_chunks(0)) == []


def test_the_output_of_the_forward_is_reused(net, rng):
    first = net.forward(rng.standard_normal((3, 4)))
    assert net.forward(rng.standard_normal((3, 4))) is first


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_has_the_dtype_asked_for(dtype, rng):
    net = compile_network(BLOCK, (4,), dtype, rng)
    raw = net.infer(np.ones((3, 4), dtype))
    assert {net.params.dtype, net.grads.dtype, raw.dtype} == {np.dtype(dtype)}


def test_the_parameters_are_used_as_they_are(net):
    same = Network(BLOCK, (4,), net.params)
    same.params[:] = 0
    assert not net.infer(np.ones((3, 4))).any()


def test_parameters_of_the_wrong_number_are_refused(net):
    with pytest.raises(ValueError, match=r"`flat` must have shape \(58,\)"):
        Network(BLOCK, (4,), net.params[:-1])


def test_the_same_generator_starts_the_same_network():
    one, two = [
        compile_network(BLOCK, (4,), np.float64, np.random.default_rng(3)).params
        for _ in range(2)
    ]
    assert_array_equal(one, two)


def test_members_start_differently(rng):
    params = compile_network(Dense(2), (4,), np.float64, rng, members=2)
    W = params.layout.named_views(params.params)["W"]
    assert (W[0] != W[1]).all()


def test_nothing_is_allocated_for_values_that_break_their_rules(rng):
    with pytest.raises(InvalidParameterError, match="`units` of Dense"):
        compile_network(Dense(-(10**15)), (4,), np.float64, rng)


def test_a_copy_computes_the_same(net, rng):
    x = rng.standard_normal((3, 4))
    assert_array_equal(net.copy().infer(x), net.infer(x))


def test_a_copy_keeps_its_members(rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members=3)
    assert net.copy().infer(np.ones((2, 4))).shape == (3, 2, 2)


def test_a_copy_has_parameters_of_its_own(net):
    before = net.params.copy()
    net.copy().params[:] = 0
    assert_array_equal(net.params, before)


@pytest.mark.parametrize("members", [None, 3])
def test_a_pickle_computes_the_same(members, rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members)
    x = rng.standard_normal((3, 4))
    assert_array_equal(pickle.loads(pickle.dumps(net)).infer(x), net.infer(x))


def test_a_pickle_is_hardly_larger_than_the_parameters(rng):
    net = compile_network(chain(Dense(200), Dense(1)), (100,), np.float64, rng)
    net.forward(rng.standard_normal((5000, 100)))
    net.backward(np.ones((5000, 1)))
    assert len(pickle.dumps(net)) < net.params.nbytes + 1000


def test_training_goes_on_after_a_pickle(net, rng):
    copy = pickle.loads(pickle.dumps(net))
    x, dy = rng.standard_normal((3, 4)), np.ones((3, 2))
    for one in (net, copy):
        one.forward(x)
        one.backward(dy)
    assert_array_equal(copy.grads, net.grads)


def test_a_changed_parameter_is_seen_at_once(net):
    net.forward(np.ones((3, 4)))
    net.params[:] = 0
    assert not net.forward(np.ones((3, 4))).any()


def test_an_empty_chain_is_a_network_without_parameters(rng):
    net = compile_network(Chain(), (4,), np.float64, rng)
    assert net.params.shape == (0,)
    assert_array_equal(net.infer(np.ones((2, 4))), np.ones((2, 4)))
