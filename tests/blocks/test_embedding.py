"""Embedding: which vector a code has, and who gets its gradient."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import OneHotEncoder

from sklearn_nn.blocks import Dense, Embedding
from sklearn_nn.core import InvalidParameterError, compile_network

TABLES = np.array([[1.0, 2], [3, 4], [10, 20], [30, 40], [50, 60]])  # of 2 and 3 codes


def two_columns(rng, **parameters):
    """Return the network of two columns with the vectors of ``TABLES``."""
    block = Embedding([2, 3], units=2, **parameters)
    net = compile_network(block, (2,), np.float64, rng)
    net.params[:] = TABLES.ravel()
    return net


def test_each_column_has_a_table_of_its_own(rng):
    y = two_columns(rng).forward(np.array([[0.0, 0], [1, 2], [0, 1]]))
    assert_array_equal(y, [[1, 2, 10, 20], [3, 4, 50, 60], [1, 2, 30, 40]])


def test_vectors_may_stand_in_a_sequence(rng):
    y = two_columns(rng, flat=False).forward(np.array([[0.0, 0], [1, 2]]))
    assert_array_equal(y, [[[1, 2], [10, 20]], [[3, 4], [50, 60]]])


@pytest.mark.parametrize("code", [-1, -0.5, 2, 1e30, -1e30, np.nan, np.inf, -np.inf])
def test_a_code_that_training_did_not_see_is_the_zero_vector(code, rng):
    net = two_columns(rng)
    assert_array_equal(net.forward(np.array([[code, 1.0]])), [[0, 0, 30, 40]])
    net.backward(np.ones((1, 4)))
    assert_array_equal(net.grads.reshape(5, 2), [[0, 0]] * 3 + [[1, 1]] + [[0, 0]])


def test_the_floor_of_a_number_is_its_code(rng):
    net = two_columns(rng)
    assert_array_equal(net.forward(np.array([[1.9, 0.0]])), [[3, 4, 10, 20]])


def test_the_gradient_of_a_vector_is_the_sum_over_its_rows(rng):
    net = two_columns(rng)
    net.forward(np.array([[0.0, 2], [1, 2], [0, 0]]))
    net.backward(np.array([[1.0, 2, 3, 4], [10, 20, 30, 40], [100, 200, 300, 400]]))
    expected = [[101, 202], [10, 20], [300, 400], [0, 0], [33, 44]]
    assert_array_equal(net.grads.reshape(5, 2), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("members", [None, 2])
def test_it_is_a_product_with_one_hot_rows(dtype, members, rng):
    lead = () if members is None else (members,)
    sizes = [3, 7, 2]
    codes = np.stack([rng.integers(0, s, (*lead, 50)) for s in sizes], axis=-1)
    encoder = OneHotEncoder(categories=[range(s) for s in sizes], sparse_output=False)
    hot = encoder.fit_transform(codes.reshape(-1, 3)).reshape(*lead, 50, 12)
    net = compile_network(Embedding(sizes, units=4), (3,), dtype, rng, members)
    W = net.params.reshape(*lead, 12, 4)
    y = net.forward(codes.astype(dtype)).reshape(*lead, 50, 3, 4)
    assert_allclose(y.sum(axis=-2), hot @ W, rtol=1e-5)
    dy = rng.standard_normal((*lead, 50, 4)).astype(dtype)
    net.backward(np.tile(dy, 3))
    dense = compile_network(Dense(4), (12,), dtype, rng, members)
    dense.forward(hot.astype(dtype))
    dense.backward(dy)
    expected = dense.layout.named_views(dense.grads)["W"].ravel()
    assert_allclose(net.grads, expected, rtol=1e-4, atol=1e-5)


def test_an_integer_is_the_number_of_categories_of_each_column(rng):
    net = compile_network(Embedding(4, units=2), (3,), np.float64, rng)
    assert net.params.size == 3 * 4 * 2


def test_codes_of_a_sequence_share_the_table(rng):
    net = compile_network(Embedding(3, units=2), (5, 1), np.float64, rng)
    y = net.forward(np.array([[[2.0], [0], [2], [1], [1]]]))
    assert_array_equal(y[0], net.params.reshape(3, 2)[[2, 0, 2, 1, 1]])


def test_the_first_vectors_are_normal(rng):
    block = Embedding(1000, units=50, init_std=0.5)
    net = compile_network(block, (2,), np.float64, rng)
    assert net.params.std() == pytest.approx(0.5, rel=0.02)
    assert net.params.mean() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("categories", [0, 2.0, [], [3, 0], "three", None, True])
def test_the_categories_are_checked_when_a_network_is_made(categories, rng):
    message = (
        "`categories` of Embedding must be an integer in [1, inf) or a list of such "
        f"integers; got {categories!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(Embedding(categories), (2,), np.float64, rng)


@pytest.mark.parametrize("sizes", [[3], [3, 4, 5]])
def test_each_column_must_have_its_size(sizes):
    message = f"each of the 2 columns that it reads; got {len(sizes)} sizes"
    with pytest.raises(ValueError, match=message):
        Embedding(sizes).out_shape((2,))


def test_rows_without_features_are_refused():
    with pytest.raises(ValueError, match=r"axis of features; got rows of shape \(\)"):
        Embedding(3).out_shape(())
