"""Tables that TableEncoder refuses, and what it says."""

import numpy as np
import pandas as pd
import pytest

from sklearn_nn.preprocessing import TableEncoder

FRAME = pd.DataFrame({"a": [1.0, 2, 3], "t": pd.date_range("2024", periods=3)})


@pytest.fixture
def encoder():
    return TableEncoder().fit(FRAME)


@pytest.mark.parametrize("dtype", ["str", object, "category"])
def test_text_in_a_numeric_column_is_refused(encoder, dtype):
    X = FRAME.assign(a=pd.Series(["1", "2", "3"], dtype=dtype))
    match = r"Column 'a' of `X` must hold numbers, as it did in fit; got '1'\. Convert"
    with pytest.raises(ValueError, match=match):
        encoder.transform(X)


def test_text_in_a_numeric_column_of_an_array_is_refused():
    encoder = TableEncoder().fit([[1, 2.0], [3, 5.0]])
    with pytest.raises(ValueError, match=r"Column 1 of `X` must hold numbers.* 'x'"):
        encoder.transform([[1, "x"]])


def test_a_time_in_a_numeric_column_is_refused(encoder):
    with pytest.raises(ValueError, match="Column 'a' of `X` must hold numbers"):
        encoder.transform(FRAME.assign(a=FRAME.t))


def test_a_number_in_a_column_of_times_is_refused(encoder):
    with pytest.raises(ValueError, match="Column 't' of `X` must hold times"):
        encoder.transform(FRAME.assign(t=1.0))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused_in_fit(value):
    with pytest.raises(ValueError, match=r"Column 1 of `X` must be finite.* NaN"):
        TableEncoder().fit([[1, 2], [3, value]])


def test_infinity_is_refused_in_transform(encoder):
    with pytest.raises(ValueError, match="Column 'a' of `X` must be finite"):
        encoder.transform(FRAME.assign(a=np.inf))


@pytest.mark.parametrize("value", [{"b": 1}, [1, 2], {3}, np.arange(2)])
def test_a_column_of_containers_is_refused(value):
    X = pd.DataFrame({"a": [value, value]})
    match = "Column 'a' of `X` must hold one number, text, .* row; got .*unhashable"
    with pytest.raises(TypeError, match=match):
        TableEncoder().fit(X)


def test_two_columns_of_one_name_are_refused():
    X = pd.concat([FRAME, FRAME], axis=1)
    with pytest.raises(ValueError, match="different names; got 'a' 2 times"):
        TableEncoder().fit(X)


@pytest.mark.parametrize("X", [np.eye(2) * 1j, pd.DataFrame({"a": [1j, 2]})])
def test_complex_numbers_are_refused(X):
    with pytest.raises(ValueError, match="Complex data not supported"):
        TableEncoder().fit(X)


@pytest.mark.parametrize("X", [[1, 2], np.arange(3), "table"])
def test_one_axis_is_refused(X):
    with pytest.raises(
        ValueError, match=r"Expected 2D array.*\n.*\n?Reshape your data"
    ):
        TableEncoder().fit(X)


def test_a_series_is_refused():
    with pytest.raises(ValueError, match="Expected a 2-dimensional container"):
        TableEncoder().fit(FRAME.a)


@pytest.mark.parametrize("make", [pd.DataFrame, np.asarray])
def test_a_table_without_rows_is_refused(make):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        TableEncoder().fit(make(FRAME.iloc[:0]))


@pytest.mark.parametrize("make", [pd.DataFrame, np.asarray])
def test_a_table_without_columns_is_refused(make):
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(3, 0\)\)"):
        TableEncoder().fit(make(FRAME.iloc[:, :0]))


def test_columns_in_another_order_are_refused(encoder):
    with pytest.raises(ValueError, match="must be in the same order"):
        encoder.transform(FRAME[["t", "a"]])


def test_another_number_of_columns_is_refused():
    encoder = TableEncoder().fit(np.eye(3))
    with pytest.raises(ValueError, match="2 features, but TableEncoder is expecting 3"):
        encoder.transform(np.eye(2))


@pytest.mark.parametrize("wanted", [[2], [-1]])
def test_a_position_that_does_not_exist_is_refused(wanted):
    match = r"`categorical_features` must hold positions from 0 to 1"
    with pytest.raises(ValueError, match=match):
        TableEncoder(categorical_features=wanted).fit(FRAME)


@pytest.mark.parametrize("X", [FRAME, np.eye(2)], ids=["frame", "array"])
def test_a_name_that_does_not_exist_is_refused(X):
    match = r"`X` has no column 'z'; got \['z'\]"
    with pytest.raises(ValueError, match=match):
        TableEncoder(categorical_features=["z"]).fit(X)


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(ValueError, match="True or False of each of the 2 columns"):
        TableEncoder(categorical_features=[True]).fit(FRAME)


@pytest.mark.parametrize("wanted", ["auto", 3, [[1]], True])
def test_categorical_features_of_another_kind_are_refused(wanted):
    match = "`categorical_features` of TableEncoder must be 'from_dtype' or None or a"
    with pytest.raises(ValueError, match=match):
        TableEncoder(categorical_features=wanted).fit(FRAME)


@pytest.mark.parametrize("size", [-1, 2.5, None])
def test_max_one_hot_must_be_a_natural_number(size):
    match = r"`max_one_hot` of TableEncoder must be an integer in \[0, inf\)"
    with pytest.raises(ValueError, match=match):
        TableEncoder(max_one_hot=size).fit(FRAME)


def test_a_fit_that_raises_leaves_the_encoder_as_it_was(encoder):
    expected = encoder.transform(FRAME)
    with pytest.raises(ValueError, match="finite"):
        encoder.fit(np.full((3, 4), np.inf))
    np.testing.assert_array_equal(encoder.transform(FRAME), expected)
