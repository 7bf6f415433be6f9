"""Tables of all kinds in the estimators for tables."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from tabulars import both, learner, make_frame, make_rows, outputs, small

from sklearn_nn import TabularClassifier, TabularRegressor


@pytest.fixture
def frame(rng):
    """Return a frame with columns of many kinds, and targets."""
    return make_frame(rng)


def object_array(frame):
    """Return the frame as an array of objects, None for what is missing."""
    return frame.astype(object).where(frame.notna(), None).to_numpy(dtype=object)


@both
def test_a_frame_of_many_kinds_is_learned(cls, rng):
    X, y = make_frame(rng, 600)
    assert learner(cls).fit(X, y).score(X, y) > 0.9


def test_what_depends_on_a_category_alone_is_learned(rng):
    X = pd.DataFrame({"shop": rng.choice(list("abcdefghijkl"), 300)})
    y = X["shop"].map(dict(zip("abcdefghijkl", rng.normal(size=12), strict=True)))
    model = learner(TabularRegressor, max_epochs=80, learning_rate=0.1).fit(X, y)
    assert model.score(X, y) > 0.9


def test_that_a_value_is_missing_is_learned(rng):
    x = rng.standard_normal(200)
    x[::3] = np.nan
    X, y = x[:, None], np.isnan(x)
    assert learner(TabularClassifier, max_epochs=60).fit(X, y).score(X, y) > 0.95


def test_the_month_of_a_time_is_learned(rng):
    days = pd.to_timedelta(rng.integers(0, 3650, 400), unit="D")
    X = pd.DataFrame({"day": pd.Timestamp("2010-01-01") + days})
    y = X["day"].dt.month > 6
    assert learner(TabularClassifier).fit(X, y).score(X, y) > 0.95


@both
def test_polars_is_read_like_pandas(cls, frame):
    polars = pytest.importorskip("polars")
    if importlib.util.find_spec("narwhals") is None:
        pytest.importorskip("pyarrow")
    X, y = frame
    X = X.astype({"size": str})
    data = {name: X[name].astype(object).where(X[name].notna(), None) for name in X}
    other = polars.DataFrame({name: list(column) for name, column in data.items()})
    assert_array_equal(
        outputs(small(cls).fit(other, y), other), outputs(small(cls).fit(X, y), X)
    )


@both
def test_an_array_of_objects_is_read_like_a_frame(cls, frame):
    X, y = frame
    X = X.drop(columns=["time"])
    array = object_array(X)
    assert_array_equal(
        outputs(small(cls).fit(array, y), array), outputs(small(cls).fit(X, y), X)
    )


@both
def test_a_list_of_rows_is_read_like_an_array(cls, rng):
    X, y = make_rows(rng)
    rows, targets = X.tolist(), y.tolist()
    assert_array_equal(
        outputs(small(cls).fit(rows, targets), rows), outputs(small(cls).fit(X, y), X)
    )


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
@both
def test_a_sparse_matrix_is_read_like_a_dense_one(cls, kind, rng):
    X, y = make_rows(rng)
    X[rng.random(X.shape) < 0.5] = 0
    S = getattr(sp, f"{kind}_array")(X)
    assert_array_equal(
        outputs(small(cls).fit(S, y), S), outputs(small(cls).fit(X, y), X)
    )


@both
def test_rows_of_weight_zero_leave_any_table(cls, frame):
    X, y = frame
    w = np.ones(len(X))
    w[-20:] = 0
    among = small(cls).fit(X, y, w)
    alone = small(cls).fit(X[:-20], y[:-20], w[:-20])
    assert_array_equal(outputs(among, X), outputs(alone, X))


@both
def test_integers_are_categories_on_demand(cls, rng):
    # as a number, the code has no more than a line to say
    X = rng.permutation(np.repeat(np.arange(6), 40))[:, None]
    y = np.array([0, 1, 0, 1, 1, 0])[X[:, 0]]
    model = learner(cls, categorical_features=[0], activation="identity").fit(X, y)
    assert model.score(X, y) > 0.95


@both
def test_an_unseen_category_is_predicted(cls, frame):
    X, y = frame
    model = small(cls).fit(X, y)
    new = X[:5].copy()
    new["many"], new["word"] = "never seen", "purple"
    assert np.isfinite(outputs(model, new)).all()


@both
def test_all_unseen_categories_are_alike(cls, frame):
    X, y = frame
    model = small(cls).fit(X, y)
    assert_array_equal(
        outputs(model, X.assign(many="one")), outputs(model, X.assign(many="other"))
    )


@both
def test_values_may_be_missing_only_when_predicted(cls, rng):
    X, y = make_rows(rng)
    model = small(cls).fit(X, y)
    X[::2, 1] = np.nan
    assert np.isfinite(outputs(model, X)).all()


@both
def test_a_row_in_which_all_is_missing_is_predicted(cls, frame):
    X, y = frame
    model = small(cls).fit(X, y)
    row = X[:1].copy()
    row[["number", "word", "count", "maybe", "time"]] = None
    assert np.isfinite(outputs(model, row)).all()


@both
def test_constant_and_empty_columns_change_nothing(cls, rng):
    X, y = make_rows(rng)
    more = np.column_stack([X[:, :2], np.ones(80), X[:, 2:], np.full(80, np.nan)])
    assert_array_equal(
        outputs(small(cls).fit(more, y), more), outputs(small(cls).fit(X, y), X)
    )


@both
def test_a_table_in_which_nothing_varies_gives_the_same_for_all_rows(cls, rng):
    X, y = np.ones((60, 2)), rng.permutation(np.repeat([0, 1], 30))
    p = outputs(learner(cls).fit(X, y), X)
    assert_array_equal(p, np.broadcast_to(p[0], p.shape))
    assert_allclose(p[0], 0.5, atol=0.15)


@both
def test_a_table_of_one_column_is_learned(cls, rng):
    X = rng.standard_normal((200, 1))
    y = (X[:, 0] > 0).astype(int)
    assert learner(cls, embedding="pbld").fit(X, y).score(X, y) > 0.8


@both
def test_a_table_of_categories_alone_is_learned(cls, rng):
    X = pd.DataFrame(rng.choice(list("ab"), (200, 3)), columns=list("xyz"))
    y = ((X["x"] == "a") ^ (X["y"] == "a")).to_numpy().astype(int)
    assert learner(cls).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("n", [2, 3, 15, 16, 17])
@both
def test_few_rows_are_enough(cls, n, rng):
    X, y = rng.standard_normal((n, 2)), np.arange(n) % 2
    assert len(small(cls, n_bags=8).fit(X, y).predict(X)) == n


@both
def test_a_single_row_is_no_reason_to_fail(cls):
    model = small(cls).fit([[1.0, 2.0]], [1])
    assert model.predict([[1.0, 2.0]]).tolist() == [1]


@pytest.mark.parametrize(
    "columns", [["word", "number"], ["number", "colour"]], ids=["order", "name"]
)
@both
def test_a_frame_with_other_names_is_refused(cls, columns, frame):
    X, y = frame
    model = small(cls).fit(X[["number", "word"]], y)
    other = X[["number", "word"]].set_axis(columns, axis=1)
    with pytest.raises(ValueError, match="feature names should match those"):
        model.predict(other)


@both
def test_validation_rows_with_other_names_are_refused(cls, frame):
    X, y = frame
    with pytest.raises(ValueError, match="feature names should match those"):
        small(cls).fit(X, y, X_val=X.rename(columns={"word": "x"}), y_val=y)


@both
def test_another_number_of_columns_is_refused(cls, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match="X has 3 features, but"):
        small(cls).fit(X, y).predict(X[:, :3])


@both
def test_names_and_number_of_columns_are_kept(cls, frame):
    X, y = frame
    model = small(cls).fit(X, y)
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_features_in_ == 8


@both
def test_infinity_is_refused_by_the_name_of_its_column(cls, frame):
    X, y = frame
    X.loc[X.index[3], "number"] = np.inf
    with pytest.raises(ValueError, match="Column 'number' of `X` must be finite"):
        small(cls).fit(X, y)


@both
def test_the_callers_arrays_are_left_alone(cls, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0.5, 2, len(X))
    for array in (X, y, w):
        array.setflags(write=False)
    outputs(small(cls).fit(X, y, w, X_val=X, y_val=y, sample_weight_val=w), X)


@both
def test_the_index_of_a_frame_does_not_matter(cls, frame):
    X, y = frame
    other = X.set_axis(X.index[::-1], axis=0)
    assert_array_equal(
        outputs(small(cls).fit(other, pd.Series(y, index=other.index)), other),
        outputs(small(cls).fit(X, y), X),
    )


@pytest.mark.parametrize("output", ["pandas", "polars"])
@both
def test_the_output_set_for_transformers_changes_nothing(cls, output, frame):
    pytest.importorskip(output)
    X, y = frame
    expected = outputs(small(cls).fit(X, y, X_val=X, y_val=y), X)
    with sklearn.config_context(transform_output=output):
        model = small(cls).fit(X, y, X_val=X, y_val=y)
        assert_array_equal(outputs(model, X), expected)
    assert_array_equal(outputs(model, X), expected)


@pytest.mark.parametrize("name", ["X", "y", "X_val", "y_val"])
@both
def test_a_lazy_frame_is_to_be_collected(cls, name, rng):
    pl = pytest.importorskip("polars")
    lazy = pl.LazyFrame({"a": [1.0, 2.0]})
    X, y = make_rows(rng)
    arguments = {"X": X, "y": y, "X_val": X, "y_val": y} | {name: lazy}
    match = rf"`{name}` must be in memory; got a LazyFrame.* `collect`"
    with pytest.raises(TypeError, match=match):
        small(cls).fit(**arguments)


@both
def test_a_lazy_frame_is_to_be_collected_before_predicting(cls, rng):
    pl = pytest.importorskip("polars")
    X, y = make_rows(rng)
    model = small(cls).fit(X, y)
    with pytest.raises(TypeError, match=r"`X` must be in memory.* `collect`"):
        model.predict(pl.DataFrame(X).lazy())


@both
def test_a_column_that_was_read_anew_as_numbers_is_the_same(cls, rng):
    digits = rng.integers(0, 3, 80)
    y = digits % 2
    X = pd.DataFrame({"code": digits.astype(str), "a": rng.standard_normal(80)})
    model = small(cls).fit(X, y)
    assert_array_equal(outputs(model, X.assign(code=digits)), outputs(model, X))
    with pytest.warns(UserWarning, match="Column 'code' of `X` holds"):
        outputs(model, X.assign(code=digits > 0))


@both
def test_a_column_of_ids_does_no_harm(cls, frame):
    X, y = frame
    with_ids = X.assign(id=[f"order {i}" for i in range(len(X))])
    without = small(cls).fit(X, y)
    with pytest.warns(UserWarning, match="Column 'id' of `X` is left out") as caught:
        model = small(cls).fit(with_ids, y)
    assert [each.filename for each in caught] == [__file__]
    assert_array_equal(outputs(model, with_ids), outputs(without, X))
    assert_array_equal(model.feature_importances_, [*without.feature_importances_, 0.0])
