"""Columns that name single rows, ids and free text, are left out of TableEncoder."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from sklearn_nn.preprocessing import TableEncoder

N = 60
IDS = [f"order {i}" for i in range(N)]
LEFT_OUT = r"Column 'id' of `X` is left out: it has 60 different values in 60 rows"


def frame(ids=IDS, dtype=None):
    ids = pd.Series(ids, dtype=dtype)
    return pd.DataFrame({"a": np.arange(len(ids)) ** 2.0, "id": ids})


def repeated(n_single, n_twice):
    """Return levels of which some occur once, and some twice."""
    return [f"s{i}" for i in range(n_single)] + [f"t{i}" for i in range(n_twice)] * 2


def names(X, **options):
    return TableEncoder(**options).fit(X).get_feature_names_out().tolist()


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_an_id_is_left_out_with_a_warning(dtype):
    with pytest.warns(UserWarning, match=LEFT_OUT):
        assert names(frame(dtype=dtype)) == ["a"]


def test_the_warning_says_what_to_do_and_names_the_line_of_the_call():
    with pytest.warns(
        UserWarning, match=r"Drop the column, or make features of it"
    ) as w:
        TableEncoder().fit(frame())
    assert [each.filename for each in w] == [__file__]


@pytest.mark.filterwarnings("ignore:Column 'id' of `X` is left out")
def test_the_matrix_is_that_of_the_table_without_the_column():
    X = frame()
    without = X.drop(columns="id")
    expected = TableEncoder().fit_transform(without)
    np.testing.assert_array_equal(TableEncoder().fit_transform(X), expected)


def test_new_data_need_the_column_and_may_hold_anything_in_it():
    with pytest.warns(UserWarning, match=LEFT_OUT):
        encoder = TableEncoder().fit(frame())
    assert encoder.transform(frame(["new", None, 7])).shape == (3, 1)
    with pytest.raises(
        ValueError, match="Feature names seen at fit time, yet now miss"
    ):
        encoder.transform(frame().drop(columns="id"))


def test_no_level_of_it_is_known():
    with pytest.warns(UserWarning, match=LEFT_OUT):
        assert TableEncoder().fit(frame()).categories_ == {1: []}


@pytest.mark.parametrize(
    ("ids", "left_out"),
    [
        (IDS[:50], True),
        (IDS[:49], False),
        (repeated(90, 5), True),  # 90 of 100 rows have a level of their own
        (repeated(89, 6), False),
        ([*IDS[:50], *[None] * 500], True),  # of the values that are there
        ([*IDS[:49], *[None] * 500], False),
    ],
)
def test_nine_of_ten_rows_and_fifty_values_are_the_limits(ids, left_out):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder = TableEncoder(max_one_hot=3).fit(frame(ids))
    assert len(caught) == left_out
    assert bool(encoder.embedding_sizes_) is not left_out


def test_whether_it_is_missing_is_kept():
    X = frame([*IDS, *[None] * 60])
    match = "left out, but for whether it is missing: it has 60 different values in 60"
    with pytest.warns(UserWarning, match=match):
        encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["a", "missingindicator_id"]
    # half are missing: quartiles 0 and 1, median 1/2
    half = 0.5 / np.sqrt(1 + 0.25 / 9)
    out = encoder.transform(frame(["order 3", "new", None]))[:, 1]
    np.testing.assert_allclose(out, [-half, -half, half], rtol=1e-6)


def test_numbers_that_are_said_to_be_categories_are_left_out_too():
    X = pd.DataFrame({"a": np.arange(60.0) % 7, "id": np.arange(60)})
    assert names(X) == ["a", "id"]
    with pytest.warns(UserWarning, match=LEFT_OUT):
        assert names(X, categorical_features=["id"]) == ["a"]


def test_a_table_of_nothing_else_is_a_column_of_zeros():
    with pytest.warns(UserWarning, match=LEFT_OUT):
        out = TableEncoder().fit_transform(frame()[["id"]])
    np.testing.assert_array_equal(out, np.zeros((N, 1)))


def test_declared_levels_that_do_not_occur_are_not_warned_of():
    values = pd.Categorical([None] * N, categories=IDS)
    assert names(frame().assign(id=values)) == ["a"]


def test_rows_that_are_not_learned_from_do_not_count():
    X = frame([*IDS, *["x"] * 60])
    with pytest.warns(UserWarning, match=LEFT_OUT):
        TableEncoder().fit(X, rows=np.arange(N))


def test_cross_validation_warns_once_per_fit():
    X = frame([f"order {i}" for i in range(90)])
    model = make_pipeline(TableEncoder(), DecisionTreeRegressor(max_depth=3))
    with pytest.warns(UserWarning, match="Column 'id'") as caught:
        cross_validate(model, X, X["a"], cv=3, error_score="raise")
    assert len(caught) == 3
