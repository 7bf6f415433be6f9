"""Function: what it asks of the user's function, and what it tells them."""

import pickle
import re
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import Dense, Function, chain
from sklearn_nn.core import InvalidParameterError, compile_network
from sklearn_nn.inspection import check_gradient


def compiled(block, shape, rng, dtype=np.float64, members=None):
    return compile_network(block, shape, dtype, rng, members)


def test_a_derivative_that_is_given_is_used(rng):
    net = compiled(Function(np.square, derivative=lambda x: 2 * x), (2,), rng)
    assert_array_equal(net.forward(np.array([[1.0, -3]])), [[1, 9]])
    assert_array_equal(net.backward(np.array([[1.0, 2]]), need_dx=True), [[2, -12]])


def test_a_wrong_derivative_is_found_by_the_check():
    with pytest.raises(AssertionError, match=r"for `x` at .* finite differences say"):
        check_gradient(Function(np.sin, derivative=np.sin), (3,))


@pytest.mark.parametrize("trained", [True, False])
def test_autograd_differentiates_a_function_of_whole_rows(trained, rng):
    anp = pytest.importorskip("autograd.numpy")
    block = Function(lambda x: anp.prod(x, axis=-1)[..., None])
    net = compiled(block, (3,), rng)
    y = net.forward(np.array([[2.0, 3, 5], [1, 4, 1]]), rng if trained else None)
    assert_array_equal(y, [[30], [4]])
    dx = net.backward(np.array([[1.0], [10]]), need_dx=True)
    assert_allclose(dx, [[15, 10, 6], [40, 10, 40]], rtol=1e-14)


@pytest.mark.parametrize("members", [None, 2])
def test_autograd_differentiates_within_a_network(members):
    anp = pytest.importorskip("autograd.numpy")
    own = Function(lambda x: anp.cumsum(x, axis=-1)[..., ::2] * anp.tanh(x[..., :2]))
    check_gradient(chain(Dense(4), own, Dense(1)), (5,), members=members)


def test_the_function_gets_rows_on_one_axis(rng):
    shapes = []

    def f(x):
        shapes.append(x.shape)
        return x

    net = compiled(Function(f, derivative=np.ones_like), (5, 2), rng, members=3)
    net.forward(rng.standard_normal((3, 4, 5, 2)))
    assert shapes[-1] == (12, 5, 2)


def test_the_function_cannot_write_into_its_argument(rng):
    def f(x):
        if len(x) == 3:  # not the call that asks for the shape
            x += 1
        return x

    net = compiled(Function(f, derivative=np.ones_like), (2,), rng)
    with pytest.raises(ValueError, match="read-only"):
        net.forward(np.zeros((3, 2)))


def test_float32_stays_float32(rng):
    wide = np.float64(2)
    block = Function(lambda x: x * np.full(3, wide), lambda x: np.full(x.shape, wide))
    net = compiled(block, (3,), rng, np.float32)
    assert net.forward(np.ones((2, 3), np.float32)).dtype == np.float32
    assert net.backward(np.ones((2, 3), np.float32), need_dx=True).dtype == np.float32


def test_a_named_function_can_be_pickled(rng):
    net = compiled(chain(Dense(2), Function(np.sin, np.cos)), (3,), rng)
    x = rng.standard_normal((4, 3))
    assert_array_equal(pickle.loads(pickle.dumps(net)).infer(x), net.infer(x))


def test_a_missing_autograd_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd", None)
    message = re.escape("`pip install sklearn-nn[autodiff]` installs it.")
    with pytest.raises(ImportError, match=message):
        Function(np.sin).out_shape((3,))


def test_autograd_is_not_needed_with_a_derivative(monkeypatch):
    monkeypatch.setitem(sys.modules, "autograd", None)
    assert Function(np.sin, np.cos).out_shape((3,)) == (3,)


def test_numpy_functions_that_autograd_cannot_follow_are_reported():
    pytest.importorskip("autograd")
    block = Function(lambda x: np.concatenate([x, x], axis=-1))
    with (
        pytest.warns(UserWarning, match="independent of input"),
        pytest.raises(TypeError, match="with `import autograd"),
    ):
        block.out_shape((3,))


@pytest.mark.parametrize(
    ("f", "shape"),
    [(lambda x: x.mean(axis=0), "(4,)"), (np.sum, "()"), (lambda x: x[:1], "(1, 4)")],
)
def test_the_number_of_rows_must_stay(f, shape):
    message = (
        "must return as many rows as it gets; for an array of shape (2, 4) it returned "
        f"one of shape {shape}."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Function(f, derivative=np.ones_like).out_shape((4,))


def test_a_derivative_by_entry_needs_rows_of_the_same_shape():
    block = Function(lambda x: x[..., :2], derivative=np.ones_like)
    with pytest.raises(ValueError, match=r"shape \(4,\) if a `derivative` is given"):
        block.out_shape((4,))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Function("sin"), "`f` of Function must be a function; got 'sin'."),
        (
            Function(np.sin, 3),
            "`derivative` of Function must be a function or None; got 3.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        block.out_shape((3,))
