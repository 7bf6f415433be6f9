"""Numeric columns of TableEncoder: scale, smooth clip, missing values, times."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_nn.preprocessing import TableEncoder

FINITE = st.floats(-1e12, 1e12)
MISSING = [np.nan, None, pd.NA, pd.NaT]


def column(*values):
    return np.array(values, dtype=float)[:, None]


def encode(X, *rows):
    """Return the matrix of ``rows``, or of X, after a fit to X."""
    return TableEncoder().fit(X).transform(np.array(rows) if rows else X)


def test_a_number_is_centered_and_divided_by_the_distance_of_the_quartiles():
    # median 3, quartiles 2 and 4
    out = encode(column(1, 2, 3, 4, 5))
    u = [-1 / math.sqrt(10 / 9), -0.5 / math.sqrt(37 / 36), 0]
    np.testing.assert_allclose(out[:3, 0], u, rtol=1e-6)


def test_where_the_quartiles_are_equal_half_the_range_divides():
    # median 0, range 4
    out = encode(column(0, 0, 0, 0, 4))
    np.testing.assert_allclose(out[4], 2 / math.sqrt(1 + 4 / 9), rtol=1e-6)


@given(arrays(float, (7, 2), elements=FINITE))
def test_no_number_comes_out_beyond_three(X):
    assert np.abs(encode(X)).max() <= 3


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324])
def test_extreme_numbers_come_out_finite(value):
    assert np.isfinite(encode(column(value, 0, 1, 2, value, value))).all()


def test_a_number_that_is_endlessly_far_out_becomes_three():
    # the quartiles differ by the smallest number there is
    out = encode(column(0, 0, 5e-324, 5e-324, 5e-324), [1e300])
    np.testing.assert_array_equal(out, [[3]])


def test_a_mean_whose_sum_overflows_is_an_extreme():
    X = column(1e308, 1e308, 1e308, 9e307, np.nan)
    np.testing.assert_array_equal(encode(X)[4, 0], encode(X)[0, 0])


@given(arrays(float, (9, 1), elements=st.integers(-99, 99)), st.integers(1, 5))
def test_the_unit_of_a_column_does_not_matter(X, factor):
    np.testing.assert_allclose(encode(factor * X - 7), encode(X), atol=1e-6)


@given(arrays(float, (9, 1), elements=FINITE, unique=True))
def test_the_order_of_numbers_is_kept(X):
    out = encode(X)[np.argsort(X[:, 0]), 0]
    assert (np.diff(out) >= 0).all()


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_what_is_missing_becomes_the_mean(missing):
    # mean 3, median 2, quartiles 0 and 5
    X = np.array([[0], [0], [4], [8], [missing]], dtype=object)
    expected = 0.2 / math.sqrt(1 + 0.04 / 9)
    np.testing.assert_allclose(encode(X)[4, 0], expected, rtol=1e-6)


def test_missing_values_do_not_count_in_the_scale():
    X = column(1, 2, 3, 4, 5, np.nan, np.nan)
    np.testing.assert_array_equal(encode(X)[:5, 0], encode(X[:5])[:, 0])


def test_an_indicator_says_what_is_missing():
    # of 0, 0, 0, 1: median 0, quartiles 0 and 1/4
    out = encode(column(1, 2, np.nan, 4))
    np.testing.assert_allclose(out[:, 1], [0, 0, 4 / math.sqrt(1 + 16 / 9), 0])


def test_a_column_without_missing_values_in_training_gets_no_indicator():
    assert encode(column(0, 0, 4, 8), [np.nan]).shape == (1, 1)


def test_what_is_missing_for_the_first_time_becomes_the_mean():
    expected = 0.2 / math.sqrt(1 + 0.04 / 9)
    np.testing.assert_allclose(encode(column(0, 0, 4, 8), [np.nan]), expected)


def test_a_constant_column_is_dropped():
    encoder = TableEncoder().fit([[1, 5], [2, 5]])
    np.testing.assert_array_equal(encoder.source_, [0])


def test_a_column_that_is_constant_or_missing_becomes_an_indicator():
    encoder = TableEncoder().fit([[1, 5], [2, np.nan]])
    assert encoder.get_feature_names_out().tolist() == ["x0", "missingindicator_x1"]


def test_a_column_that_is_all_missing_is_dropped():
    encoder = TableEncoder().fit(pd.DataFrame({"a": [None, None], "b": [1, 2]}))
    assert encoder.get_feature_names_out().tolist() == ["b"]


def test_what_stands_in_a_dropped_column_does_not_matter():
    encoder = TableEncoder().fit(pd.DataFrame({"a": [None, None], "b": [1, 2]}))
    encoder.transform(pd.DataFrame({"a": ["text"], "b": [1]}))


def test_a_table_of_which_nothing_is_left_is_a_column_of_zeros():
    encoder = TableEncoder().fit(np.ones((3, 2)))
    assert (encoder.transform([[1, 2], [3, 4]]) == np.zeros((2, 1))).all()
    assert (encoder.n_numeric_, encoder.source_.tolist()) == (1, [0])


def test_a_point_in_time_has_seconds_month_day_of_the_week_and_hour():
    times = pd.to_datetime(["2024-02-29 13:00", "2024-03-01 15:00", "2024-07-06 17:00"])
    encoder = TableEncoder().fit(pd.DataFrame({"t": times}))
    parts = ["t_seconds", "t_month", "t_weekday", "t_hour"]
    assert encoder.get_feature_names_out().tolist() == parts
    assert encoder.source_.tolist() == [0, 0, 0, 0]


def test_the_parts_of_a_time_are_those_of_the_calendar():
    times = ["2024-02-29 13:00", "1969-12-28 23:30", "2024-07-06 17:00"]
    numbers = [[2, 3, 13], [12, 6, 23], [7, 5, 17]]  # month, day from Monday, hour
    out = encode(pd.DataFrame({"t": pd.to_datetime(times)}))
    np.testing.assert_array_equal(out[:, 1:], encode(np.array(numbers)))


def test_parts_that_do_not_vary_are_dropped():
    times = pd.date_range("2024-05-01", periods=6, freq="7D")
    encoder = TableEncoder().fit(pd.DataFrame({"t": times}))
    assert encoder.get_feature_names_out().tolist() == ["t_seconds", "t_month"]


def test_a_time_that_is_missing_has_one_indicator():
    times = pd.to_datetime(["2024-02-29 13:00", None, "2024-07-06 17:00"])
    assert TableEncoder().fit(pd.DataFrame({"t": times})).n_one_hot_ == 1


def test_the_same_moment_in_another_zone_is_the_same():
    times = pd.date_range("2024-05-01", periods=5, freq="31h", tz="UTC")
    there = pd.DataFrame({"t": times.tz_convert("Asia/Kathmandu")})
    X = pd.DataFrame({"t": times})
    np.testing.assert_array_equal(TableEncoder().fit(X).transform(there), encode(X))


def test_objects_with_zones_are_moments_too():
    there = datetime.timezone(datetime.timedelta(hours=9))
    time = datetime.datetime(2024, 2, 29, 17, tzinfo=datetime.UTC)
    times = [time, time.astimezone(there), time.replace(month=7)]
    out = encode(pd.DataFrame({"t": pd.Series(times, dtype=object)}))
    np.testing.assert_array_equal(out[0], out[1])


def test_a_length_of_time_is_its_seconds():
    seconds = np.array([[30], [90], [1.5]])
    spans = pd.DataFrame({"d": pd.to_timedelta(seconds[:, 0], unit="s")})
    np.testing.assert_array_equal(encode(spans), encode(seconds))
    np.testing.assert_array_equal(
        TableEncoder().fit(spans).transform(spans), encode(seconds)
    )
