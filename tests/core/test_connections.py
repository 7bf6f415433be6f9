"""Connections: what is not there is zero, has no gradient, and takes no time."""

import copy
import pickle
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import BatchNorm, Dense, Identity, Tied, chain
from sklearn_nn.core import Network, Param, compile_network, zeros
from sklearn_nn.inspection import check_gradient

BLOCK = chain(Dense(6, "tanh", mask=0.5), Dense(5, "tanh"), Dense(2, mask=0.3))


class HalfOfEach(Identity):
    """Declares two thinned-out parameters that share an initializer of ones."""

    def param_tree(self, in_shape):
        half = {"connect": lambda rng, shape: rng.random(shape) < 0.5}
        return {
            "own": Param((40,), lambda rng, out: out.fill(1), "other", **half),
            "common": Param((40,), lambda rng, out: out.fill(1), shared=True, **half),
        }


@pytest.fixture
def net(rng):
    """Return a network of which the first and the last layer are thinned out."""
    return compile_network(BLOCK, (4,), np.float64, rng)


@pytest.fixture
def always_sparse(monkeypatch):
    """Let inference use sparse products for thinned-out layers of any size."""
    monkeypatch.setattr("sklearn_nn.core._connections.SPARSE_ENTRIES", 1)
    monkeypatch.setattr("sklearn_nn.core._connections.SPARSE_DENSITY", 0.99)
    monkeypatch.setattr("sklearn_nn.core._network.SPARSE_ROWS", 1)


@pytest.fixture
def seen(monkeypatch):
    """Return the list of kinds of the matrices by which Dense multiplies."""
    kinds, forward = [], Dense.forward

    def spy(self, p, x, ws, rng):
        kinds.append(type(p.W))
        return forward(self, p, x, ws, rng)

    monkeypatch.setattr(Dense, "forward", spy)
    return kinds


def backward(net, rng, n=7):
    """Compute a gradient at random rows."""
    lead = () if net.members is None else (net.members,)
    net.forward(rng.standard_normal((*lead, n, *net.in_shape)))
    net.backward(rng.standard_normal((*lead, n, *net.out_shape)))


def test_without_thinning_there_are_no_connections(rng):
    assert compile_network(Dense(3), (4,), np.float64, rng).connections is None


def test_thinning_leaves_the_first_values_of_the_others_as_they_are():
    thin, full = [
        compile_network(chain(Dense(6, mask=mask), Dense(2)), (4,), float, rng).params
        for mask, rng in zip(
            [0.5, None], map(np.random.default_rng, (3, 3)), strict=True
        )
    ]
    assert_array_equal(thin[thin != 0], full[thin != 0])


def test_a_network_without_thinning_draws_nothing_more(rng):
    compile_network(Dense(3), (4,), np.float64, rng)
    other = np.random.default_rng(0)
    other.bit_generator.state = rng.bit_generator.state
    compile_network(Identity(), (4,), np.float64, rng)
    assert rng.random() == other.random()


def test_what_is_not_there_is_zero_and_all_else_is_not(net):
    weights = slice(0, net.layout.n_weights)
    assert_array_equal(net.params[weights] != 0, net.connections[weights])


def test_there_is_no_gradient_where_nothing_is():
    net, full = [
        compile_network(BLOCK, (4,), float, np.random.default_rng(0)) for _ in "ab"
    ]
    full.connections = None
    for one in (net, full):
        backward(one, np.random.default_rng(1))
    assert full.grads[~net.connections].any()
    assert_array_equal(net.grads, np.where(net.connections, full.grads, 0))


def test_the_members_are_thinned_out_each_for_itself(rng):
    net = compile_network(Dense(9, mask=0.5), (8,), np.float64, rng, members=2)
    W = net.layout.named_views(net.connections)["W"]
    assert_array_equal(W.sum(axis=(1, 2)), [36, 36])
    assert (W[0] != W[1]).any()
    backward(net, rng)
    assert not net.grads[~net.connections].any()


def test_any_parameter_may_be_thinned_out(rng):
    net = compile_network(HalfOfEach(), (4,), np.float64, rng, members=3)
    views = net.layout.named_views(net.params)
    assert {name: view.shape for name, view in views.items()} == {
        "own": (3, 40),
        "common": (40,),
    }
    assert 0 < views["common"].sum() < 40
    assert views["own"].any(axis=1).all()
    assert len({tuple(row) for row in views["own"]}) == 3


