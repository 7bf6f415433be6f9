"""Chain: names, parts, parameters and messages."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Chain, Dense, Dropout, ReLU, Tanh, chain
from sklearn_nn.core import InvalidParameterError, compile_network


@pytest.fixture
def net():
    """Return a chain of two parts, the first a chain itself."""
    inner = Chain([("wide", Dense(8, "tanh")), ("noise", Dropout(0.1))])
    return Chain([("hidden", inner), ("output", Dense(1))])


def names(block):
    return [name for name, _ in block.blocks]


def test_chain_numbers_the_names_that_occur_more_than_once():
    block = chain(Dense(4), ReLU(), Dense(3), Tanh(), Dense(1))
    assert names(block) == ["dense1", "relu", "dense2", "tanh", "dense3"]


def test_chain_keeps_the_parts_in_order():
    parts = Dense(4), Dropout(), Dense(1)
    assert tuple(part for _, part in chain(*parts).blocks) == parts


def test_parameters_are_named_after_the_parts(net, rng):
    layout = compile_network(net, (3,), np.float64, rng).layout
    assert set(layout.slices) == {
        "hidden/wide/W",
        "hidden/wide/b",
        "output/W",
        "output/b",
    }


def test_the_shape_goes_through_the_parts(net):
    assert net.out_shape((5, 3)) == (5, 1)


def test_a_chain_is_its_parts_one_after_the_other(rng):
    x = rng.standard_normal((6, 3))
    both = compile_network(chain(Dense(4, "tanh"), Dense(2)), (3,), np.float64, rng)
    views = both.layout.named_views(both.params)
    W1, b1, W2, b2 = (
        views[k] for k in ("dense1/W", "dense1/b", "dense2/W", "dense2/b")
    )
    expected = np.tanh(x @ W1 + b1) @ W2 + b2
    np.testing.assert_allclose(both.forward(x), expected, rtol=1e-12)


def test_passthrough_does_nothing(rng):
    x = rng.standard_normal((6, 3))
    block = Chain([("first", "passthrough"), ("only", Tanh()), ("last", "passthrough")])
    assert_array_equal(
        compile_network(block, (3,), np.float64, rng).forward(x), np.tanh(x)
    )


def test_passthrough_passes_the_gradient_on(rng):
    block = Chain([("a", "passthrough"), ("b", "passthrough")])
    net = compile_network(block, (3,), np.float64, rng)
    net.forward(rng.standard_normal((6, 3)))
    assert_array_equal(net.backward(np.ones((6, 3)), need_dx=True), np.ones((6, 3)))


def test_passthrough_has_no_parameters(net, rng):
    net.set_params(output="passthrough")
    layout = compile_network(net, (3,), np.float64, rng).layout
    assert set(layout.slices) == {"hidden/wide/W", "hidden/wide/b"}


def test_get_params_reaches_into_nested_parts(net):
    assert net.get_params()["hidden__wide__units"] == 8


def test_get_params_has_whole_parts(net):
    assert net.get_params()["output"] is net.blocks[1][1]


def test_shallow_parameters_are_the_list_alone(net):
    assert net.get_params(deep=False) == {"blocks": net.blocks}


def test_set_params_reaches_into_nested_parts(net):
    net.set_params(hidden__wide__units=32)
    assert net.blocks[0][1].blocks[0][1].units == 32


def test_set_params_replaces_a_whole_part(net):
    new = Dense(5)
    net.set_params(output=new)
    assert net.blocks[1] == ("output", new)


def test_set_params_keeps_the_other_parts(net):
    hidden = net.blocks[0]
    net.set_params(output="passthrough")
    assert net.blocks[0] == hidden


def test_a_part_and_its_parameter_are_set_in_this_order(net):
    net.set_params(output__units=7, output=Dense(5))
    assert net.blocks[1][1].units == 7


def test_the_list_and_a_part_are_set_in_this_order(net):
    net.set_params(a=Tanh(), blocks=[("a", Dense(2)), ("b", Dense(1))])
    assert [type(part) for _, part in net.blocks] == [Tanh, Dense]


def test_replacing_a_part_leaves_the_list_given_alone():
    given = [("a", Dense(2))]
    Chain(given).set_params(a=Tanh())
    assert isinstance(given[0][1], Dense)


def test_set_params_refuses_an_unknown_name(net):
    with pytest.raises(
        ValueError, match="Invalid parameter 'hiden' for estimator Chain"
    ):
        net.set_params(hiden=Tanh())


def test_a_clone_has_the_same_parameters(net):
    assert repr(clone(net)) == repr(net)


def test_a_clone_shares_no_part(net):
    clone(net).set_params(hidden__wide__units=1)
    assert net.get_params()["hidden__wide__units"] == 8


def test_the_repr_shows_names_and_values(net):
    assert "('output', Dense(units=1))" in repr(net)


def test_parts_may_come_in_a_tuple(rng):
    block = Chain((("a", Dense(2)), ("b", Dense(1))))
    assert compile_network(block, (3,), np.float64, rng).out_shape == (1,)


@pytest.mark.parametrize("part", [Dense(3), ("a",), (1, Dense(3)), "a", ("a", 1, 2)])
def test_a_part_that_is_no_pair_is_named_in_the_message(part, rng):
    message = (
        f"`blocks` of Chain must be a list of (name, block); got {part!r}. "
        "`chain(...)` names the blocks by itself."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(Chain([part]), (3,), np.float64, rng)


@pytest.mark.parametrize("blocks", [None, Dense(3), "abc"])
def test_blocks_that_are_no_list_are_named_in_the_message(blocks, rng):
    message = f"`blocks` of Chain must be a list of (name, block); got {blocks!r}."
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(Chain(blocks), (3,), np.float64, rng)


def test_parts_before_the_first_parameters_have_no_backward_without_dx(rng):
    class NoWayBack(Tanh):
        def backward(self, p, g, dy, ws, *, need_dx=True):
            raise AssertionError

    net = compile_network(chain(NoWayBack(), Dense(2)), (3,), np.float64, rng)
    net.forward(rng.standard_normal((6, 3)))
    assert net.backward(np.ones((6, 2))) is None


def test_no_dx_is_returned_if_none_is_needed(rng):
    net = compile_network(chain(Tanh()), (3,), np.float64, rng)
    net.forward(rng.standard_normal((6, 3)))
    assert net.backward(np.ones((6, 3)), need_dx=False) is None


@pytest.mark.parametrize("need_dx", [True, False])
def test_two_gradient_vectors_are_told_apart(need_dx, rng):
    net = compile_network(chain(Dense(4), Dense(2)), (3,), np.float64, rng)
    x, dy = rng.standard_normal((6, 3)), np.ones((6, 2))
    net.forward(x)
    net.backward(dy, need_dx=need_dx)
    other = np.zeros_like(net.grads)
    views = net.layout.views(other)
    net.block.backward(net._p, views, dy, net._ws, need_dx=need_dx)
    assert_array_equal(other, net.grads)


def test_two_parameter_vectors_are_told_apart(rng):
    net = compile_network(chain(Dense(4), Dense(2)), (3,), np.float64, rng)
    x = rng.standard_normal((6, 3))
    net.forward(x)
    zeros = net.layout.views(np.zeros_like(net.params))
    assert not net.block.forward(zeros, x, net._ws, None).any()


@pytest.mark.parametrize("part", [None, "drop", Dense, 3])
def test_a_part_that_is_no_block_is_named_in_the_message(part, rng):
    message = (
        "Block 'a' of Chain must be a block of sklearn_nn.blocks or 'passthrough'; "
        f"got {part!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(Chain([("a", part)]), (3,), np.float64, rng)


@pytest.mark.parametrize(
    "name", ["", "two words", "a__b", "blocks", "a/b", "1st", "first"]
)
def test_a_name_that_cannot_be_used_is_named_in_the_message(name, rng):
    message = (
        "A name in `blocks` of Chain must be an identifier without '__', other than "
        f"'blocks', and occur once; got {name!r}."
    )
    block = Chain([("first", Dense(1)), (name, Dense(1))])
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compile_network(block, (3,), np.float64, rng)


def test_an_error_notes_the_part_and_the_shape_it_reads(rng):
    block = Chain([("body", chain(Dense(4), Dense(0)))])
    with pytest.raises(InvalidParameterError, match="`units` of Dense") as caught:
        compile_network(block, (3,), np.float64, rng)
    assert caught.value.__notes__ == [
        "In block 'dense2' of a Chain, which reads (4,).",
        "In block 'body' of a Chain, which reads (3,).",
    ]
