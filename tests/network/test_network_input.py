"""What a network reads: sequences, images, groups of columns, gaps, sparse rows."""

import re

import numpy as np
import pandas as pd
import pytest
from networks import CODES, both, make_rows, make_sequences, parameters, raw
from scipy.sparse import csr_array
from sklearn.model_selection import cross_val_predict

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    GRU,
    LSTM,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalMaxPool,
    Graph,
    Output,
    Reshape,
    ToSequence,
    chain,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"max_iter": 5, "random_state": 0, "batch_size": 16}
RECURRENT = chain(ToSequence(n_features=2), GRU(5))
CONVOLUTION = chain(
    Reshape((5, 4, 2)), Conv2D(3, 2, activation="tanh"), GlobalMaxPool()
)
ROWS = {(6, 2): RECURRENT, (5, 4, 2): CONVOLUTION}

every_shape = pytest.mark.parametrize("shape", ROWS, ids=["sequences", "images"])


def make(shape, rng, n=60):
    return rng.standard_normal((n, *shape)), np.arange(n) % 3


# -- rows with axes of their own


@every_shape
@both
def test_rows_with_axes_are_learned_like_flat_rows(cls, shape, rng):
    X, y = make(shape, rng)
    flat = X.reshape(60, -1)
    deep, wide = cls(ROWS[shape], **OPTIONS), cls(ROWS[shape], **OPTIONS)
    deep.fit(X, y, X_val=X[:9], y_val=y[:9])
    wide.fit(flat, y, X_val=flat[:9], y_val=y[:9])
    assert deep.loss_curve_ == wide.loss_curve_
    assert deep.history_["validation_loss"] == wide.history_["validation_loss"]
    np.testing.assert_array_equal(raw(deep, X), raw(wide, flat))
    assert deep.score(X, y) == wide.score(flat, y)
    assert deep.n_features_in_ == wide.n_features_in_ == flat.shape[1]


@every_shape
@both
def test_either_form_may_be_predicted_and_learned_on(cls, shape, rng):
    X, y = make(shape, rng)
    flat = X.reshape(60, -1)
    models = [cls(ROWS[shape], **OPTIONS).fit(rows, y) for rows in (X, flat)]
    for model in models:
        np.testing.assert_array_equal(raw(model, X), raw(model, flat))
        model.partial_fit(flat, y).partial_fit(X, y)
    np.testing.assert_array_equal(*map(parameters, models))


