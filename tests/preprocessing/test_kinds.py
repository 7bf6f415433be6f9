"""Which columns TableEncoder takes for numbers, and which for categories."""

import datetime

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_nn.preprocessing import TableEncoder

DAY, TIME = datetime.date(2024, 2, 29), datetime.time(23, 59, 1)
NUMERIC = {
    "int": pd.Series([1, 2, 3]),
    "float": pd.Series([1.5, np.nan, 3]),
    "Int64": pd.Series([1, pd.NA, 3], dtype="Int64"),
    "Float32": pd.Series([1.5, pd.NA, 3], dtype="Float32"),
    "sparse": pd.Series(pd.arrays.SparseArray([0, 0, 1])),
    "numbers as objects": pd.Series([1, None, 2.5], dtype=object),
    "datetime": pd.Series(pd.date_range("2024-01-01", periods=3)),
    "datetime with a zone": pd.Series(
        pd.date_range("2024", periods=3, tz="Asia/Tokyo")
    ),
    "timedelta": pd.Series(pd.to_timedelta([1, 2, 3], unit="h")),
    "dates as objects": pd.Series([DAY, None, DAY.replace(day=1)], dtype=object),
    "times of the day": pd.Series([TIME, None, TIME.replace(hour=0)], dtype=object),
    "nothing": pd.Series([None, None, None], dtype=object),
}
CATEGORICAL = {
    "str": pd.Series(["a", "b", "c"]),
    "string": pd.Series(["a", pd.NA, "c"], dtype="string"),
    "digits": pd.Series(["1", "2", "3"]),
    "objects": pd.Series(["a", 1, None], dtype=object),
    "category": pd.Series(["a", "b", None], dtype="category"),
    "category of numbers": pd.Series([1, 2, 3], dtype="category"),
    "bool": pd.Series([True, False, True]),
    "boolean": pd.Series([True, pd.NA, False], dtype="boolean"),
    "bools as objects": pd.Series([True, None, False], dtype=object),
    "period": pd.Series(pd.period_range("2024", periods=3, freq="M")),
}
ROWS = [["red", 1, 0.5, True], ["blue", 2, None, False], [None, 3, 1.5, True]]
NAMES = ["color", "size", "weight", "new"]


def are_categorical(X, **options):
    return TableEncoder(**options).fit(X).is_categorical_.tolist()


@pytest.fixture
def table():
    return pd.DataFrame(ROWS, columns=NAMES)


@pytest.mark.parametrize("name", NUMERIC)
def test_numbers_and_times_are_numeric(name):
    assert are_categorical(NUMERIC[name].to_frame()) == [False]


@pytest.mark.parametrize("name", CATEGORICAL)
def test_all_else_is_categorical(name):
    assert are_categorical(CATEGORICAL[name].to_frame()) == [True]


@pytest.mark.parametrize("name", NUMERIC | CATEGORICAL)
def test_every_kind_of_column_comes_out_finite(name):
    X = (NUMERIC | CATEGORICAL)[name].to_frame()
    assert np.isfinite(TableEncoder().fit_transform(X)).all()


@pytest.mark.parametrize("name", NUMERIC | CATEGORICAL)
def test_a_row_of_none_can_be_encoded(name):
    X = (NUMERIC | CATEGORICAL)[name].rename("x").to_frame()
    nothing = pd.DataFrame({"x": [None]}, dtype=object)
    assert np.isfinite(TableEncoder().fit(X).transform(nothing)).all()


def test_columns_of_rows_have_kinds_of_their_own():
    assert are_categorical(ROWS) == [True, False, False, True]


def test_numbers_beside_strings_stay_numbers():
    X = [["a", 1.5], ["b", np.nan], ["c", 2]]
    assert are_categorical(X) == [True, False]


def test_nan_beside_strings_is_missing():
    encoder = TableEncoder().fit([["a"], [np.nan], ["b"]])
    names = ["x0_a", "x0_b", "missingindicator_x0"]
    assert encoder.get_feature_names_out().tolist() == names


def test_levels_that_are_times_are_no_numbers():
    X = pd.DataFrame({"c": pd.Categorical(pd.date_range("2024", periods=3))})
    assert are_categorical(X, categorical_features=None) == [True]


def test_text_that_reads_as_a_number_is_one_in_an_array():
    assert are_categorical(np.array([["1", "a"], ["2.5", "b"]])) == [False, True]


def test_a_frame_and_an_array_of_its_objects_are_encoded_alike(table):
    encoder = TableEncoder().fit(table.to_numpy(object))
    expected = TableEncoder().fit_transform(table)
    np.testing.assert_array_equal(encoder.transform(table.to_numpy(object)), expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float16, np.float32])
def test_an_array_of_numbers_is_numeric(dtype):
    assert are_categorical(np.arange(6).reshape(3, 2).astype(dtype)) == [False, False]


def test_an_array_of_bools_is_categorical():
    assert are_categorical(np.eye(2, dtype=bool)) == [True, True]


@pytest.mark.parametrize(
    "kind", [sparse.csr_array, sparse.coo_array, sparse.csc_matrix]
)
def test_a_sparse_matrix_is_encoded_like_the_dense_one(kind):
    X = np.diag([1.0, 2, 3, 4])
    expected = TableEncoder().fit_transform(X)
    np.testing.assert_array_equal(TableEncoder().fit_transform(kind(X)), expected)


@pytest.mark.parametrize(
    "wanted", [[1], ["size"], np.array([1]), [False, True, False, False], ("size",)]
)
def test_columns_can_be_named_as_categorical(table, wanted):
    # and what is no number is categorical in any case
    categorical = are_categorical(table, categorical_features=wanted)
    assert categorical == [True, True, False, False]


@pytest.mark.parametrize("wanted", [None, []])
def test_without_categorical_features_only_what_is_no_number_is_one(table, wanted):
    categorical = are_categorical(table, categorical_features=wanted)
    assert categorical == [True, False, False, False]


def test_levels_that_are_numbers_are_numbers_if_nothing_is_categorical():
    X = pd.DataFrame({"c": pd.Categorical([3, 1, 2])})
    out = TableEncoder(categorical_features=None).fit_transform(X)
    np.testing.assert_array_equal(out, TableEncoder().fit_transform([[3], [1], [2]]))
