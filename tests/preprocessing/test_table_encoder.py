"""The matrix of TableEncoder as a whole, and what the encoder keeps."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_nn import NetworkClassifier
from sklearn_nn.blocks import Dense, Embedding, Graph
from sklearn_nn.preprocessing import TableEncoder


@pytest.fixture
def table(rng):
    n = 60
    frame = pd.DataFrame(
        {
            "city": rng.choice(list("abcdefghijkl"), n),
            "age": rng.integers(18, 99, n).astype(float),
            "color": rng.choice(["red", "green", "blue"], n),
            "born": pd.date_range("2000-01-01", periods=n, freq="9D7h"),
            "new": rng.random(n) < 0.5,
            "same": 1,
            "income": rng.lognormal(size=n),
        }
    )
    frame.loc[::7, "age"] = np.nan
    return frame


@pytest.fixture
def encoder(table):
    return TableEncoder().fit(table)


def test_numbers_come_first_then_zeros_and_ones_then_codes(encoder):
    assert encoder.get_feature_names_out().tolist() == [
        *["age", "born_seconds", "born_month", "born_weekday", "born_hour", "income"],
        *["missingindicator_age", "color_blue", "color_green", "color_red", "new_True"],
        "city",
    ]


def test_the_groups_are_counted(encoder):
    sizes = encoder.n_numeric_, encoder.n_one_hot_, encoder.embedding_sizes_
    assert sizes == (6, 5, [12])


def test_each_column_of_the_matrix_knows_its_source(encoder):
    assert encoder.source_.tolist() == [1, 3, 3, 3, 3, 6, 1, 2, 2, 2, 4, 0]


def test_the_matrix_is_contiguous_float32(encoder, table):
    out = encoder.transform(table)
    assert (out.dtype, out.flags.c_contiguous) == (np.float32, True)


def test_a_row_is_encoded_as_it_is_among_others(encoder, table):
    expected = encoder.transform(table)[[17]]
    np.testing.assert_array_equal(encoder.transform(table.iloc[[17]]), expected)


def test_the_table_is_left_alone(encoder, table):
    before = table.copy(deep=True)
    encoder.fit_transform(table)
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_cannot_be_written_to_is_encoded(order):
    X = np.array([[1.0, np.nan], [2, 3], [4, 6]], order=order)
    X.setflags(write=False)
    assert np.isfinite(TableEncoder().fit_transform(X)).all()


def test_a_pickle_holds_no_training_data(table):
    some, many = (
        len(pickle.dumps(TableEncoder().fit(pd.concat([table] * times))))
        for times in (1, 50)
    )
    assert many - some < 50 < many < 5000


def test_a_pickle_encodes_as_before(encoder, table):
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(table), encoder.transform(table))


def test_the_matrix_can_be_a_frame(encoder, table):
    out = encoder.set_output(transform="pandas").transform(table)
    assert out.columns.tolist() == encoder.get_feature_names_out().tolist()


def test_names_can_be_given_for_an_array():
    encoder = TableEncoder().fit([[1, "r"], [2, "s"]])
    assert encoder.get_feature_names_out(["a", "b"]).tolist() == ["a", "b_s"]


def test_names_of_another_number_are_refused():
    encoder = TableEncoder().fit([[1, "r"], [2, "s"]])
    with pytest.raises(ValueError, match=r"equal to number of features \(2\), got 3"):
        encoder.get_feature_names_out(["a", "b", "c"])


def test_names_other_than_those_of_fit_are_refused(encoder):
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        encoder.get_feature_names_out([*"abcdefg"])


def test_a_network_reads_the_matrix(table):
    nodes = [
        ("place", Embedding([12], units=2), "city"),
        ("all", Dense(8, "relu"), ["numbers", "place"]),
    ]
    network = Graph(nodes, inputs={"numbers": slice(0, -1), "city": [-1]})
    classifier = NetworkClassifier(network, optimizer="lbfgs", random_state=0)
    estimator = make_pipeline(TableEncoder(), classifier)
    assert estimator.fit(table, table["new"]).score(table, table["new"]) > 0.9
