"""Categorical columns of TableEncoder: zeros and ones, codes, what is missing."""

import math

import numpy as np
import pandas as pd
import pytest

from sklearn_nn.preprocessing import TableEncoder

RARE = 4 / math.sqrt(1 + 16 / 9)  # a one among three zeros, whose quartile is 1/4


def frame(*values, dtype=None):
    return pd.DataFrame({"c": pd.Series(values, dtype=dtype)})


def encode(values, *rows, **options):
    """Return the matrix of ``rows``, or of ``values``, after a fit to ``values``."""
    encoder = TableEncoder(**options).fit(frame(*values))
    return encoder.transform(frame(*(rows or values)))


def test_each_of_a_few_categories_has_a_column_of_zeros_and_ones():
    np.testing.assert_allclose(encode("dacb"), RARE * np.eye(4)[[3, 0, 2, 1]])


def test_two_categories_share_a_column():
    # -1, -1, 1, 1: quartiles -1 and 1
    half = 0.5 / math.sqrt(1 + 0.25 / 9)
    np.testing.assert_allclose(encode("abba")[:, 0], [-half, half, half, -half])


def test_an_unknown_level_is_between_two_categories():
    np.testing.assert_array_equal(encode("abba", "z"), [[0]])


def test_an_unknown_level_among_a_few_is_a_row_of_zeros():
    np.testing.assert_array_equal(encode("abcd", "z"), np.zeros((1, 4)))


def test_what_is_missing_for_the_first_time_is_a_row_of_zeros():
    np.testing.assert_array_equal(encode("abcd", None), np.zeros((1, 4)))


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=repr)
def test_what_is_missing_in_training_is_a_category(missing):
    out = encode(["a", "b", "c", None], missing)
    np.testing.assert_allclose(out, [[0, 0, 0, RARE]])


def test_one_category_and_what_is_missing_are_two_columns():
    encoder = TableEncoder().fit(frame("a", None, "a"))
    names = ["c_a", "missingindicator_c"]
    assert encoder.get_feature_names_out().tolist() == names


@pytest.mark.parametrize("values", ["aaa", [None, None]], ids=["level", "missing"])
def test_a_column_of_one_category_is_dropped(values):
    encoder = TableEncoder(max_one_hot=0).fit(frame(*values, dtype="category"))
    assert (encoder.n_one_hot_, encoder.embedding_sizes_) == (0, [])


def test_more_categories_than_max_one_hot_become_codes():
    codes = encode("dacb", max_one_hot=3)
    np.testing.assert_array_equal(codes[:, 0], [3, 0, 2, 1])


@pytest.mark.parametrize(("most", "sizes"), [(3, [4]), (4, [])])
def test_what_is_missing_counts_as_a_category(most, sizes):
    encoder = TableEncoder(max_one_hot=most).fit(frame("a", "b", "c", None))
    assert encoder.embedding_sizes_ == sizes


def test_the_code_of_what_is_missing_comes_last():
    codes = encode(["b", None, "a"], max_one_hot=2)
    np.testing.assert_array_equal(codes[:, 0], [1, 2, 0])


@pytest.mark.parametrize("new", ["z", None])
def test_the_code_of_what_training_did_not_see_is_minus_one(new):
    np.testing.assert_array_equal(encode("abc", new, max_one_hot=2), [[-1]])


def test_a_level_that_is_declared_but_not_seen_is_no_category():
    values = pd.Categorical(["b", "a", "b"], categories=["z", "b", "a"])
    encoder = TableEncoder().fit(pd.DataFrame({"c": values}))
    assert encoder.categories_ == {0: ["a", "b"]}


def test_codes_do_not_depend_on_the_order_of_rows():
    encoder = TableEncoder(max_one_hot=0).fit(frame("c", "a", "b"))
    again = TableEncoder(max_one_hot=0).fit(frame("b", "c", "a"))
    assert encoder.categories_ == again.categories_


def test_levels_of_different_types_can_stand_in_one_column():
    encoder = TableEncoder().fit(frame("b", 2, "a", 1, dtype=object))
    assert encoder.categories_ == {0: [1, 2, "a", "b"]}


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
def test_a_level_is_known_in_every_type_of_column(dtype):
    encoder = TableEncoder(max_one_hot=0).fit(frame("a", "b", "c"))
    codes = encoder.transform(frame("c", "z", "a", dtype=dtype))
    np.testing.assert_array_equal(codes[:, 0], [2, -1, 0])


@pytest.mark.parametrize("dtype", [int, float, "Int64", "category", object])
def test_a_number_is_the_same_level_in_every_type_of_column(dtype):
    encoder = TableEncoder(categorical_features=["c"], max_one_hot=0)
    encoder.fit(frame(1, 2, 3))
    codes = encoder.transform(frame(3, 9, 1, dtype=dtype))
    np.testing.assert_array_equal(codes[:, 0], [2, -1, 0])


def test_a_number_that_is_missing_is_a_category_too():
    X = np.array([[5.0], [np.nan], [3.0]])
    encoder = TableEncoder(categorical_features=[0], max_one_hot=0).fit(X)
    np.testing.assert_array_equal(encoder.transform(X)[:, 0], [1, 2, 0])