@pytest.mark.parametrize("drawn", [np.ones((4, 2), bool), np.ones((4, 3))])
def test_what_is_drawn_must_fit(drawn, rng):
    message = (
        "What is drawn for 'dense/W' must be a bool array of the shape (4, 3), one "
        f"entry per weight; got the shape {drawn.shape} and the dtype {drawn.dtype}."
    )
    block = chain(Dense(3, mask=lambda rng, shape: drawn))
    with pytest.raises(ValueError, match=re.escape(message)):
        compile_network(block, (4,), np.float64, rng)


def test_connections_that_are_set_take_the_others_out(net, rng):
    kept = rng.random(net.params.size) < 0.5
    net.connections = kept
    assert not net.params[~kept].any()
    backward(net, rng)
    assert not net.grads[~kept].any()


@pytest.mark.parametrize("kept", [np.ones(3, bool), np.ones(77)])
def test_connections_of_another_kind_are_refused(kept, net):
    message = "`connections` must be a bool array of the shape (77,)"
    before = net.connections
    with pytest.raises(ValueError, match=re.escape(message)):
        net.connections = kept
    assert net.connections is before


def test_a_vector_can_be_cut(net):
    vector = np.ones(net.params.size)
    net.apply_mask(vector)
    assert_array_equal(vector, net.connections)


def test_a_vector_of_the_trained_part_can_be_cut(rng):
    net = compile_network(chain(Dense(3, mask=0.5), BatchNorm()), (4,), float, rng)
    assert net.layout.n_trained < net.params.size
    vector = np.ones(net.layout.n_trained)
    net.apply_mask(vector)
    assert_array_equal(vector, net.connections[: net.layout.n_trained])


def test_networks_on_the_same_parameters_share_the_connections(net, rng):
    other = net.with_gradients(np.zeros_like(net.params))
    net.connections = rng.random(net.params.size) < 0.5
    assert other.connections is net.connections
    backward(other, rng)
    assert not other.grads[~net.connections].any()


@pytest.mark.parametrize("share_buffers", [False, True])
def test_copies_have_connections_of_their_own(share_buffers, net, rng):
    before, params = net.connections, net.params.copy()
    other = net.copy(share_buffers=share_buffers)
    assert_array_equal(other.connections, before)
    other.connections = np.zeros(net.params.size, bool)
    assert net.connections is before
    assert_array_equal(net.params, params)


def test_a_copy_that_shares_buffers_has_connections_of_its_own(net, rng):
    backward(net, rng)
    other = net.copy(share_buffers=True)
    other.connections = rng.random(net.params.size) < 0.5
    backward(other, rng)
    assert not other.grads[~other.connections].any()


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))]
)
def test_a_pickle_has_the_connections(duplicate, net, rng):
    other = duplicate(net)
    assert other.connections.dtype == bool
    assert_array_equal(other.connections, net.connections)
    backward(other, rng)
    assert not other.grads[~net.connections].any()


def test_connections_take_a_bit_each_in_a_pickle(rng):
    net = compile_network(Dense(300, mask=0.1), (300,), np.float32, rng)
    assert len(pickle.dumps(net)) < net.params.nbytes + net.params.size / 8 + 1000


def test_a_read_only_vector_can_be_used(net):
    net.params.setflags(write=False)
    other = Network(net.block, (4,), net.params, connections=net.connections)
    assert_array_equal(other.infer(np.ones((2, 4))), net.infer(np.ones((2, 4))))


def test_the_counts_are_those_of_the_trained_arrays(rng):
    block = chain(Dense(6, mask=0.5), BatchNorm(), Dense(2))
    net = compile_network(block, (4,), np.float64, rng, members=2)
    assert {name: tuple(count) for name, count in net.counts().items()} == {
        "dense1/W": (48, 24),
        "dense2/W": (24, 0),
        "dense1/b": (12, 0),
        "batchnorm/scale": (12, 0),
        "batchnorm/shift": (12, 0),
        "dense2/b": (4, 0),
    }


def test_a_full_network_has_nothing_thinned_out(rng):
    net = compile_network(Dense(2), (4,), np.float64, rng)
    assert net.counts() == {"W": (8, 0), "b": (2, 0)}


def test_the_gradient_check_leaves_out_what_is_not_there():
    result = check_gradient(Dense(2, "tanh", mask=np.eye(4, 2, dtype=bool)), (4,))
    for grads in (result.analytic, result.numeric):
        assert_array_equal(grads["W"] != 0, np.eye(4, 2, dtype=bool))


