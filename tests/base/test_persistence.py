"""Estimators out of the process and back: pickle, joblib, skops, copies; a stream."""

import copy
import datetime
import pickle
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
    estimators,
)
from sklearn_nn.blocks import GRU, BatchNorm, Dense, ToSequence, chain
from sklearn_nn.core import _versions
from sklearn_nn.preprocessing import TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 60
Y = np.arange(N) % 3
X = np.random.default_rng(0).standard_normal((N, 4)) + Y[:, None]
TABLE = {"preset": "fast", "max_epochs": 1, "n_bags": 1, "n_members": 1}
TABLE |= {"hidden_layer_sizes": [4], "embedding": None, "random_state": 0}
NETWORK = chain(ToSequence(2), BatchNorm(), GRU(3), Dense(3, "gelu"))
MODELS = [
    PerceptronClassifier(max_iter=2, random_state=0),
    MLPClassifier((4,), max_iter=2, random_state=0),
    MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0),
    NetworkClassifier(NETWORK, max_iter=2, random_state=0),
    NetworkRegressor(NETWORK, max_iter=2, random_state=0),
    TabularClassifier(**TABLE),
    TabularRegressor(**TABLE),
    TableEncoder(),
]
every_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: type(model).__name__
)


def test_every_estimator_is_stored():
    names = {type(model).__name__ for model in MODELS}
    assert names == {*estimators.__all__, "TableEncoder"}


def output(model, X):
    names = ("predict_proba", "predict", "transform")
    return next(getattr(model, n) for n in names if hasattr(model, n))(X)


def by_skops(model):
    io = pytest.importorskip("skops.io")
    data = io.dumps(model)
    return io.loads(data, trusted=io.get_untrusted_types(data=data))


def by_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model")
    return joblib.load(tmp_path / "model")


@every_model
def test_every_way_out_leads_back(model, tmp_path):
    model = clone(model).fit(X, Y)
    expected = output(model, X)
    copies = {
        "pickle": pickle.loads(pickle.dumps(model)),
        "joblib": by_joblib(model, tmp_path),
        "skops": by_skops(model),
        "copy": copy.copy(model),
        "deepcopy": copy.deepcopy(model),
    }
    for way, copied in copies.items():
        np.testing.assert_array_equal(output(copied, X), expected, err_msg=way)
        assert vars(copied).keys() == vars(model).keys()


@every_model
def test_a_pickle_of_another_version_warns(model, monkeypatch):
    model = clone(model).fit(X, Y)
    monkeypatch.setattr(_versions, "__version__", "0.0.1")
    old = pickle.dumps(model)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning) as caught:
        loaded = pickle.loads(old)
    message = f"estimator {type(model).__name__} (sklearn_nn) from version 0.0.1 when"
    assert any(message in str(warning.message) for warning in caught)
    np.testing.assert_array_equal(output(loaded, X), output(model, X))


@every_model
def test_a_pickle_without_a_version_warns(model):
    state = vars(clone(model).fit(X, Y))
    with pytest.warns(InconsistentVersionWarning, match="from version unknown when"):
        type(model)().__setstate__(state)


@pytest.mark.parametrize(
    "model",
    [m for m in MODELS if hasattr(m, "warm_start")],
    ids=lambda model: type(model).__name__,
)
def test_a_copy_that_trains_on_does_not_change_the_first(model):
    model = clone(model).set_params(warm_start=True).fit(X, Y)
    before = joblib.hash(vars(model))
    copy.copy(model).fit(X, Y)
    copy.copy(model).partial_fit(X, Y)
    assert joblib.hash(vars(model)) == before


# -- categories

ENUM = [UUID(int=i) for i in range(3)]
MOMENTS = pd.date_range("2020", periods=3)
LEVELS = {
    "text": ["a", "b", "c"],
    "truth and text": [True, False, "x"],
    "text of NumPy": [np.str_("a"), np.str_("b"), np.str_("c")],
    "numbers of NumPy and text": [np.float32(1.5), np.int8(2), "x"],
    "bytes": [b"a", b"b", b"c"],
    "what is missing": ["a", None, "b"],
    "moments of pandas": list(MOMENTS),
    "moments with a zone": list(MOMENTS.tz_localize("Europe/Paris")),
    "moments to the nanosecond": list(MOMENTS + pd.to_timedelta([1, 2, 3], "ns")),
    "moments of NumPy": [np.datetime64("2020-01-01"), np.datetime64("2020-01-02"), "x"],
    "dates": [datetime.date(2020, 1, i) for i in (1, 2, 3)],
    "times": [datetime.time(i) for i in (1, 2, 3)],
    "spans": [datetime.timedelta(i) for i in (1, 2, 3)],
    "spans to the nanosecond": list(pd.to_timedelta([1, 2, 3], "ns")),
    "periods": list(pd.period_range("2020", periods=3, freq="M")),
    "intervals": list(pd.interval_range(0, 3)),
    "exact numbers and text": [Decimal("1.5"), Fraction(1, 3), "x"],
    "large numbers": [10**30, 10**31, "x"],
    "complex numbers": [1j, 2j, "x"],
    "tuples": [(1, 2), (2, 3), (3, 4)],
    "UUIDs": ENUM,
}


@pytest.mark.parametrize("max_one_hot", [8, 0])
@pytest.mark.parametrize("dtype", [object, "category"])
@pytest.mark.parametrize("kind", LEVELS)
def test_a_table_of_any_levels_comes_back_by_skops(kind, dtype, max_one_hot):
    levels = np.empty(3, object)
    levels[:] = [None] * 3
    for i, level in enumerate(LEVELS[kind]):
        levels[i] = level
    if dtype == "category":
        column = pd.Series(pd.Categorical(list(levels[Y])))
    else:
        column = pd.Series(levels[Y], dtype=object)
    table = pd.DataFrame({"c": column, "x": X[:, 0]})
    encoder = TableEncoder(categorical_features=["c"], max_one_hot=max_one_hot)
    encoder.fit(table)
    expected = encoder.transform(table)
    assert len(np.unique(expected[:, 1:], axis=0)) == 3
    np.testing.assert_array_equal(by_skops(encoder).transform(table), expected)


# -- a stream


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor, NetworkClassifier])
def test_a_stream_of_rows_does_not_grow_the_estimator(cls):
    model = cls(random_state=0)
    classes = {"classes": [0, 1, 2]} if hasattr(model, "predict_proba") else {}
    model.partial_fit(X[:1], Y[:1], **classes)
    sizes = []
    for i in range(1, 2101):
        model.partial_fit(X[i % N : i % N + 1], Y[i % N : i % N + 1])
        if i in (1500, 2100):
            sizes.append(len(pickle.dumps(model)))
    assert abs(sizes[1] - sizes[0]) < 10
    assert model.history_["epoch"] == list(range(1102, 2102))
    assert len(model.loss_curve_) == 1000
    assert model.t_ == 2101
