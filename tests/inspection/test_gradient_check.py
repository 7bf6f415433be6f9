"""check_gradient: it passes what is right and catches what is wrong."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_nn.blocks import Dense, Dropout, Identity, Tanh, chain
from sklearn_nn.core import Param, zeros
from sklearn_nn.inspection import check_gradient


class ScaledGradient(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        dx = super().backward(p, g, dy, ws, need_dx=need_dx)
        g.b *= 1.0001
        return dx


class ScaledDx(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        return 1.0001 * super().backward(p, g, dy, ws, need_dx=need_dx)


class AddedGradient(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        before = g.W.copy()
        dx = super().backward(p, g, dy, ws, need_dx=need_dx)
        g.W += before
        return dx


class ForgottenGradient(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        before = g.b.copy()
        dx = super().backward(p, g, dy, ws, need_dx=need_dx)
        g.b[...] = before
        return dx


class ForwardWritesX(Tanh):
    def forward(self, p, x, ws, rng):
        y = super().forward(p, x, ws, rng)
        x *= 0.5
        return y


class BackwardWritesX(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        dx = super().backward(p, g, dy, ws, need_dx=need_dx)
        x = ws.saved[0]
        x += 1
        return dx


class BackwardWritesDy(Dense):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        dx = super().backward(p, g, dy, ws, need_dx=need_dx)
        dy *= 2
        return dx


class OtherNoise(Dropout):
    def backward(self, p, g, dy, ws, *, need_dx=True):
        return dy


class UnusedParameter(Identity):
    def param_tree(self, in_shape):
        return {"a": Param((2,), zeros)}


WRONG = {
    "scaled gradient": (ScaledGradient(3), "b"),
    "scaled dx": (ScaledDx(3), "x"),
    "added gradient": (AddedGradient(3), "W"),
    "forgotten gradient": (ForgottenGradient(3), "b"),
    "forward writes x": (ForwardWritesX(), "x"),
    "backward writes x": (BackwardWritesX(3), "W"),
    "backward writes dy": (BackwardWritesDy(3), "W"),
    "noise lost": (OtherNoise(0.5), "x"),
    "gradient of an unused parameter": (UnusedParameter(), "a"),
    "wrong part of a chain": (chain(Tanh(), ScaledGradient(3)), "scaledgradient/b"),
}


@pytest.mark.parametrize(("block", "where"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("members", [None, 2])
def test_a_wrong_backward_is_caught(block, where, members):
    message = f"is not its derivative: for `{where}` at"
    with pytest.raises(AssertionError, match=message):
        check_gradient(block, (4,), n=6, members=members)


def test_the_message_has_both_numbers_and_the_tolerance():
    message = r"it says -?[\d.]+, finite differences say -?[\d.]+ \(error .*, allowed"
    with pytest.raises(AssertionError, match=message):
        check_gradient(ScaledGradient(3), (4,))


def test_an_error_within_the_tolerance_passes():
    check_gradient(ScaledGradient(3), (4,), tol=1e-2)


def test_the_result_has_a_gradient_per_parameter_and_the_input():
    result = check_gradient(chain(Dense(2), Dense(1)), (4,), n=5)
    shapes = {name: grad.shape for name, grad in result.analytic.items()}
    assert shapes == {
        "dense1/W": (4, 2),
        "dense1/b": (2,),
        "dense2/W": (2, 1),
        "dense2/b": (1,),
        "x": (5, 4),
    }


def test_the_result_has_both_gradients():
    result = check_gradient(Dense(2, "tanh"), (4,))
    for name, grad in result.analytic.items():
        assert_allclose(result.numeric[name], grad, atol=1e-7)


def test_the_largest_error_is_that_of_the_gradients():
    result = check_gradient(Dense(2, "tanh"), (4,))
    errors = []
    for name, exact in result.analytic.items():
        scale = np.maximum(1, np.abs(result.numeric[name]))
        errors.append(np.max(np.abs(exact - result.numeric[name]) / scale))
    assert result.max_error == max(errors)


def test_another_seed_is_another_point():
    one, two = [check_gradient(Dense(2), (4,), seed=s).analytic["x"] for s in (1, 2)]
    assert not np.allclose(one, two)


def test_the_same_seed_is_the_same_point():
    one, two = [check_gradient(Dense(2), (4,), seed=3).analytic["x"] for _ in range(2)]
    assert (one == two).all()


def test_a_block_without_parameters_is_checked_by_its_input():
    assert set(check_gradient(Tanh(), (4,)).analytic) == {"x"}
