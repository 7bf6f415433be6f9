"""Summary: what a network is made of, as a table."""

import numpy as np
import pytest

from sklearn_nn.blocks import (
    GRU,
    BatchNorm,
    Bidirectional,
    Chain,
    Dense,
    Dropout,
    Embedding,
    Graph,
    Residual,
    Tied,
    chain,
    parallel,
)
from sklearn_nn.core import Summary, compile_network, summarize


def summary_of(block, in_shape):
    return summarize(compile_network(block, in_shape, float, np.random.default_rng(0)))


# (10 + 1) * 100 + (100 + 1) * 100 for the residual block, none for its shortcut;
# 2 * 100 of BatchNorm, whose 200 running statistics are not trained; (100 + 1) * 3
PLAIN = """\
block              kind       output  parameters
------------------------------------------------
dense              Dense      (100,)       1,100
residual/block     Dense      (100,)      10,100
residual/shortcut  Identity   (100,)           0
batchnorm          BatchNorm  (100,)         200
output             Dense      (3,)           303
------------------------------------------------
total                                     11,703"""

# half of 4 * 8 weights are thinned out
THINNED = """\
block   kind   output  parameters  of which masked
--------------------------------------------------
dense1  Dense  (8,)            40               16
dense2  Dense  (1,)             9                0
--------------------------------------------------
total                          49               16"""


def test_a_summary_prints_as_a_table():
    layers = Dense(100), Residual(Dense(100)), BatchNorm()
    net = Chain([*chain(*layers).blocks, ("output", Dense(3))])
    assert str(summary_of(net, (10,))) == PLAIN


def test_weights_that_are_thinned_out_have_a_column():
    assert str(summary_of(chain(Dense(8, mask=0.5), Dense(1)), (4,))) == THINNED


def test_rows_are_numbers_and_shapes():
    summary = summary_of(chain(GRU(3), Dropout(), Dense(2)), (5, 2))
    # three gates, each with 2 * 3 + 3 * 3 weights; and 4 * 3 biases
    n = 3 * (2 * 3 + 3 * 3) + (summary.rows[0][3] - 45)
    assert summary.rows == [
        ("gru", "GRU", (3,), n, 0),
        ("dropout", "Dropout", (3,), 0, 0),
        ("dense", "Dense", (2,), 8, 0),
    ]
    assert (summary.n_params, summary.n_masked) == (n + 8, 0)


def test_parts_that_are_tied_are_counted_once():
    net = Chain([("a", Dense(4)), ("b", Tied("a")), ("c", Dense(1))])
    summary = summary_of(net, (4,))
    assert [(path, n) for path, _, _, n, _ in summary.rows] == [
        ("a", 20),
        ("b = a", 0),
        ("c", 5),
    ]
    assert summary.n_params == 25


def test_composites_that_are_tied_take_one_row():
    net = Chain([("a", chain(Dense(4), Dense(4))), ("b", Tied("a"))])
    rows = summary_of(net, (4,)).rows
    assert [row[:3] for row in rows] == [
        ("a/dense1", "Dense", (4,)),
        ("a/dense2", "Dense", (4,)),
        ("b = a", "Chain", (4,)),
    ]


def test_groups_of_columns_and_merges_of_a_graph_have_rows():
    graph = Graph(
        [
            ("numbers", Dense(4), "num"),
            ("codes", Embedding(5, units=2), "cat"),
            ("both", "concat", ["numbers", "codes"]),
            ("last", Dense(6), ["numbers", "codes"]),
            ("sum", "add", ["both", "last"]),
        ],
        inputs={"num": [0, 1, 2], "cat": [3]},
    )
    assert summary_of(graph, (4,)).rows == [
        ("num", "Columns", (3,), 0, 0),
        ("cat", "Columns", (1,), 0, 0),
        ("numbers", "Dense", (4,), 16, 0),
        ("codes", "Embedding", (2,), 10, 0),
        ("both", "Concat", (6,), 0, 0),
        ("last", "Dense", (6,), 42, 0),
        ("sum", "Add", (6,), 0, 0),
    ]


@pytest.mark.parametrize(
    ("block", "in_shape"),
    [
        (chain(Dense(4), parallel(Dense(2), chain(Dense(3), Dense(2)))), (3,)),
        (Bidirectional(GRU(3)), (5, 2)),
        (Dense(3), (2,)),
        (Chain([("w", Dense(3)), ("w1", Dense(3))]), (3,)),
        (Dropout(), (3,)),
    ],
)
def test_the_total_is_the_number_of_trained_parameters(block, in_shape):
    net = compile_network(block, in_shape, float, np.random.default_rng(0))
    assert summarize(net).n_params == net.layout.n_trained


def test_html_has_every_cell():
    html = summary_of(chain(Dense(1000)), (4,))._repr_html_()
    assert html.startswith("<table>")
    assert html.endswith("</table>")
    for cell in ("block", "dense", "Dense", "(1000,)", "5,000", "total"):
        assert f">{cell}<" in html
    assert html.count("<tr>") == 3


def test_html_is_escaped():
    html = Summary([("a<b", "R&D", (1,), 0, 0)])._repr_html_()
    assert "<td>a&lt;b</td><td>R&amp;D</td>" in html
