"""Data that cannot be learned from are refused before any training."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mlps import both, make_rows
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    PerceptronClassifier,
    TabularClassifier,
)
from sklearn_nn.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy

OPTIONS = {"hidden_layer_sizes": (9,), "tol": 0.5, "random_state": 0}

BAD_ROWS = {
    "NaN": (lambda X: np.where(X[3, 1] == X, np.nan, X), "X contains NaN"),
    "infinity": (lambda X: np.where(X[3, 1] == X, np.inf, X), "X contains infinity"),
    "complex": (lambda X: X + 1j, "Complex data not supported"),
    "text": (lambda X: X.astype(str).astype(object) + "m", "could not convert string"),
    "no rows": (lambda X: X[:0], r"0 sample\(s\)"),
    "no columns": (lambda X: X[:, :0], r"0 feature\(s\)"),
    "a vector": (lambda X: X[:, 0], "Expected 2D array, got 1D array"),
    "three axes": (lambda X: X[None], "dim 3"),
    "too few rows": (lambda X: X[:-1], "inconsistent numbers of samples"),
    "sparse NaN": (lambda X: csr_array(X * np.nan), "X contains NaN"),
    "a scalar": (lambda X: 1.0, "Expected 2D array, got scalar"),
}
BAD_CLASSES = {
    "NaN": (lambda y: np.where(y == 2, np.nan, y), "y contains NaN"),
    "too long": (lambda y: [*y, 0], "inconsistent numbers of samples"),
    "numbers": (lambda y: y + 0.5, "Unknown label type: continuous"),
    "several columns": (
        lambda y: np.column_stack([y, y]),
        "one class a row or an indicator matrix.*multiclass-multioutput",
    ),
    "three axes": (lambda y: y.reshape(-1, 1, 1), "dim 3"),
    "lists": (
        lambda y: [[c] * (c + 1) for c in y],
        "`y` must have the same number of values in each row; got rows of 1 and 2",
    ),
    "missing": (lambda y: None, "requires y to be passed"),
    "complex": (lambda y: y + 1j, "Complex data not supported"),
    "mixed": (
        lambda y: np.array([*y[1:], "a"], object),
        r"`y` must hold labels of one kind.*int64 \(row 0.* and str \(row 59: 'a'\)",
    ),
    "columns of signs": (
        lambda y: np.column_stack([y > 0, y > 1]) * 2 - 1,
        r"only zeros and ones, one column per label; got \[-1\]",
    ),
    "a sparse column": (lambda y: csr_array(y[:, None]), "dense"),
}
BAD_NUMBERS = {
    "NaN": (lambda y: np.where(y == 2, np.nan, y), "y contains NaN"),
    "infinity": (lambda y: np.where(y == 2, np.inf, y), "y contains infinity"),
    "too long": (lambda y: [*y, 0], "inconsistent numbers of samples"),
    "three axes": (lambda y: y.reshape(-1, 1, 1), "dim 3"),
    "text": (
        lambda y: np.array(list("abc"))[y],
        r"`y` must hold numbers; got str_ \(row 0: ",
    ),
    "missing": (lambda y: None, "requires y to be passed"),
    "complex": (lambda y: y + 1j, "Complex data not supported"),
    "sparse": (lambda y: csr_array(np.eye(3)[y]), "`y` must be a dense array"),
}
BAD_WEIGHTS = {
    "negative": (np.linspace(-1, 1, 60), "`sample_weight` must not be negative.* -1"),
    "all zero": (np.zeros(60), "all weights are zero"),
    "a sum beyond floats": (np.full(60, 1e308), r"finite sum.* largest .*1e\+308"),
    "too short": (np.ones(59), "a weight for each of the 60 rows.*59"),
    "NaN": (np.full(60, np.nan), "sample_weight contains NaN"),
    "infinite": (
        np.full(60, np.inf),
        "`sample_weight` must be finite; got inf in row 0",
    ),
    "two axes": (np.ones((60, 1)), r"`sample_weight` must have one axis.*\(60, 1\)"),
    "text": (["heavy"] * 60, "`sample_weight` must hold numbers; got str_"),
    "a number": (3.0, "`sample_weight` must have one axis"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
@both
def test_bad_rows_are_refused(cls, case, rng):
    X, y = make_rows(rng)
    spoil, message = BAD_ROWS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        cls(**OPTIONS).fit(spoil(X), y)


@pytest.mark.parametrize("case", BAD_CLASSES)
def test_bad_classes_are_refused(case, rng):
    X, y = make_rows(rng)
    spoil, message = BAD_CLASSES[case]
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier(**OPTIONS).fit(X, spoil(y))


@pytest.mark.parametrize("case", BAD_NUMBERS)
def test_bad_numbers_are_refused(case, rng):
    X, y = make_rows(rng)
    spoil, message = BAD_NUMBERS[case]
    with pytest.raises((ValueError, TypeError), match=message):
        MLPRegressor(**OPTIONS).fit(X, spoil(y))


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@both
def test_bad_weights_are_refused(cls, case, rng):
    X, y = make_rows(rng)
    weights, message = BAD_WEIGHTS[case]
    with pytest.raises(ValueError, match=message):
        cls(**OPTIONS).fit(X, y, weights)


def test_negative_targets_of_poisson_are_refused(rng):
    X, _ = make_rows(rng)
    with pytest.raises(ValueError, match=r"`y` must not be negative .*got -0\.5"):
        MLPRegressor("poisson", **OPTIONS).fit(X, np.full(60, -0.5))


def test_targets_that_are_no_probabilities_are_refused_by_cross_entropy(rng):
    X, _ = make_rows(rng)
    with pytest.raises(ValueError, match=r"`y` must lie in \[0, 1\] .*from 3 to 3"):
        MLPRegressor(SigmoidCrossEntropy(), **OPTIONS).fit(X, np.full(60, 3.0))


def test_a_loss_of_class_codes_is_refused_by_the_regressor(rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"`loss` of MLPRegressor must be .*numbers"):
        MLPRegressor(SoftmaxCrossEntropy(), **OPTIONS).fit(X, y)


@both
def test_dropout_is_refused_with_lbfgs(cls, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"`dropout` .*must be 0 with .*got 0\.5"):
        cls(**OPTIONS | {"solver": "lbfgs", "dropout": 0.5}).fit(X, y)


def test_one_class_is_legal_and_predicted_with_certainty(rng):
    # scikit-learn's checks ask that one class is either refused or predicted
    X, _ = make_rows(rng)
    mlp = MLPClassifier(**OPTIONS).fit(X, ["only"] * 60)
    assert set(mlp.predict(X)) == {"only"}


@both
def test_other_columns_are_refused_by_predict(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        mlp.predict(X[:, :3])


@both
def test_other_columns_are_refused_by_partial_fit(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        mlp.partial_fit(X[:, :3], y)


@both
def test_other_columns_are_refused_by_a_warm_start(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(warm_start=True, **OPTIONS).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 4"):
        mlp.fit(X[:, :3], y)


@pytest.mark.parametrize("case", ["NaN", "infinity", "complex", "text", "a vector"])
@both
def test_bad_rows_are_not_predicted(cls, case, rng):
    X, y = make_rows(rng)
    spoil, message = BAD_ROWS[case]
    mlp = cls(**OPTIONS).fit(X, y)
    with pytest.raises((ValueError, TypeError), match=message):
        mlp.predict(spoil(X))


def test_the_first_partial_fit_needs_the_classes(rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match="`classes` must be passed on the first call"):
        MLPClassifier(**OPTIONS).partial_fit(X, y)


def test_an_unknown_class_is_refused_by_the_first_partial_fit(rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"not among the classes \[0 1\]: \[2\]"):
        MLPClassifier(**OPTIONS).partial_fit(X, y, classes=[0, 1])


def test_an_unknown_class_is_refused_by_later_partial_fits(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(**OPTIONS).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"not among the classes \[0 1 2\]: \[7\]"):
        mlp.partial_fit(X, np.full(60, 7))


def test_the_classes_of_partial_fit_must_stay(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(**OPTIONS).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="`classes` must be the same in every call"):
        mlp.partial_fit(X, y, classes=[0, 1, 2, 3])


@both
def test_partial_fit_refuses_early_stopping(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y).set_params(early_stopping=True)
    with pytest.raises(ValueError, match="does not support early_stopping=True"):
        mlp.partial_fit(X, y)


@pytest.mark.parametrize("given", ["X_val", "y_val", "sample_weight_val"])
@both
def test_validation_data_come_together(cls, given, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match="`X_val` and `y_val` must be given together"):
        cls(**OPTIONS).fit(X, y, **{given: y if given != "X_val" else X})


BAD_VALIDATION = {
    "columns": ({"X_val": [[1.0, 2.0]], "y_val": [1]}, "X_val has 2 features"),
    "length": (
        {"X_val": np.ones((3, 4)), "y_val": [1, 0]},
        "`X_val` has 3 rows, `y_val` has 2",
    ),
    "NaN": ({"X_val": np.full((2, 4), np.nan), "y_val": [1, 0]}, "X_val contains NaN"),
    "weights": (
        {"X_val": np.ones((2, 4)), "y_val": [1, 0], "sample_weight_val": [1, -1]},
        "`sample_weight_val` must not be negative; got -1 in row 1",
    ),
}


@pytest.mark.parametrize("case", BAD_VALIDATION)
@both
def test_bad_validation_data_are_refused_and_named(cls, case, rng):
    X, y = make_rows(rng)
    given, message = BAD_VALIDATION[case]
    with pytest.raises(ValueError, match=message):
        cls(**OPTIONS).fit(X, y, **given)


def test_a_class_that_only_the_validation_data_have_is_refused(rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"`y_val`.*\[0 1\]: \[2\]"):
        MLPClassifier(**OPTIONS).fit(X[y < 2], y[y < 2], X_val=X, y_val=y)


def test_validation_rows_with_other_names_are_refused(rng):
    X, y = make_rows(rng)
    frame = pd.DataFrame(X, columns=list("abcd"))
    given = {"X_val": frame.rename(columns={"a": "x"}), "y_val": y}
    with pytest.raises(ValueError, match="feature names"):
        MLPRegressor(**OPTIONS).fit(frame, y, **given)


@both
def test_a_single_validation_row_is_refused(cls, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"validation set is too small: 1 row"):
        cls(**OPTIONS).fit(X, y, X_val=X[:1], y_val=y[:1])


@pytest.mark.parametrize("fraction", [0, 0.01])
@both
def test_a_split_that_holds_out_too_little_is_refused(cls, fraction, rng):
    X, y = make_rows(rng)
    mlp = cls(early_stopping=True, validation_fraction=fraction, **OPTIONS)
    with pytest.raises(ValueError, match="sets aside 1 of 60"):
        mlp.fit(X, y)


@both
def test_a_split_that_leaves_nothing_to_train_on_is_refused(cls):
    mlp = cls(early_stopping=True, validation_fraction=0.9, **OPTIONS)
    with pytest.raises(ValueError, match=r"sets aside 2 of 2.* take 10 rows"):
        mlp.fit([[1.0], [2.0]], [0, 1])


ALL = {
    "perceptron": PerceptronClassifier(max_iter=3),
    "mlp": MLPClassifier((3,), max_iter=2),
    "numbers": MLPRegressor(hidden_layer_sizes=(3,), max_iter=2),
    "network": NetworkClassifier(max_iter=2),
    "table": TabularClassifier("fast", max_epochs=2, n_bags=1),
}
# Spoilers of X, y and the weights, and what the error says with `X` or `X_val`, ...
SPOILED = {
    "X too short": ({"X": lambda a: a[1:]}, "`X{0}` has 59 rows, `y{0}` has 60"),
    "a mask": (
        {"X": lambda a: np.ma.masked_greater(a, 1)},
        r"`X{0}` must not be masked.*X{0}\.filled",
    ),
    "lazy rows": ({"X": lambda a: pl.DataFrame(a).lazy()}, "`X{0}` must be in memory"),
    "uneven rows": (
        {"X": lambda a: [[1.0, 2.0], *a[1:].tolist()]},
        "`X{0}` must have the same number of values in each row; got rows of 2 and 4",
    ),
    "huge integers": (
        {"X": lambda a: np.where(a == a[2, 1], 10**400, a.astype(object))},
        "`X{0}` must hold numbers.* Row 2, column 1 has '?1000",
    ),
    "missing labels": ({"y": lambda a: [None, *a[1:]]}, "`y{0}` must have a value"),
    "complex weights": ({"sample_weight": lambda w: w + 1j}, "`sample_weight{0}` must"),
    "text as weights": (
        {"sample_weight": lambda w: w.astype(str)},
        "`sample_weight{0}` ",
    ),
    "masked weights": (
        {"sample_weight": lambda w: np.ma.masked_greater(w, 0.5)},
        "`sample_weight{0}` must have a value in each row",
    ),
    "vanishing weights": (
        {"sample_weight": lambda w: np.full(60, 5e-324)},
        "`sample_weight{0}` must have .*mean above .*4.94066e-324",
    ),
    "too few weights": ({"sample_weight": lambda w: w[1:]}, "of the 60 rows of `X{0}`"),
}


@pytest.mark.parametrize("suffix", ["", "_val"])
@pytest.mark.parametrize("spoiled", SPOILED)
@pytest.mark.parametrize("name", ALL)
def test_errors_name_the_argument(name, spoiled, suffix, rng):
    X, y = make_rows(rng)
    given = {"X": X, "y": y, "sample_weight": rng.uniform(0, 1, 60)}
    spoilers, message = SPOILED[spoiled]
    bad = {n: spoilers.get(n, lambda a: a)(array) for n, array in given.items()}
    given |= {f"{n}{suffix}": array for n, array in bad.items()}
    if name == "perceptron" and suffix:
        pytest.skip("It takes no validation data.")
    if (name, spoiled) == ("table", "huge integers"):
        pytest.skip("To a table they are categories.")
    with pytest.raises((TypeError, ValueError), match=message.format(suffix)) as told:
        clone(ALL[name]).fit(**given)
    assert len(str(told.value)) < 700


@pytest.mark.parametrize("name", ["perceptron", "mlp", "numbers", "network"])
def test_text_in_a_column_is_told_with_its_place(name, rng):
    X, y = make_rows(rng)
    frame = pd.DataFrame(X, columns=list("abcd")).astype({"c": object})
    frame.loc[5, "c"] = "tall"
    match = r"`X` must hold numbers.* Row 5, column 'c' has 'tall'\. Encode text"
    with pytest.raises(ValueError, match=match):
        clone(ALL[name]).fit(frame, y)


@pytest.mark.parametrize("name", ALL)
def test_a_mask_without_masked_values_is_none(name, rng):
    X, y = make_rows(rng)
    model = clone(ALL[name]).set_params(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        masked = model.fit(np.ma.array(X), np.ma.array(y)).predict(np.ma.array(X))
        assert_array_equal(masked, model.fit(X, y).predict(X))