@both
def test_flat_rows_stand_for_rows_that_the_network_would_read(cls, rng):
    X, y = make((12,), rng)
    series = cls(chain(ToSequence(), GRU(3)), **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(raw(series, X[..., None]), raw(series, X))
    with pytest.raises(
        ValueError, match=r"ToSequence must .*got rows of shape \(6, 2\)"
    ):
        series.predict(X.reshape(60, 6, 2))
    table = cls(Dense(3), **OPTIONS).fit(X, y)
    message = r"one number per output; it returns rows of shape \(6, [13]\)"
    with pytest.raises(ValueError, match=message):
        table.predict(X.reshape(60, 6, 2))
    with pytest.raises(ValueError, match=message):
        table.fit(X, y, X_val=X.reshape(60, 6, 2), y_val=y)


@both
def test_without_reshaping_the_rows_are_read_as_they_are(cls, rng):
    X, y = make((6, 2), rng)
    plain = cls(GRU(5), **OPTIONS).fit(X, y)
    shaped = cls(RECURRENT, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(parameters(plain), parameters(shaped))


@both
def test_nested_lists_and_lists_of_arrays_have_axes(cls, rng):
    X, y = make((6, 2), rng)
    model = cls(GRU(5), **OPTIONS).fit(X, y)
    for rows in (X.tolist(), list(X), tuple(X)):
        np.testing.assert_array_equal(raw(model, rows), raw(model, X))
    again = cls(GRU(5), **OPTIONS).fit(X.tolist(), y)
    np.testing.assert_array_equal(parameters(again), parameters(model))


@both
def test_rows_with_axes_keep_their_float_type_and_are_not_written(cls, rng):
    X, y = make((6, 2), rng)
    X = np.asfortranarray(X.astype(np.float32))
    X.setflags(write=False)
    model = cls(RECURRENT, **OPTIONS).fit(X, y, X_val=X, y_val=y)
    assert parameters(model).dtype == np.float32
    assert raw(model, X[::-2]).dtype == np.float32


@both
def test_sequences_are_cross_validated(cls, rng):
    X, y = make((6, 2), rng)
    assert cross_val_predict(cls(GRU(3), **OPTIONS), X, y, cv=3).shape == (60,)


def test_a_recurrent_network_learns_what_needs_time(rng):
    X, y = make_sequences(rng, 300)
    model = NetworkClassifier(GRU(8), learning_rate=0.02, random_state=0, max_iter=60)
    assert model.fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.85


def test_a_regression_on_images(rng):
    X = rng.uniform(0, 1, (200, 5, 4, 1))
    y = X[:, 1:3, 1:3].sum((1, 2, 3))
    net = chain(Conv2D(4, 2), Flatten())
    model = NetworkRegressor(net, optimizer="lbfgs", random_state=0, max_iter=100)
    assert model.fit(X, y).score(X, y) > 0.99


WRONG_ROWS = {
    "other axes": ((2, 6), r"rows of `X` must have the shape \(6, 2\).*got \(2, 6\)"),
    "longer": ((7, 2), r"rows of `X` must have the shape \(6, 2\).*got \(7, 2\)"),
    "more axes": ((6, 2, 1), r"must have the shape \(6, 2\).*got \(6, 2, 1\)"),
    "flat and too long": ((14,), "X has 14 features, but .* is expecting 12"),
    "numbers": ((), "Expected 2D array, got 1D array"),
}


@pytest.mark.parametrize("case", WRONG_ROWS)
@both
def test_rows_of_another_shape_are_refused(cls, case, rng):
    X, y = make((6, 2), rng)
    model = cls(GRU(3), **OPTIONS).fit(X, y)
    shape, message = WRONG_ROWS[case]
    other = rng.standard_normal((60, *shape))
    for call in (model.predict, lambda X: model.score(X, y)):
        with pytest.raises(ValueError, match=message):
            call(other)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(other, y)
    named = re.sub(r"\bX\b", "X_val", message)
    with pytest.raises(ValueError, match=named):
        model.fit(X, y, X_val=other, y_val=y)


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (GRU(3), (12,), r"GRU must .*\(12,\).*In block 'network' of a Chain"),
        (chain(Dense(4), GRU(3)), (12,), r"GRU must .*\(4,\).*In block 'gru' of a"),
        (RECURRENT, (7,), r"ToSequence must read rows of shape .* got .*\(7,\)"),
        (RECURRENT, (4, 3), r"ToSequence must read rows .* got rows of shape \(4, 3\)"),
        (CONVOLUTION, (39,), r"(?i)reshape.*39"),
        (
            chain(RECURRENT, RECURRENT),
            (12,),
            r"ToSequence.*In block 'tosequence' of a.*In block 'chain2' of a Chain",
        ),
        (
            chain(ToSequence(), GRU(3, return_sequences=True)),
            (12,),
            r"rows of shape \(1,\), one number per output; it returns .*\(12, 1\)",
        ),
        (None, (6, 2), r"`network` of .* must return rows of shape \(1,\)"),
    ],
)
@both
def test_a_network_that_does_not_fit_says_where(cls, network, shape, message, rng):
    X, y = rng.standard_normal((20, *shape)), np.arange(20) % 2
    with pytest.raises(ValueError, match=f"(?s){message}"):
        cls(network, **OPTIONS).fit(X, y)


@both
def test_no_rows_and_bad_numbers_are_refused(cls, rng):
    X, y = make((6, 2), rng)
    gaps, text = X.copy(), X.astype(object)
    gaps[3, 2, 1], text[3, 2, 1] = np.nan, "much"
    bad = {
        r"0 sample\(s\)": X[:0],
        r"0 feature\(s\)": X[:, :0],
        "X contains NaN": gaps,
        "Complex data": X + 1j,
        "could not convert": text,
    }
    for message, rows in bad.items():
        with pytest.raises(ValueError, match=message):
            cls(GRU(3), **OPTIONS).fit(rows, y[: len(rows)])


# -- groups of columns

