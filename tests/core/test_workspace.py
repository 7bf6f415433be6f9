"""Workspace: memory that is reused."""

import tracemalloc

import numpy as np
import pytest

from sklearn_nn.core import Workspace


@pytest.fixture
def ws():
    """Return an empty workspace."""
    return Workspace(np.float32)


def test_an_array_has_the_shape_asked_for(ws):
    assert ws.out("y", (2, 3, 4)).shape == (2, 3, 4)


def test_an_array_has_the_dtype_of_the_workspace(ws):
    assert ws.out("y", (2,)).dtype == np.float32


def test_an_array_may_have_a_dtype_of_its_own(ws):
    assert ws.out("mask", (2,), bool).dtype == bool


def test_the_same_name_and_shape_is_the_same_memory(ws):
    ws.out("y", (2, 3))[...] = 5
    assert (ws.out("y", (2, 3)) == 5).all()


def test_other_names_are_other_memory(ws):
    assert not np.shares_memory(ws.out("y", (2, 3)), ws.out("dx", (2, 3)))


def test_other_workspaces_are_other_memory(ws):
    other = Workspace(np.float32)
    assert not np.shares_memory(ws.out("y", (2, 3)), other.out("y", (2, 3)))


@pytest.mark.parametrize("shape", [(1, 3), (3, 2), (6,), (0, 3)])
def test_a_smaller_array_is_a_view_of_the_larger_one(ws, shape):
    larger = ws.out("y", (2, 3))
    smaller = ws.out("y", shape)
    assert smaller.base is larger.base
    assert smaller.flags.c_contiguous


def test_memory_grows_with_the_need(ws):
    ws.out("y", (2, 3))
    assert ws.out("y", (20, 3)).shape == (20, 3)


def test_a_smaller_array_after_growth_is_a_view_of_the_new_one(ws):
    ws.out("y", (2, 3))
    grown = ws.out("y", (20, 3))
    assert np.shares_memory(ws.out("y", (2, 3)), grown)


def test_growth_lets_go_of_the_old_memory(ws):
    tracemalloc.start()
    for n in range(1, 200):
        ws.out("y", (n, 1000))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 1.1 * 200 * 1000 * 4


def test_a_stream_of_new_shapes_takes_no_more_memory(ws):
    ws.out("y", (5000,))
    tracemalloc.start()
    for n in range(5000):
        ws.out("y", (n,))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 50_000


def test_a_stream_of_new_shapes_keeps_the_memory(ws):
    first = ws.out("y", (5000,))
    arrays = [ws.out("y", (n,)) for n in range(1, 500)]
    assert all(np.shares_memory(array, first) for array in arrays)


def test_a_child_is_made_once(ws):
    assert ws.child("dense1") is ws.child("dense1")


def test_children_are_other_memory(ws):
    one, two = ws.child("one"), ws.child("two")
    assert not np.shares_memory(one.out("y", (4,)), two.out("y", (4,)))


def test_a_child_has_the_dtype_of_its_parent(ws):
    assert ws.child("dense1").out("y", (2,)).dtype == np.float32


@pytest.mark.parametrize(
    "shapes", [[(3,)], [(3,), (20,)], [(20,), (3,)], [(4, 5), (3,)]]
)
def test_a_constant_is_its_value_everywhere(ws, shapes):
    for shape in shapes:
        array = ws.constant(0.5, shape)
    assert array.shape == shapes[-1]
    assert (array == 0.5).all()


def test_constants_of_other_values_are_other_memory(ws):
    ones = ws.constant(1, (4,))
    ws.constant(2, (4,))
    assert (ones == 1).all()


def test_a_constant_is_read_only(ws):
    with pytest.raises(ValueError, match="read-only"):
        ws.constant(1, (4,))[0] = 2


def test_a_constant_is_made_once(ws):
    assert ws.constant(1, (4,)) is ws.constant(1, (4,))
