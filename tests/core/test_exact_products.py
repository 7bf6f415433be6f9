"""ExactMatrix: products that are the same in any order of sums."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Dense, PBLDEmbedding, Residual, Shared, Tanh, chain
from sklearn_nn.core import ExactMatrix, compile_network, matmul
from sklearn_nn.core._exact_products import ROUNDER


def product(x, W, axis=-2):
    """Return the product with W made exact, in float64."""
    factors = (x, ExactMatrix(W, axis)) if axis == -2 else (ExactMatrix(W, axis), x)
    shape = np.matmul(x, W).shape if axis == -2 else np.matmul(W, x).shape
    return matmul(*factors, np.empty(shape))


@pytest.fixture(params=[1, 3, 17, 128, 1000])
def factors(request, rng):
    d = request.param
    x = rng.standard_normal((24, d)).astype(np.float32)
    W = rng.standard_normal((d, 7)) * rng.uniform(1e-3, 1e3, (d, 7))
    return x, W.astype(np.float32)


def test_the_order_of_the_sums_does_not_matter(factors, rng):
    x, W = factors
    order = rng.permutation(len(W))
    assert_array_equal(product(x[:, order], W[order]), product(x, W))


def test_the_place_of_a_row_does_not_matter(factors):
    x, W = factors
    alone = np.concatenate([product(x[i : i + 1], W) for i in range(len(x))])
    assert_array_equal(alone, product(x, W))


def test_the_error_is_about_that_of_float32(factors):
    x, W = factors
    size = np.sqrt(x.shape[1]) * np.abs(W).max(axis=0)
    error = np.abs(product(x, W) - x.astype(float) @ W.astype(float)) / size
    assert error.max() < 3e-6


def test_products_are_exact_for_the_rounded_factors(factors):
    x, W = factors
    unit = ExactMatrix(W, -2)._rounder / ROUNDER
    rounded = [Fraction(round(float(v) / unit)) * Fraction(unit) for v in x[0]]
    column = [Fraction(float(v)) for v in ExactMatrix(W, -2).values[:, 0]]
    exact = sum(a * b for a, b in zip(rounded, column, strict=True))
    assert Fraction(float(product(x, W)[0, 0])) == exact


def test_the_matrix_may_stand_on_the_left(factors):
    x, W = factors
    assert_array_equal(product(x.T, W.T, axis=-1), product(x, W).T)


def test_columns_of_zeros_stay_zeros():
    W = np.zeros((3, 2), np.float32)
    assert_array_equal(product(np.ones((4, 3), np.float32), W), np.zeros((4, 2)))


def test_huge_entries_are_no_worse_than_in_float64(factors):
    x, W = factors
    found = product(1e6 * x, W)
    expected = (1e6 * x).astype(float) @ W.astype(float)
    assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


BLOCKS = {
    "dense": chain(Dense(33, "selu"), Dense(3)),
    "numbers": chain(PBLDEmbedding(), Dense(20, "mish"), Dense(1)),
    "shared": chain(Shared(Dense(9)), Tanh(), Dense(2)),
    "residual": Residual(chain(Dense(7), Tanh(), Dense(5))),
}


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_row_alone_has_the_same_bits(name, members, rng):
    net = compile_network(BLOCKS[name], (5,), np.float32, rng, members=members)
    x = rng.standard_normal((500, 5)).astype(np.float32)
    raw = net.infer(x, exact=True)
    for rows in (slice(0, 1), slice(3, 5), slice(190, 231), slice(None, None, -1)):
        assert_array_equal(net.infer(x[rows], exact=True), raw[..., rows, :])
    assert_allclose(raw, net.infer(x), rtol=1e-4, atol=1e-4)