GROUPS = Graph(
    [
        ("numbers", Dense(6, "relu"), "num"),
        ("codes", CODES, "cat"),
        ("both", Dense(5, "tanh"), ["numbers", "codes"]),
    ],
    inputs={"num": ["age", "income"], "cat": ["color", "size"]},
)


@pytest.fixture
def frame(rng):
    """Return a frame whose target depends on a number and on a code."""
    columns = {
        "color": rng.integers(0, 3, 200),
        "age": rng.standard_normal(200),
        "size": rng.integers(0, 4, 200),
        "income": rng.standard_normal(200),
    }
    frame = pd.DataFrame(columns)
    y = (frame["age"] > 0) ^ (frame["color"] == 1)
    return frame, y.to_numpy().astype(int)


@both
def test_columns_are_found_by_their_names(cls, frame):
    X, y = frame
    by_name = cls(GROUPS, **OPTIONS).fit(X, y)
    places = Graph(GROUPS.nodes, {"num": [1, 3], "cat": [0, 2]})
    by_place = cls(places, **OPTIONS).fit(X.to_numpy(), y)
    np.testing.assert_array_equal(raw(by_name, X), raw(by_place, X.to_numpy()))
    assert by_name.network.inputs["num"] == ["age", "income"]


@both
def test_named_columns_may_stand_elsewhere_in_the_frame(cls, frame):
    X, y = frame
    model = cls(GROUPS, **OPTIONS).fit(X, y)
    moved = X[["income", "size", "color", "age"]]
    again = cls(GROUPS, **OPTIONS).fit(moved, y)
    np.testing.assert_array_equal(raw(again, moved), raw(model, X))


@both
def test_a_frame_in_another_order_is_refused(cls, frame):
    X, y = frame
    model = cls(GROUPS, **OPTIONS).fit(X, y)
    for method, args in ((model.predict, ()), (model.partial_fit, (y,))):
        with pytest.raises(ValueError, match="feature names should match those"):
            method(X[["age", "color", "size", "income"]], *args)


def test_codes_and_numbers_are_learned_together(frame):
    X, y = frame
    model = NetworkClassifier(GROUPS, learning_rate=0.03, random_state=0)
    assert model.fit(X[:150], y[:150]).score(X[150:], y[150:]) > 0.9


@both
def test_a_column_that_is_not_there_is_named(cls, frame):
    X, y = frame
    message = "columns of input 'num' of Graph must be among .*'wage'; got 'income'"
    with pytest.raises(ValueError, match=message):
        cls(GROUPS, **OPTIONS).fit(X.rename(columns={"income": "wage"}), y)
    with pytest.raises(ValueError, match=r"Names need an estimator .* on a data frame"):
        cls(GROUPS, **OPTIONS).fit(X.to_numpy(), y)


@both
def test_an_array_after_a_frame_has_no_names(cls, frame):
    X, y = frame
    model = cls(None, **OPTIONS).fit(X, y).fit(X.to_numpy(), y)
    assert not hasattr(model, "feature_names_in_")


