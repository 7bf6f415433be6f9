"""The operations on vectors: BLAS's and NumPy's do the same."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.core import max_abs, rank_one_update, vector_operations
from sklearn_nn.core._vectors import LONG

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
lengths = pytest.mark.parametrize("n", [1, 50, LONG])


def drawn(rng, n, dtype):
    x, y = rng.standard_normal((2, n)).astype(dtype)
    x.setflags(write=False)
    return x, y, vector_operations(y)


@both_dtypes
def test_long_vectors_have_operations_that_release_the_lock(dtype):
    n = LONG // np.dtype(dtype).itemsize
    short, longer = np.zeros(n, dtype), np.zeros(n + 1, dtype)
    assert vector_operations(short) != vector_operations(longer)


@both_dtypes
@lengths
def test_axpy_adds_a_multiple(n, dtype, rng):
    x, y, (axpy, *_) = drawn(rng, n, dtype)
    expected = y - 0.3 * x.astype(float)
    axpy(x, y, n, -0.3)
    assert y.dtype == dtype
    assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


@both_dtypes
@lengths
def test_axpy_adds_all_of_it_by_itself(n, dtype, rng):
    x, y, (axpy, *_) = drawn(rng, n, dtype)
    expected = x + y
    axpy(x, y)
    assert_array_equal(y, expected)


@both_dtypes
@pytest.mark.parametrize("n", [50, LONG])
def test_axpy_leaves_the_rest_alone(n, dtype, rng):
    x, y, (axpy, *_) = drawn(rng, n, dtype)
    before = y.copy()
    axpy(x, y, 20, 1.0)
    assert_array_equal(y[20:], before[20:])
    assert (y[:20] != before[:20]).all()


@both_dtypes
@lengths
def test_scal_multiplies(n, dtype, rng):
    _, y, (_, scal, _) = drawn(rng, n, dtype)
    expected = 0.9 * y.astype(float)
    scal(0.9, y)
    assert y.dtype == dtype
    assert_allclose(y, expected, rtol=1e-6)


@both_dtypes
@lengths
def test_dot_is_a_float(n, dtype, rng):
    x, y, (*_, dot) = drawn(rng, n, dtype)
    value = dot(x, y)
    assert type(value) is float
    assert_allclose(value, (x.astype(float) * y).sum(), rtol=1e-4, atol=1e-4 * n**0.5)


@both_dtypes
def test_an_outer_product_is_added_in_place(dtype, rng):
    z = rng.standard_normal((4, 3)).astype(dtype)
    expected = z + np.arange(3, dtype=dtype)
    add_outer = rank_one_update(z.dtype.char)
    x, y = np.arange(3, dtype=dtype), np.ones(4, dtype)
    add_outer(1.0, x, y, 1, 1, z.T, 1, 1, 1)
    assert_array_equal(z, expected)


@both_dtypes
@pytest.mark.parametrize(
    ("values", "expected"), [([1, -3, 2], 3), ([[1, 2], [4, -1]], 4), ([], 0)]
)
def test_largest_is_the_largest_absolute_value(values, expected, dtype):
    value = max_abs(np.array(values, dtype))
    assert type(value) is float
    assert value == expected


@both_dtypes
def test_largest_sees_infinity(dtype):
    assert max_abs(np.array([1, -np.inf, 2], dtype)) == np.inf
