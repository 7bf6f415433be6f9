"""Labels come back as they went in; what can be no label is told with its row."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
)
from sklearn_nn.base import read_labels, read_numbers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 40
CODES = np.arange(N) % 3
TABLE = {"max_epochs": 12, "n_bags": 1, "hidden_layer_sizes": [16]}
CLASSIFIERS = {
    "perceptron": PerceptronClassifier(max_iter=20, random_state=0),
    "mlp": MLPClassifier((9,), max_iter=60, learning_rate_init=0.05, random_state=0),
    "network": NetworkClassifier(max_iter=60, learning_rate=0.02, random_state=0),
    "table": TabularClassifier("fast", **TABLE, random_state=0),
}
REGRESSORS = {
    "mlp": MLPRegressor(hidden_layer_sizes=(3,), max_iter=2),
    "network": NetworkRegressor(max_iter=2),
    "table": TabularRegressor("fast", **TABLE),
}


def rows():
    return np.eye(3)[CODES] * 3


def taken(levels):
    return [levels[code] for code in CODES]


DAYS = [datetime.date(2020, 1, day) for day in (1, 2, 3)]
MOMENTS = [datetime.datetime(2020, 1, 1, hour) for hour in (1, 2, 3)]
STAMPS = pd.DatetimeIndex(
    np.array(["2020-01-01T00:00:00.000000001", "2020", "2021"], "M8[ns]")
)
# What went in, the classes that are to come out, and their type.
LABELS = {
    "bools": (np.array(taken([True, False, True])), [False, True], "bool"),
    "Python's bools": (taken([True, False, True]), [False, True], "bool"),
    "objects of bools": (
        np.array(taken([True, False, True]), object),
        [False, True],
        "bool",
    ),
    "pandas' booleans": (
        pd.array(taken([True, False, True]), "boolean"),
        [False, True],
        "bool",
    ),
    "a series of booleans": (
        pd.Series(taken([True, False, True]), dtype="boolean"),
        [False, True],
        "bool",
    ),
    "polars' bools": (pl.Series(taken([True, False, True])), [False, True], "bool"),
    "integers": (np.array(taken([7, -1, 3])), [-1, 3, 7], "int64"),
    "small integers": (np.array(taken([7, 1, 3]), np.uint8), [1, 3, 7], "uint8"),
    "pandas' integers": (pd.array(taken([7, -1, 3]), "Int64"), [-1, 3, 7], "int64"),
    "objects of integers": (
        np.array(taken([7, np.int8(-1), 3]), object),
        [-1, 3, 7],
        "int64",
    ),
    "polars' integers": (pl.Series(taken([7, -1, 3])), [-1, 3, 7], "int64"),
    "floats": (np.array(taken([2.0, 0.0, 1.0])), [0.0, 1.0, 2.0], "float64"),
    "integers and floats": (
        np.array(taken([2, 0.0, Fraction(1)]), object),
        [0.0, 1.0, 2.0],
        "float64",
    ),
    "text": (np.array(taken(["b", "a", "c"])), ["a", "b", "c"], "<U1"),
    "a list of text": (taken(["b", "a", "c"]), ["a", "b", "c"], "<U1"),
    "pandas' text": (pd.Series(taken(["b", "a", "c"])), ["a", "b", "c"], "object"),
    "pandas' strings": (
        pd.array(taken(["b", "a", "c"]), "string"),
        ["a", "b", "c"],
        "object",
    ),
    "NumPy's strings": (
        np.array(taken(["b", "a", "c"]), np.dtypes.StringDType()),
        ["a", "b", "c"],
        "object",
    ),
    "polars' text": (pl.Series(taken(["b", "a", "c"])), ["a", "b", "c"], "object"),
    "polars' categories": (
        pl.Series(taken(["b", "a", "c"]), dtype=pl.Categorical),
        ["a", "b", "c"],
        "object",
    ),
    "categories of text": (pd.Categorical(taken("bac")), ["a", "b", "c"], "object"),
    "categories of integers": (
        pd.Series(pd.Categorical(taken([7, -1, 3]))),
        [-1, 3, 7],
        "int64",
    ),
    "categories of bools": (
        pd.Categorical(taken([True, False, True])),
        [False, True],
        "bool",
    ),
    # Metrics of scikit-learn take the columns of probabilities in sorted order.
    "ordered categories": (
        pd.Categorical(taken("bac"), list("cba"), ordered=True),
        ["a", "b", "c"],
        "object",
    ),
    "days": (np.array(taken(DAYS)), np.array(DAYS, "M8[D]"), "datetime64[D]"),
    "moments": (taken(MOMENTS), np.array(MOMENTS, "M8[us]"), "datetime64[us]"),
    "pandas' times": (
        pd.Series(taken(STAMPS)),
        np.sort(STAMPS.values),
        "datetime64[ns]",
    ),
    "objects of pandas' times": (
        np.array(taken(STAMPS), object),
        np.sort(STAMPS.values),
        "datetime64[ns]",
    ),
    "spans of time": (
        np.array(taken([3, 1, 2]), "m8[s]"),
        np.array([1, 2, 3], "m8[s]"),
        "timedelta64[s]",
    ),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_labels_come_back_as_they_went_in(name, kind):
    X, (y, classes, dtype) = rows(), LABELS[kind]
    model = clone(CLASSIFIERS[name]).fit(X, y)
    assert model.classes_.dtype == dtype
    assert_array_equal(model.classes_, np.array(classes, dtype))
    found = model.predict(X)
    assert found.dtype == dtype
    assert_array_equal(found, read_labels(y, "y"))  # three separate groups of rows
    assert model.score(X, y) == 1


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("name", ["perceptron", "mlp", "network"])
def test_classes_may_be_declared_in_any_container(name, kind):
    X, (y, classes, dtype) = rows(), LABELS[kind]
    model = clone(CLASSIFIERS[name]).partial_fit(X, y, classes=pd.Series(list(classes)))
    assert_array_equal(model.classes_, np.array(classes, dtype))
    model.partial_fit(X, y)


Z = datetime.UTC
BAD = {
    "periods": (
        pd.Series(pd.period_range("2020", periods=N)),
        r"labels of one kind: .*; got Period \(row 0: ",
    ),
    "intervals": (pd.cut(np.arange(N), 3), r"got Interval \(row 0: "),
    "decimals": ([Decimal(c) for c in taken("123")], r"got Decimal \(row 0: "),
    "bytes": (np.array(taken([b"a", b"b", b"c"])), r"got bytes_ \(row 0: "),
    "zones": (
        [datetime.datetime(2020, 1, d, tzinfo=Z) for d in taken([1, 2, 3])],
        r"without a zone; got datetime \(row 0: ",
    ),
    "text and integers": (taken(["a", 1, "b"]), r"got str .*'a'\) and int \(row 1: 1"),
    "objects of both": (
        np.array(taken(["a", 1, "b"]), object),
        r"got str \(row 0: 'a'\) and int \(row 1: 1\)",
    ),
    "bools and integers": (
        np.array(taken([True, 1, 0]), object),
        r"got bool \(row 0: True\) and int \(row 1: 1\)",
    ),
    "days and moments": (
        np.array([*taken(DAYS)[:-1], MOMENTS[0]], object),
        rf"got date \(row 0: .*\) and datetime \(row {N - 1}: ",
    ),
    "None": ([None, *taken("abc")[1:]], "`y` must have a value in each row.* row 0"),
    "NaN": ([*taken("abc")[1:], np.nan], rf"missing .* in 1 of {N} rows, .* {N - 1}"),
    "NA": (pd.array([*taken([1, 0, 1])[1:], None], "Int64"), "missing value"),
    "NA of booleans": (pd.array([None, *taken([True, False, True])[1:]]), "missing"),
    "NaT": (
        np.array(["NaT", *taken(["2020", "2021", "2022"])[1:]], "M8[D]"),
        "missing",
    ),
    "masked": (np.ma.masked_equal(CODES, 1), r"missing value.*first in row 1"),
    "two lengths": (
        [[1], *[[1, 2]] * (N - 1)],
        "`y` must have the same .*rows of 1 and",
    ),
    "too large": (np.array(taken([10**40, 1, 2]), object), "range of int64"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_can_be_no_label_is_told(name, kind):
    y, message = BAD[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        clone(CLASSIFIERS[name]).fit(rows(), y)


@pytest.mark.parametrize("y", [CODES, np.full((N, 2), "a"), csr_array((N, 3))])
@pytest.mark.parametrize("name", ["perceptron", "mlp", "network"])
def test_labels_of_another_kind_than_before_are_refused(name, y):
    model = clone(CLASSIFIERS[name]).partial_fit(
        rows(), taken("abc"), classes=list("abc")
    )
    message = "`y` must h|y should be a 1d array|Sparse data|dense"
    with pytest.raises((TypeError, ValueError), match=message):
        model.partial_fit(rows(), y)


def test_no_classes_are_an_error():
    for model in (CLASSIFIERS["mlp"], CLASSIFIERS["perceptron"]):
        with pytest.raises(ValueError, match="`classes` must"):
            type(model)().partial_fit(rows(), CODES, classes=[])


NUMBERS = [
    pd.array(CODES, "Int64"),
    pd.array(CODES, "Float32"),
    np.array([Fraction(int(c), 2) for c in CODES], object),
    [Decimal(int(c)) for c in CODES],
    pl.Series(CODES),
    CODES > 1,
    pd.Categorical(CODES),
]


@pytest.mark.parametrize("y", NUMBERS, ids=lambda y: type(y).__name__)
def test_numbers_of_any_storage_are_targets(y):
    expected = [float(v) for v in y]
    assert_array_equal(read_numbers(y, "y"), expected)
    for model in REGRESSORS.values():
        assert model.fit(rows(), y).predict(rows()).shape == (N,)


NO_NUMBERS = {
    "words": (taken("abc"), r"`y` must hold numbers; got str_ \(row 0: "),
    "objects of words": (
        np.array([*CODES[1:], "x"], object),
        rf"str \(row {N - 1}: 'x'",
    ),
    "text of numbers": (np.array(taken("123")), "must hold numbers"),
    "days": (taken(DAYS), r"got date \(row 0"),
    "times": (pd.Series(taken(STAMPS)), r"got datetime64 \(row 0"),
    "spans": (np.array(CODES, "m8[s]"), r"got timedelta64 \(row 0"),
    "a gap": (pd.array([None, *CODES[1:]], "Int64"), r"missing value.*row 0"),
    "None": ([None, *CODES[1:]], r"missing value.*row 0"),
    "a mask": (np.ma.masked_equal(CODES, 2), r"missing value.*row 2"),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_says_what_is_no_number(name, kind):
    y, message = NO_NUMBERS[kind]
    with pytest.raises((TypeError, ValueError), match=message):
        clone(REGRESSORS[name]).fit(rows(), y)


def test_a_lazy_target_is_to_be_collected():
    lazy = pl.DataFrame({"y": CODES}).lazy()
    for model in (*CLASSIFIERS.values(), *REGRESSORS.values()):
        with pytest.raises(TypeError, match=r"`y` must be in memory.*collect"):
            model.fit(rows(), lazy)
