"""ParamLayout: names and places in one vector."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_nn.core import Param, ParamLayout, uniform, zeros

shapes = st.lists(st.integers(1, 4), max_size=3).map(tuple)
params = st.builds(
    Param, shapes, st.just(zeros), st.sampled_from(["weight", "bias", "state"]),
    st.booleans(),
)  # fmt: skip
names = st.text("abcXYZ_", min_size=1, max_size=3)
trees = st.dictionaries(
    names, st.recursive(params, lambda t: st.dictionaries(names, t, max_size=3))
)
members = st.none() | st.integers(1, 3)


def leaves(tree):
    """Return the declared parameters, depth first."""
    for item in tree.values():
        yield from [item] if isinstance(item, Param) else leaves(item)


def reach(views, path):
    for name in path.split("/"):
        views = getattr(views, name)
    return views


@given(tree=trees, k=members)
def test_the_views_cover_the_vector_exactly_once(tree, k):
    layout = ParamLayout(tree, k)
    views = layout.named_views(np.arange(layout.size))
    places = [place for view in views.values() for place in view.ravel()]
    assert sorted(places) == list(range(layout.size))


@given(tree=trees, k=members)
def test_the_size_is_that_of_all_parameters(tree, k):
    sizes = [math.prod(p.shape) * (1 if p.shared else k or 1) for p in leaves(tree)]
    assert ParamLayout(tree, k).size == sum(sizes)


@given(tree=trees, k=members)
def test_weights_come_first(tree, k):
    layout = ParamLayout(tree, k)
    for name, place in layout.slices.items():
        in_front = place.stop <= layout.n_weights
        assert in_front == (layout.params[name].group == "weight")


@given(tree=trees, k=members)
def test_state_comes_last(tree, k):
    layout = ParamLayout(tree, k)
    for name, place in layout.slices.items():
        if place.stop > place.start:
            trained = place.stop <= layout.n_trained
            assert trained == (layout.params[name].group != "state")


@given(tree=trees, k=members)
def test_parameters_have_their_shapes_after_the_members(tree, k):
    layout = ParamLayout(tree, k)
    for name, view in layout.named_views(np.zeros(layout.size)).items():
        param = layout.params[name]
        lead = () if k is None or param.shared else (k,)
        assert view.shape == (*lead, *param.shape)


@given(tree=trees, k=members)
def test_the_tree_of_views_has_the_named_views(tree, k):
    layout = ParamLayout(tree, k)
    flat = np.arange(layout.size)
    for path, view in layout.named_views(flat).items():
        assert_array_equal(reach(layout.views(flat), path), view)


@given(tree=trees, k=members)
def test_the_views_are_no_copies(tree, k):
    layout = ParamLayout(tree, k)
    flat = np.zeros(layout.size)
    for path in layout.slices:
        reach(layout.views(flat), path)[...] = 1
    assert flat.all()


@pytest.fixture
def tree():
    """Return biases, weights and a nested part, weights not in front."""
    inner = {"W": Param((2, 3), zeros), "b": Param((3,), zeros, group="bias")}
    return {"b": Param((4,), zeros, group="bias"), "body": {"one": inner}}


def test_names_are_paths_with_the_weights_in_front(tree):
    assert list(ParamLayout(tree).slices) == ["body/one/W", "b", "body/one/b"]


def test_the_number_of_weights_leaves_out_the_rest(tree):
    assert ParamLayout(tree).n_weights == 6


def test_a_shared_parameter_has_no_axis_of_members():
    tree = {"own": Param((2,), zeros), "common": Param((2,), zeros, shared=True)}
    assert ParamLayout(tree, 3).shapes == {"own": (3, 2), "common": (2,)}


@pytest.mark.parametrize("shape", [(12,), (14,), (13, 1), ()])
def test_a_vector_of_another_shape_is_refused(tree, shape):
    message = f"`flat` must have shape (13,) to hold these parameters; got {shape}."
    with pytest.raises(ValueError, match=re.escape(message)):
        ParamLayout(tree).views(np.zeros(shape))


def test_an_empty_tree_has_no_parameters():
    assert ParamLayout({"relu": {}}).size == 0


def test_initializers_draw_in_the_order_of_the_tree(rng):
    calls = []
    tree = {
        "b": Param((1,), lambda rng, out: calls.append("b"), group="bias"),
        "W": Param((1,), lambda rng, out: calls.append("W")),
    }
    ParamLayout(tree).initialize(np.zeros(2), rng)
    assert calls == ["b", "W"]


def test_initializers_fill_their_own_place(rng):
    def sevens(rng, out):
        out[...] = 7

    tree = {"a": Param((2,), zeros), "b": Param((3,), sevens), "c": Param((1,), zeros)}
    flat = np.full(6, np.nan)
    ParamLayout(tree).initialize(flat, rng)
    assert_array_equal(flat, [0, 0, 7, 7, 7, 0])


def test_uniform_stays_within_its_bound(rng):
    out = np.empty(10_000)
    uniform(0.25)(rng, out)
    assert 0.24 < np.abs(out).max() <= 0.25


def test_both_dtypes_start_alike():
    double, single = np.empty(100), np.empty(100, np.float32)
    uniform(1.0)(np.random.default_rng(5), double)
    uniform(1.0)(np.random.default_rng(5), single)
    assert_array_equal(single, double.astype(np.float32))