def test_the_gradient_check_catches_a_wrong_backward_of_what_is_there():
    class Wrong(Dense):
        def backward(self, p, g, dy, ws, *, need_dx=True):
            dx = super().backward(p, g, dy, ws, need_dx=need_dx)
            g.W *= 1.01
            return dx

    with pytest.raises(AssertionError, match="not its derivative: for `W`"):
        check_gradient(Wrong(3, mask=0.5), (4,))


# -- sparse products


@pytest.mark.parametrize("n", [1, 20, 150])
@pytest.mark.parametrize("shape", [(4,), (3, 4)], ids=["flat", "time"])
def test_sparse_inference_equals_the_forward(n, shape, always_sparse, seen, rng):
    net = compile_network(BLOCK, shape, np.float64, rng)
    x = rng.standard_normal((n, *shape))
    raw = net.infer(x)
    assert seen[:3] == [sp.csr_array, np.ndarray, sp.csr_array]
    assert_allclose(raw, net.forward(x), rtol=1e-12, atol=1e-14)


def test_sparse_inference_on_threads_equals_the_forward(
    net, always_sparse, monkeypatch, rng
):
    monkeypatch.setattr("sklearn_nn.core._network.FLOPS_WORTH_THREADS", 1)
    x = rng.standard_normal((500, 4))
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12, atol=1e-14)


def test_sparse_inference_keeps_the_dtype(always_sparse, rng):
    net = compile_network(BLOCK, (4,), np.float32, rng)
    x = rng.standard_normal((20, 4), dtype=np.float32)
    assert net.infer(x).dtype == np.float32
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])
def test_sparse_inference_reads_sparse_rows(kind, net, always_sparse, rng):
    x = rng.standard_normal((20, 4)) * (rng.random((20, 4)) < 0.5)
    assert_allclose(net.infer(kind(x)), net.forward(x), rtol=1e-12, atol=1e-14)


def test_sparse_inference_of_tied_parts_equals_the_forward(always_sparse, rng):
    block = chain(Dense(4, "tanh", mask=0.5), Dense(2))
    block.blocks.insert(1, ("again", Tied("dense1")))
    net = compile_network(block, (4,), np.float64, rng)
    x = rng.standard_normal((20, 4))
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12, atol=1e-14)


def test_a_change_of_the_weights_is_seen_at_once(net, always_sparse):
    x = np.ones((20, 4))
    net.infer(x)
    net.params *= 2
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12)


def test_a_change_of_the_connections_is_seen_at_once(net, always_sparse, rng):
    x = np.ones((20, 4))
    net.infer(x)
    net.connections = None
    net.params[:] = rng.standard_normal(net.params.size)
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12)
    net.connections = rng.random(net.params.size) < 0.5
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12)


def test_threads_may_infer_by_sparse_products_at_once(net, always_sparse, rng):
    x, start = rng.standard_normal((20, 4)), threading.Barrier(4, timeout=20)

    def infer(_):
        start.wait()
        return [net.infer(x) for _ in range(50)]

    expected = net.forward(x).copy()
    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(infer, range(4)):
            for raw in results:
                assert_allclose(raw, expected, rtol=1e-12, atol=1e-14)


def test_members_are_inferred_by_dense_products(always_sparse, seen, rng):
    net = compile_network(BLOCK, (4,), np.float64, rng, members=3)
    x = rng.standard_normal((20, 4))
    assert_allclose(net.infer(x), net.forward(x), rtol=1e-12, atol=1e-14)
    assert set(seen) == {np.ndarray}


@pytest.mark.parametrize(
    ("width", "density", "n", "kind"),
    [
        (512, 0.05, 64, sp.csr_array),
        (512, 0.05, 4, np.ndarray),
        (512, 0.2, 64, np.ndarray),
        (128, 0.05, 64, np.ndarray),
    ],
)
def test_large_thin_layers_are_inferred_by_sparse_products(
    width, density, n, kind, seen, rng
):
    net = compile_network(Dense(width, mask=density), (width,), np.float32, rng)
    net.infer(np.ones((n, width), np.float32))
    assert set(seen) == {kind}


def test_a_parameter_is_not_sparse_unless_its_block_can_read_that(always_sparse, rng):
    class Plain(Identity):
        def param_tree(self, in_shape):
            return {"W": Param((4, 4), zeros, connect=lambda rng, s: np.eye(4) > 0)}

        def forward(self, p, x, ws, rng):
            assert isinstance(p.W, np.ndarray)
            return x

    compile_network(Plain(), (4,), np.float64, rng).infer(np.ones((20, 4)))