@both
def test_partial_fits_go_on_with_the_names(cls, frame):
    X, y = frame
    known = {"classes": [0, 1]} if cls is NetworkClassifier else {}
    parts = cls(GROUPS, **OPTIONS).partial_fit(X, y, **known)
    for _ in range(4):
        parts.partial_fit(X, y)
    whole = cls(GROUPS, n_iter_no_change=np.inf, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(parameters(parts), parameters(whole))


# -- gaps

PADDED = chain(ToSequence(n_features=2, padding="nan"), LSTM(4))


@both
def test_sequences_of_unequal_length_end_with_nan(cls, rng):
    X, y = make((6, 2), rng)
    X[:30, 4:] = np.nan
    model = cls(PADDED, **OPTIONS).fit(X, y, X_val=X, y_val=y)
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(raw(model, X)).all()
    np.testing.assert_array_equal(raw(model, X), raw(model, X.reshape(60, 12)))


@both
def test_padding_says_nothing(cls, rng):
    X, y = make((6, 2), rng)
    X[:30, 4:] = np.nan
    longer = np.full((60, 9, 2), np.nan)
    longer[:, :6] = X
    models = [cls(PADDED, **OPTIONS).fit(rows, y) for rows in (X, longer)]
    np.testing.assert_allclose(models[0].loss_curve_, models[1].loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(raw(models[0], X), raw(models[1], longer), rtol=1e-12)


@pytest.mark.parametrize(
    "network",
    [
        None,
        Output(),
        RECURRENT,
        chain(Dense(12), PADDED),
        Graph(
            [
                ("rnn", PADDED, "seq"),
                ("flat", Dense(2), "all"),
                ("out", Dense(2), ["rnn", "flat"]),
            ],
            inputs={"seq": slice(0, 12), "all": slice(6, 12)},
        ),
    ],
    ids=["default", "linear", "no padding", "too late", "beside"],
)
@both
def test_nan_is_refused_where_no_block_takes_it(cls, network, rng):
    X, y = make((12,), rng)
    gaps = X.copy()
    gaps[:30, 8:] = np.nan
    with pytest.raises(
        ValueError, match=r"X contains NaN.*\n.*does not accept missing"
    ):
        cls(network, **OPTIONS).fit(gaps, y)
    model = cls(network, **OPTIONS).fit(X, y)
    with pytest.raises(
        ValueError, match=r"X contains NaN.*\n.*does not accept missing"
    ):
        model.predict(gaps)
    with pytest.raises(ValueError, match="contains NaN"):
        model.partial_fit(gaps, y)


@both
def test_a_gap_in_a_step_is_refused(cls, rng):
    X, y = make((6, 2), rng)
    X[3, 2, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN for all of its features .* got 1 NaN"):
        cls(PADDED, **OPTIONS).fit(X, y)


@both
def test_infinity_is_refused_also_where_nan_is_padding(cls, rng):
    X, y = make((6, 2), rng)
    X[3, 2, 1] = np.inf
    with pytest.raises(ValueError, match="X contains infinity"):
        cls(PADDED, **OPTIONS).fit(X, y)


@both
def test_an_unknown_code_may_be_nan_and_a_number_may_not(cls, frame):
    X, y = frame
    X = X.astype(float)
    X.loc[:20, "color"] = np.nan
    model = cls(GROUPS, **OPTIONS).fit(X, y)
    assert np.isfinite(raw(model, X)).all()
    whole = X.copy()
    X.loc[3, "age"] = np.nan
    with pytest.raises(ValueError, match="X_val contains NaN"):
        model.fit(whole, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.predict(X)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.fit(X, y)


# -- sparse rows


@pytest.mark.parametrize("network", [None, Output(), chain(Dense(4, "relu"), Dense(3))])
@both
def test_sparse_rows_are_learned_like_dense_ones(cls, network, rng):
    X, y = make_rows(rng)
    X = X * (rng.random(X.shape) < 0.4)
    dense, thin = cls(network, **OPTIONS), cls(network, **OPTIONS)
    dense.fit(X, y), thin.fit(csr_array(X), y)
    np.testing.assert_allclose(parameters(thin), parameters(dense), rtol=1e-9)
    np.testing.assert_allclose(raw(dense, csr_array(X)), raw(thin, X), rtol=1e-9)


@pytest.mark.parametrize(
    "network", [RECURRENT, Embedding(3), chain(Flatten(), Dense(3))]
)
@both
def test_sparse_rows_are_refused_by_a_first_block_that_cannot_read_them(cls, network):
    X, y = csr_array(np.eye(12)), np.arange(12) % 2
    with pytest.raises(TypeError, match=r"[Ss]parse.*dense.*toarray"):
        cls(network, **OPTIONS).fit(X, y)
    model = cls(network, **OPTIONS).fit(np.eye(12), y)
    with pytest.raises(TypeError, match=r"[Ss]parse.*dense.*toarray"):
        model.predict(X)


@both
def test_sparse_rows_have_no_axes_of_their_own(cls, rng):
    X, y = make((6, 2), rng)
    model = cls(chain(Dense(3), Flatten()), **OPTIONS).fit(X, y)
    with pytest.raises(TypeError, match=r"[Ss]parse.*dense.*toarray"):
        model.predict(csr_array(X.reshape(60, 12)))


def test_bad_network_and_sparse_rows_is_an_error_about_the_network(rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match="Block 'nonsense' of Chain must be a block"):
        NetworkClassifier(chain("nonsense")).fit(csr_array(X), y)
