"""Tied: parameters that parts share by name."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Chain, Dense, Graph, Parallel, Tanh, Tied, chain
from sklearn_nn.core import InvalidParameterError, compile_network


def compiled(block, in_shape=(4,)):
    return compile_network(block, in_shape, np.float64, np.random.default_rng(0))


@pytest.fixture
def tied():
    """Return a chain whose second part is its first once more."""
    return Chain([("a", Dense(4, "tanh")), ("b", Tied("a")), ("c", Dense(2))])


@pytest.fixture
def free():
    """Return the same chain with parameters for each part."""
    return Chain([("a", Dense(4, "tanh")), ("b", Dense(4, "tanh")), ("c", Dense(2))])


def untie(net, free):
    """Return the network of ``free`` that computes what the tied ``net`` does."""
    other = compiled(free, net.in_shape)
    views = net.layout.named_views(net.params)
    for path, view in other.layout.named_views(other.params).items():
        view[...] = views[path.replace("b/", "a/")]
    return other


def test_the_parameters_are_counted_once(tied):
    assert compiled(tied).params.size == (4 * 4 + 4) + (4 * 2 + 2)


def test_a_tied_part_has_no_name_in_the_parameters(tied):
    assert set(compiled(tied).layout.slices) == {"a/W", "a/b", "c/W", "c/b"}


def test_both_parts_compute_with_the_same_parameters(tied, free, rng):
    net, x = compiled(tied), rng.standard_normal((5, 4))
    assert_array_equal(net.forward(x), untie(net, free).forward(x))


@pytest.mark.parametrize("need_dx", [True, False])
def test_the_gradients_of_both_uses_add_up(tied, free, need_dx, rng):
    net, x, dy = compiled(tied), rng.standard_normal((5, 4)), np.ones((5, 2))
    other = untie(net, free)
    for one in (net, other):
        one.forward(x)
        one.backward(dy, need_dx=need_dx)
    views, parts = [n.layout.named_views(n.grads) for n in (net, other)]
    for name in "Wb":
        both = parts[f"a/{name}"] + parts[f"b/{name}"]
        assert_allclose(views[f"a/{name}"], both, rtol=1e-13)


def test_a_second_step_does_not_see_the_first(tied, rng):
    net, x, dy = compiled(tied), rng.standard_normal((5, 4)), np.ones((5, 2))
    net.forward(x)
    net.backward(dy)
    first = net.grads.copy()
    net.forward(x)
    net.backward(dy)
    assert_array_equal(net.grads, first)


def test_a_part_made_of_parts_can_be_tied(rng):
    body = chain(Dense(7, "tanh"), Dense(4))
    net = compiled(Chain([("a", body), ("b", Tied("a")), ("c", Tied("a"))]))
    twice = compiled(Chain([("a", body), ("b", body)]))
    assert net.params.size == compiled(body).params.size
    assert twice.params.size == 2 * net.params.size


def test_branches_can_be_tied(rng):
    block = Parallel([("a", Dense(3)), ("b", Tied("a"))], merge="add")
    net, x = compiled(block), rng.standard_normal((5, 4))
    alone = compiled(Dense(3))
    alone.params[:] = net.params
    assert_allclose(net.forward(x), 2 * alone.forward(x), rtol=1e-14)


def test_nodes_that_read_different_things_can_be_tied(rng):
    block = Graph(
        [("a", Dense(3), "l"), ("b", Tied("a"), "r"), ("c", "add", ["a", "b"])],
        inputs={"l": [0, 1], "r": [2, 3]},
    )
    net, x = compiled(block), rng.standard_normal((5, 4))
    views = net.layout.named_views(net.params)
    expected = (x[:, :2] + x[:, 2:]) @ views["a/W"] + 2 * views["a/b"]
    assert_allclose(net.forward(x), expected, rtol=1e-13)


def test_a_part_may_be_tied_to_a_later_one(rng):
    net = compiled(Chain([("a", Tied("b")), ("b", Dense(4, "tanh"))]))
    assert set(net.layout.slices) == {"b/W", "b/b"}


def test_a_part_tied_to_a_passthrough_does_nothing(tied, rng):
    x = rng.standard_normal((5, 4))
    net = compiled(tied.set_params(a="passthrough"))
    only = compiled(Dense(2))
    only.params[:] = net.params
    assert_array_equal(net.forward(x), only.forward(x))


def test_get_params_shows_the_name(tied):
    assert tied.get_params()["b__name"] == "a"


def test_a_clone_has_the_same_parameters(tied):
    assert repr(clone(tied)) == repr(tied)


def test_a_clone_is_tied_as_well(tied):
    assert compiled(clone(tied)).params.size == compiled(tied).params.size


@pytest.mark.parametrize("name", ["missing", "b", "d", None])
def test_a_name_that_cannot_be_tied_to_is_named_in_the_message(tied, name):
    block = Chain([*tied.set_params(b__name=name).blocks, ("d", Tied("a"))])
    message = (
        "The `name` that block 'b' of Chain is tied to must be one of 'a', 'c'; "
        f"got {name!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block)


def test_a_part_cannot_be_tied_to_one_of_another_composite():
    inner = Chain([("b", Tied("a")), ("c", Tanh())])
    with pytest.raises(InvalidParameterError, match="must be one of 'c'; got 'a'"):
        compiled(Chain([("a", Dense(4)), ("inner", inner)]))


def test_rows_of_another_width_are_named_in_the_message():
    message = (
        "Block 'b' of Chain must read rows like those of 'a', to which it is tied; it "
        "reads (3,), 'a' reads (4,). Make the shapes agree, or give it a block of its "
        "own."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(Chain([("a", Dense(3)), ("b", Tied("a"))]))


def test_rows_of_another_length_fit_if_the_parameters_do(rng):
    class First(Tanh):
        def out_shape(self, in_shape):
            return (1, *in_shape[1:])

        def forward(self, p, x, ws, rng):
            return x[..., :1, :]

    block = Chain([("a", Dense(4)), ("cut", First()), ("b", Tied("a"))])
    assert compiled(block, (6, 4)).forward(np.ones((2, 6, 4))).shape == (2, 1, 4)
