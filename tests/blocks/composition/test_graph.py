"""Graph: wiring, inputs, columns by name, parameters and messages."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import (
    GRU,
    BatchNorm,
    Bidirectional,
    Columns,
    Dense,
    Dropout,
    Graph,
    Residual,
    Scale,
    Shared,
    Tanh,
    Tied,
    chain,
    parallel,
    with_columns,
)
from sklearn_nn.core import InvalidParameterError, compile_network

NODES = [
    ("stem", Dense(3, "tanh"), "input"),
    ("left", Dense(2, "tanh"), "stem"),
    ("right", Dense(2), ["stem", "left"]),
    ("both", "multiply", ["left", "right"]),
    ("last", Dense(1), ["both", "input"]),
]


def compiled(block, in_shape=(4,), members=None):
    rng = np.random.default_rng(0)
    return compile_network(block, in_shape, np.float64, rng, members)


def of_columns(columns):
    return Graph([("all", "passthrough", "some")], inputs={"some": columns})


@pytest.fixture
def x(rng):
    return rng.standard_normal((6, 4))


def by_hand(views, x):
    """Return what the graph of ``NODES`` is in NumPy."""

    def dense(name, x):
        return x @ views[f"{name}/W"] + views[f"{name}/b"]

    stem = np.tanh(dense("stem", x))
    left = np.tanh(dense("left", stem))
    both = left * dense("right", np.concatenate([stem, left], axis=-1))
    return dense("last", np.concatenate([both, x], axis=-1))


def test_nodes_read_what_they_name(x):
    net = compiled(Graph(NODES))
    views = net.layout.named_views(net.params)
    assert_allclose(net.forward(x), by_hand(views, x), rtol=1e-13)


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]], ids=str)
def test_the_order_of_the_list_does_not_matter(order, x):
    net = compiled(Graph([NODES[i] for i in order], output="last"))
    views = net.layout.named_views(net.params)
    assert_allclose(net.forward(x), by_hand(views, x), rtol=1e-13)


def test_a_list_in_order_is_the_order_of_the_parameters():
    nodes = [("a", Dense(2), "input"), ("b", Dense(2), "input")]
    block = Graph([*nodes, ("c", Dense(2), "input"), ("d", "add", ["b", "c", "a"])])
    assert list(block.param_tree((4,))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("merge", "y", "slope"),
    [("add", 6.0, 3), ("multiply", 8.0, 12), ("max", 2.0, 1), ("mean", 2.0, 1)],
)
def test_the_gradient_of_a_node_that_is_read_often_adds_up(merge, y, slope):
    block = Graph([("a", Dense(1), "input"), ("b", merge, ["a", "a", "a"])])
    net = compiled(block, (1,))
    net.params[:] = [2, 0]
    assert_allclose(net.forward(np.array([[1.0]])), [[y]])
    dx = net.backward(np.array([[1.0]]), need_dx=True)
    assert_allclose(net.grads, [slope, slope])
    assert_allclose(dx, [[2 * slope]])


def test_a_first_node_may_merge_what_needs_no_gradient(x):
    net = compiled(Graph([("a", Dense(2), ["input", "input"])]))
    net.forward(x)
    net.backward(np.ones((6, 2)))
    assert_allclose(net.layout.named_views(net.grads)["a/b"], [6, 6])


def test_a_graph_can_be_a_node_and_a_part(x):
    inner = Graph(NODES[:3])
    net = compiled(chain(Dense(4), Graph([("a", inner, "input")]), Dense(1)))
    assert "graph/a/stem/W" in net.layout.slices
    assert net.forward(x).shape == (6, 1)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (2, [2]),
        (-1, [3]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, 2), [0, 2]),
        ([3, 0], [3, 0]),
        ((0, 1, 3), [0, 1, 3]),
        (np.array([1, 1]), [1, 1]),
        ([True, False, False, True], [0, 3]),
    ],
    ids=str,
)
def test_inputs_are_columns_of_x(columns, expected, x):
    net = compiled(of_columns(columns))
    assert_array_equal(net.forward(x), x[:, expected])


def test_columns_are_those_of_every_time_step(x):
    net = compiled(of_columns([2, 0]), (3, 4))
    rows = x.reshape(2, 3, 4)
    assert_array_equal(net.forward(rows), rows[..., [2, 0]])


def test_dx_of_columns_that_are_read_twice_adds_up(x):
    net = compiled(of_columns([3, 0, 3]))
    net.forward(x[:1])
    dx = net.backward(np.array([[1.0, 2, 4]]), need_dx=True)
    assert_array_equal(dx, [[2, 0, 0, 5]])


def test_inputs_may_come_as_a_list():
    pairs = [("l", [0]), ("r", slice(1, 4))]
    block = Graph([("a", "concat", ["r", "l"])], inputs=pairs)
    assert_array_equal(compiled(block).forward(np.arange(4.0)[None]), [[1, 2, 3, 0]])


def test_names_of_columns_become_positions():
    names = ["age", "income", "city", "sex"]
    nodes = [("a", Dense(2), "num"), ("b", Dense(2), "cat"), ("c", "add", ["a", "b"])]
    inputs = {"num": ["income", "age"], "cat": slice("city", "sex")}
    block = with_columns(Graph(nodes, inputs=inputs), names)
    assert block.inputs == {"num": [1, 0], "cat": slice(2, 4)}


@pytest.mark.parametrize("columns", [1, [0, 2], slice(1, 3), slice(None)], ids=str)
def test_positions_of_columns_stay(columns):
    assert with_columns(of_columns(columns), "abcd").inputs == {"some": columns}


def test_names_of_columns_are_found_in_inner_graphs():
    inner = Residual(chain(of_columns("b"), Dense(1)), projection=of_columns(["a"]))
    block = with_columns(Graph([("all", inner, "input")]), np.array(["a", "b"]))
    params = block.get_params()
    assert params["all__block__graph__inputs"] == {"some": 1}
    assert params["all__projection__inputs"] == {"some": [0]}


def test_the_block_with_the_names_is_left_alone():
    given = chain(of_columns(["a"]))
    before = repr(given)
    with_columns(given, ["a", "b"])
    assert repr(given) == before


NAMES = ["a", "b", "c"]
# Blocks before and around a graph that names a column, and where that column is.
PLACES = {
    "behind columns": (lambda g: chain(Columns([2, 0]), g), 1),
    "behind a slice": (lambda g: chain(Columns(slice(0, 1)), g), 0),
    "behind named columns": (lambda g: chain(Columns(["b", "a"]), g), 1),
    "behind blocks that keep places": (
        lambda g: chain(Scale(), BatchNorm(), Dropout(0.1), Tanh(), g),
        0,
    ),
    "in branches": (lambda g: parallel(Tanh(), g), 0),
    "around a chain": (lambda g: Residual(chain(Scale(), g), projection=Dense(1)), 0),
    "shared": (lambda g: Shared(g), 0),
    "of an input": (lambda g: Graph([("g", g, "x")], inputs={"x": ["c", "a"]}), 1),
    "of two inputs": (
        lambda g: Graph([("g", g, ["x", "y"])], inputs={"x": [2, 1], "y": ["a"]}),
        2,
    ),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_name_is_found_where_the_column_is(where):
    around, place = PLACES[where]
    block = with_columns(around(of_columns(["a"])), NAMES)
    assert f"'some': [{place}]" in repr(block)


NO_PLACES = {
    "behind a layer": lambda g: chain(Dense(3), g),
    "behind branches": lambda g: chain(parallel(Tanh(), Tanh()), g),
    "of a node": lambda g: Graph([("d", Dense(3), "input"), ("g", g, "d")]),
    "of a node and an input": lambda g: Graph(
        [("d", Dense(3), "x"), ("g", g, ["x", "d"])], inputs={"x": ["a"]}
    ),
    "in another block": lambda g: Bidirectional(GRU(2)).set_params(block=g),
}


@pytest.mark.parametrize("where", NO_PLACES)
def test_a_name_where_no_column_is_read_is_an_error(where):
    with pytest.raises(ValueError, match="only where it reads columns of the data"):
        with_columns(NO_PLACES[where](of_columns(["a"])), NAMES)
    with_columns(NO_PLACES[where](of_columns([0])), NAMES)


def test_tied_graphs_must_find_their_columns_in_the_same_places():
    nodes = [
        ("g", of_columns(["a"]), "x"),
        ("h", Tied("g"), "y"),
        ("z", "add", ["g", "h"]),
    ]
    same = Graph(nodes, inputs={"x": ["a", "b"], "y": ["a", "c"]})
    assert with_columns(same, NAMES).get_params()["g__inputs"] == {"some": [0]}
    with pytest.raises(ValueError, match="'h' is tied to 'g'"):
        with_columns(Graph(nodes, inputs={"x": ["a", "b"], "y": ["c", "a"]}), NAMES)


def test_a_block_without_graphs_has_no_names():
    assert repr(with_columns(Dense(3), ["a"])) == "Dense(units=3)"


def test_get_params_reaches_into_nodes():
    params = Graph(NODES).get_params()
    assert params["left__units"] == 2
    assert params["both"] == "multiply"


def test_set_params_reaches_nodes_and_their_parameters():
    new = {"left__units": 5, "right": Dense(5), "stem": "passthrough"}
    block = clone(Graph(NODES)).set_params(**new)
    net = compiled(block)
    assert net.layout.shapes["left/W"] == (4, 5)
    assert net.layout.shapes["right/W"] == (9, 5)
    assert "stem/W" not in net.layout.shapes


def test_replacing_a_node_keeps_what_it_reads():
    block = Graph(NODES).set_params(right=Tanh())
    assert block.nodes[2][2] == ["stem", "left"]


def test_a_clone_has_the_same_parameters():
    block = Graph(NODES[1:], inputs={"stem": slice(0, 2), "input": 3}, output="last")
    assert repr(clone(block)) == repr(block)


def test_no_dx_is_returned_if_none_is_needed(x):
    net = compiled(Graph(NODES))
    net.forward(x)
    assert net.backward(np.ones((6, 1)), need_dx=False) is None


@pytest.mark.parametrize(
    ("nodes", "answer"),
    [
        ([("a", Dense(2), "input"), ("b", Tanh(), "a")], True),
        ([("a", Tanh(), "input"), ("b", Dense(2), "a")], False),
        ([("a", Dense(2), "input"), ("b", Dense(2), ["a", "input"])], False),
        ([("a", Dense(2), "input"), ("b", "add", ["a", "input"])], False),
        ([("a", Dense(2), "input"), ("b", "concat", ["a"])], True),
    ],
)
def test_sparse_rows_are_taken_if_the_nodes_that_read_them_do(nodes, answer):
    assert Graph(nodes).accepts_sparse is answer


def test_sparse_rows_give_what_dense_ones_give(x):
    nodes = [("a", Dense(2), "l"), ("b", Dense(2), "r"), ("c", "multiply", ["a", "b"])]
    block = Graph(nodes, inputs={"l": [3, 0], "r": slice(1, 3)})
    assert block.accepts_sparse
    net = compiled(block)
    y = net.forward(x).copy()
    net.backward(np.ones((6, 2)))
    grads = net.grads.copy()
    assert_allclose(net.forward(sp.csr_array(x)), y, rtol=1e-13)
    net.backward(np.ones((6, 2)))
    assert_allclose(net.grads, grads, rtol=1e-13)


A, B = Dense(2), Dense(3)
MALFORMED = {
    "pairs": (
        Graph([("a", A)]),
        "`nodes` of Graph must be a list of (name, block, inputs); got ('a', Dense(",
    ),
    "no nodes": (Graph(), "`nodes` of Graph must hold a node; got none."),
    "no block": (
        Graph([("a", "sum", "input")]),
        "Block 'a' of Graph must be a block of sklearn_nn.blocks, 'passthrough', "
        "'concat', 'add', 'multiply', 'max' or 'mean'; got 'sum'.",
    ),
    "a name taken": (
        Graph([("output", A, "input")]),
        "A name in `nodes` of Graph must be an identifier without '__', other than "
        "'inputs', 'nodes', 'output', and occur once; got 'output'.",
    ),
    "reads nothing": (
        Graph([("a", A, [])]),
        "Node 'a' of Graph must read the name of an input or of a node, or a list of "
        "names; got [].",
    ),
    "reads a number": (Graph([("a", A, ["input", 3])]), "names; got ['input', 3]."),
    "reads an unknown name": (
        Graph([("a", A, "input"), ("b", B, ["a", "imput"])]),
        "Node 'b' of Graph must read inputs or nodes, which are 'input', 'a', 'b'; got "
        "'imput'.",
    ),
    "input has gone": (
        Graph([("a", A, "input")], inputs={"num": 1}),
        "Node 'a' of Graph must read inputs or nodes, which are 'num', 'a'; got "
        "'input'.",
    ),
    "a circle": (
        Graph(
            [
                ("out", A, "d"),
                ("a", A, "input"),
                ("b", A, ["a", "d"]),
                ("c", A, "b"),
                ("d", A, "c"),
            ],
            output="out",
        ),
        "The nodes of Graph must not read each other in a circle; 'd' reads 'c' reads "
        "'b' reads 'd'. Let one of them read something else.",
    ),
    "itself": (Graph([("a", A, ["input", "a"])]), "in a circle; 'a' reads 'a'."),
    "read by none": (
        Graph([("a", A, "input"), ("b", B, "input")]),
        "Every input and node of Graph but its output, 'b', must be read by a node; "
        "nothing reads 'a'. Remove it, let a node read it, or make it the `output`.",
    ),
    "an input read by none": (
        Graph([("a", A, "x")], inputs={"x": 0, "z": 1}),
        "must be read by a node; nothing reads 'z'.",
    ),
    "an unknown output": (
        Graph([("a", A, "input"), ("b", B, "a")], output="c"),
        "`output` of Graph must be one of 'a', 'b'; got 'c'.",
    ),
    "a node like an input": (
        Graph([("x", A, "x")], inputs={"x": 0}),
        "A node of Graph must not be called like an input; got 'x'.",
    ),
    "inputs that are no pairs": (
        Graph([("a", A, "x")], inputs=["x"]),
        "`inputs` of Graph must be None, or a dict or a list of (name, columns) with "
        "names that are there and differ; got ['x'].",
    ),
    "an input that is there twice": (
        Graph([("a", A, "x")], inputs=[("x", 0), ("x", 1)]),
        "names that are there and differ; got [('x', 0), ('x', 1)].",
    ),
}


@pytest.mark.parametrize(("block", "message"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_graph_is_named_in_the_message(block, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block)


def test_shapes_that_do_not_fit_are_named_in_the_message():
    message = (
        "Node 'c' of Graph must get rows of one shape to merge them by 'add'; 'a' has "
        "(2,), 'b' has (3,). Make them equal, or merge by 'concat'."
    )
    nodes = [("a", A, "input"), ("b", B, "input"), ("c", "add", ["a", "b"])]
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(Graph(nodes))


@pytest.mark.parametrize("columns", [4, [0, 9], "age", [], [0.5], None, [[0, 1]]])
def test_columns_that_are_not_there_are_named_in_the_message(columns):
    message = (
        "Columns must be positions, in a list or a slice, of the last axis of rows of "
        f"shape (4,); got {columns!r}. Names need an estimator that is fitted on a "
        "data frame."
    )
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        compiled(of_columns(columns))
    assert caught.value.__notes__ == ["In block 'some' of a Graph, which reads (4,)."]


def test_a_name_that_is_no_column_is_named_in_the_message():
    message = (
        "The columns of input 'some' of Graph must be among those that it reads, 'a', "
        "'b'; got 'c'."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        with_columns(of_columns(["a", "c"]), ["a", "b"])


def test_an_error_notes_the_node_and_the_shape_it_reads():
    with pytest.raises(InvalidParameterError, match="`units` of Dense") as caught:
        compiled(Graph([("a", A, "input"), ("b", Dense(0), ["a", "input"])]))
    assert caught.value.__notes__ == ["In block 'b' of a Graph, which reads (6,)."]
