"""Output: the layer whose width the targets decide."""

import numpy as np
import pytest

from sklearn_nn.blocks import (
    Chain,
    Dense,
    Graph,
    Output,
    Residual,
    Tanh,
    chain,
    parallel,
    with_outputs,
)
from sklearn_nn.core import InvalidParameterError, is_same
from sklearn_nn.inspection import check_gradient

PLACES = {
    "alone": Output(),
    "last": chain(Dense(5), Output()),
    "nested": chain(Dense(5), chain(Dense(4), Residual(Output()))),
    "branches": chain(parallel(Output(), chain(Dense(2), Output()), merge="add")),
    "graph": Graph([("a", Dense(4), "input"), ("z", Output(), ["a", "input"])]),
    "missing": chain(Dense(5)),
    "a single block": Dense(5),
    "no block": chain(),
    "a name that is taken": Chain([("output", Dense(5))]),
    "not last": chain(Output(), Tanh()),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_rows_of_the_result_have_the_width_that_is_asked(name):
    block = with_outputs(PLACES[name], 3)
    assert block.out_shape((4,)) == (3,)
    check_gradient(block, (4,))


@pytest.mark.parametrize("name", PLACES)
def test_the_network_itself_is_left_alone(name):
    before = repr(PLACES[name])
    with_outputs(PLACES[name], 3)
    assert repr(PLACES[name]) == before


def test_an_output_becomes_a_dense_with_its_activation_and_weights():
    kernel, bias = np.ones((5, 3)), np.arange(3)
    block = with_outputs(chain(Dense(5), Output("tanh", kernel, bias)), 3)
    expected = chain(Dense(5), Dense(3, "tanh", kernel=kernel, bias=bias))
    expected.blocks = [
        ("dense", expected.blocks[0][1]),
        ("output", expected.blocks[1][1]),
    ]
    assert is_same(block, expected)


def test_an_output_alone_is_a_part_with_its_name():
    assert is_same(
        with_outputs(Output("tanh"), 3), Chain([("output", Dense(3, "tanh"))])
    )


def test_without_an_output_a_dense_is_appended():
    block = with_outputs(chain(Dense(5, "relu")), 3)
    assert is_same(block, Chain([("dense", Dense(5, "relu")), ("output", Dense(3))]))


def test_where_the_name_is_taken_the_network_is_a_part():
    net = Chain([("output", Dense(5))])
    assert is_same(
        with_outputs(net, 3), Chain([("network", net), ("output", Dense(3))])
    )


def test_parts_that_stay_are_not_copied():
    body = Residual(Dense(5))
    assert with_outputs(chain(body, Output()), 3).blocks[0][1] is body


def test_outside_of_an_estimator_an_output_says_where_it_belongs():
    message = r"(?s)only in the `network` of .* Use Dense\(units\).*In block 'output'"
    with pytest.raises(InvalidParameterError, match=message):
        chain(Dense(3), Output()).out_shape((4,))


def test_a_malformed_chain_is_refused():
    with pytest.raises(InvalidParameterError, match="`blocks` of Chain must be a list"):
        with_outputs(Chain([Dense(3)]), 2)
