"""Categorical columns that hold another type in transform than in fit."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from sklearn_nn.preprocessing import TableEncoder

Z = np.array([1, 2, 3, 1, 2])
TEXTS = [str(z) for z in Z]
ONES = {
    "text": pd.Series(TEXTS),
    "text as objects": pd.Series(TEXTS, dtype=object),
    "category of text": pd.Series(TEXTS, dtype="category"),
    "bytes": pd.Series([t.encode() for t in TEXTS], dtype=object),
    "int": pd.Series(Z),
    "float": pd.Series(Z * 1.0),
    "Int64": pd.Series(Z, dtype="Int64"),
    "category of numbers": pd.Series(Z, dtype="category"),
    "decimal": pd.Series([decimal.Decimal(t) for t in TEXTS], dtype=object),
}
TRUTH = {
    "bool": pd.Series(Z == 1),
    "boolean": pd.Series(Z == 1, dtype="boolean"),
    "text": pd.Series((Z == 1).astype(str)),
    "category": pd.Series(Z == 1, dtype="category"),
}
DAYS = [datetime.date(2024, 1, z) for z in Z.tolist()]
DATES = {
    "category": pd.Series(pd.to_datetime(DAYS), dtype="category"),
    "text": pd.Series([str(day) for day in DAYS]),
    "datetime": pd.Series(pd.to_datetime(DAYS)),
    "date": pd.Series(DAYS, dtype=object),
}
SAME = {"ones": ONES, "truth": TRUTH, "dates": DATES}


def encoder_of(column):
    return TableEncoder(categorical_features=["c"]).fit(column.to_frame("c"))


@pytest.mark.parametrize(
    ("family", "before", "now"),
    [(f, a, b) for f, kinds in SAME.items() for a in kinds for b in kinds],
)
def test_a_level_is_found_by_its_text(family, before, now):
    before, now = SAME[family][before], SAME[family][now]
    encoder = encoder_of(before)
    found = encoder.transform(now.to_frame("c"))
    np.testing.assert_array_equal(found, encoder.transform(before.to_frame("c")))


def test_a_column_of_codes_is_found_by_its_text():
    text = pd.DataFrame({"c": [str(i) for i in range(20)]})
    encoder = TableEncoder().fit(text)
    numbers = pd.DataFrame({"c": np.arange(20.0)})
    np.testing.assert_array_equal(encoder.transform(numbers), encoder.transform(text))


def test_a_gap_stays_a_gap():
    encoder = encoder_of(pd.Series(["1", None, "2"]))
    expected = encoder.transform(pd.DataFrame({"c": ["2", None, "1"]}))
    found = encoder.transform(pd.DataFrame({"c": [2.0, np.nan, 1.0]}))
    np.testing.assert_array_equal(found, expected)


def test_an_equal_level_counts_more_than_its_text():
    encoder = encoder_of(pd.Series([1, "1", "x"], dtype=object))
    one, text, _ = encoder.transform(
        pd.DataFrame({"c": pd.Series([1, "1", 7], dtype=object)})
    )
    assert (one != text).any()


@pytest.mark.parametrize("now", ["bool", "datetime"])
def test_a_column_of_another_kind_without_known_values_is_warned_of_once(now):
    encoder = encoder_of(ONES["text"])
    values = TRUTH["bool"] if now == "bool" else DATES["datetime"]
    match = r"Column 'c' of `X` holds .* where fit saw '1': none of its values"
    with pytest.warns(UserWarning, match=match) as caught:
        Z = encoder.transform(values.to_frame("c"))
    assert len(caught) == 1
    np.testing.assert_array_equal(Z, encoder.transform(pd.DataFrame({"c": ["?"] * 5})))


def test_new_values_of_the_same_kind_are_not_warned_of():
    encoder_of(ONES["text"]).transform(pd.DataFrame({"c": ["7", "8"]}))
    encoder_of(ONES["int"]).transform(pd.DataFrame({"c": [7.0, 8.5]}))


def test_a_column_without_values_is_not_warned_of():
    encoder_of(ONES["text"]).transform(pd.DataFrame({"c": [np.nan, np.nan]}))
