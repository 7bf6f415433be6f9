"""Dense: its values, its first weights, and sparse input."""

import pickle
import re

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Dense, Dropout, Tanh, chain
from sklearn_nn.core import InvalidParameterError, Network, compile_network

FIRST = {
    "Dense": Dense(3),
    "Dense, tanh": Dense(3, "tanh"),
    "Chain": chain(Dense(5, "relu"), Dropout(0.2), Dense(2)),
}
first_block = pytest.mark.parametrize("block", FIRST.values(), ids=FIRST)
sparse_kind = pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix])


def random_rows(rng, n=20, d=7, dtype=np.float64):
    return (rng.standard_normal((n, d)) * (rng.random((n, d)) < 0.3)).astype(dtype)


@pytest.fixture
def no_dense_copies(monkeypatch):
    """Make every sparse format refuse to become dense."""

    def refuse(self, *args, **kwargs):
        raise AssertionError("a sparse array became dense")

    for kind in (sp.csr_array, sp.csr_matrix, sp.csc_array, sp.csc_matrix):
        for owner in kind.__mro__:
            for name in {"toarray", "todense", "A"} & vars(owner).keys():
                monkeypatch.setattr(owner, name, refuse)


def test_the_output_is_that_on_paper():
    params = np.array([1.0, 2, 3, 4, 10, 20])  # W row by row, then b
    net = Network(Dense(2), (2,), params)
    assert_array_equal(net.forward(np.array([[1.0, 1], [0, 2]])), [[14, 26], [16, 28]])


def test_the_gradient_is_that_on_paper():
    net = Network(Dense(2), (2,), np.array([1.0, 2, 3, 4, 10, 20]))
    net.forward(np.array([[1.0, 1], [0, 2]]))
    dx = net.backward(np.array([[1.0, 0], [2, -1]]), need_dx=True)
    assert_array_equal(dx, [[1, 3], [0, 2]])
    assert_array_equal(net.grads, [1, 0, 5, -2, 3, -1])


@pytest.mark.parametrize(("factor", "bound"), [(6.0, 1.0), (1.5, 0.5), (0.0, 0.0)])
def test_the_first_weights_fill_their_interval(factor, bound, rng):
    net = compile_network(Dense(2, init_factor=factor), (4,), np.float64, rng, 1000)
    assert np.abs(net.params).max() <= bound
    assert np.abs(net.params).max() >= 0.99 * bound


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Dense(0), "`units` of Dense must be an integer in [1, inf); got 0."),
        (Dense(2.0), "`units` of Dense must be an integer in [1, inf); got 2.0."),
        (Dense(True), "`units` of Dense must be an integer in [1, inf); got True."),
        (
            Dense(1, init_factor=-1.0),
            "`init_factor` of Dense must be a number in [0, inf); got -1.0.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(block, (4,), np.float64, rng)


def test_the_constructor_takes_anything():
    assert Dense("many", init_factor=None).units == "many"


def test_nested_parameters_of_the_activation_can_be_read():
    assert Dense(2, Tanh()).get_params()["activation"].__class__ is Tanh


@first_block
@sparse_kind
@pytest.mark.parametrize(("dtype", "tol"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_sparse_rows_give_the_output_of_dense_ones(block, kind, dtype, tol, rng):
    net = compile_network(block, (7,), dtype, rng)
    X = random_rows(rng, dtype=dtype)
    raw = net.forward(X).copy()
    assert_allclose(net.forward(kind(X)), raw, rtol=tol, atol=tol)


@first_block
@sparse_kind
def test_sparse_rows_give_the_gradient_of_dense_ones(block, kind, rng):
    net = compile_network(block, (7,), np.float64, rng)
    X, dy = random_rows(rng), rng.standard_normal((20, *net.out_shape))
    net.forward(X)
    net.backward(dy)
    expected = net.grads.copy()
    net.grads.fill(np.nan)
    net.forward(kind(X))
    net.backward(dy)
    assert_allclose(net.grads, expected, rtol=1e-12, atol=1e-14)


@first_block
@sparse_kind
def test_sparse_rows_never_become_dense(block, kind, no_dense_copies, rng):
    net = compile_network(block, (7,), np.float64, rng)
    X = kind(random_rows(rng))
    net.forward(X, rng)
    net.backward(np.ones((20, *net.out_shape)))
    assert net.infer(X).shape == (20, *net.out_shape)


@first_block
def test_sparse_rows_are_left_alone(block, rng):
    X = sp.csr_array(random_rows(rng))
    before = pickle.dumps(X)
    net = compile_network(block, (7,), np.float64, rng)
    net.forward(X)
    net.backward(np.ones((20, *net.out_shape)))
    assert pickle.dumps(X) == before


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        (Dense(3), True),
        (chain(Dense(3), Dropout()), True),
        (chain(chain(Dense(3))), True),
        (chain(Dropout(), Dense(3)), False),
        (chain(), False),
    ],
)
def test_a_block_says_whether_it_takes_sparse_rows(block, answer):
    assert block.accepts_sparse is answer


def test_rows_without_features_are_refused():
    with pytest.raises(ValueError, match=r"axis of features; got rows of shape \(\)"):
        Dense(3).out_shape(())
