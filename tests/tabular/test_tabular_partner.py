"""Partners of the networks: what they train on, their weight, what they change."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn
from networks import assert_unchanged_by, state_of
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_poisson_deviance,
    mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tabulars import both, learner, make_rows, outputs, small, with_base_rates
from threadpoolctl import threadpool_info

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.losses import LOSSES, PinballLoss
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.tabular._partner import Partners
from sklearn_nn.tabular._splits import EncodedTable
from sklearn_nn.tabular._targets import TableNumbers
from sklearn_nn.training import _loop, _pace

BOOSTING = "hist_gradient_boosting"
NEIGHBORS = {
    TabularClassifier: KNeighborsClassifier(5),
    TabularRegressor: KNeighborsRegressor(5),
}
BOOSTED = {
    TabularClassifier: HistGradientBoostingClassifier,
    TabularRegressor: HistGradientBoostingRegressor,
}
SHALLOW = {
    TabularClassifier: DecisionTreeClassifier(max_depth=6, random_state=0),
    TabularRegressor: DecisionTreeRegressor(max_depth=6, random_state=0),
}
FOLDS = KFold(4, shuffle=True, random_state=0)


class Recorder(ClassifierMixin, BaseEstimator):
    """Guesses at random, and keeps what it is given."""

    def __init__(self, calls=None, random_state=None):
        self.calls = calls
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        threads = [p["num_threads"] for p in threadpool_info()]
        apis = [p["user_api"] for p in threadpool_info()]
        openmp = [n for n, a in zip(threads, apis, strict=True) if a == "openmp"]
        CALLS.append((X, y, sample_weight, self.random_state, openmp))
        return self

    def predict_proba(self, X):
        k = len(self.classes_)
        return np.full((len(X), k), 1 / k)


CALLS = []


@pytest.fixture
def calls():
    CALLS.clear()
    yield CALLS
    CALLS.clear()


class Failing(RegressorMixin, BaseEstimator):
    """Raises what it is told to."""

    def __init__(self, error=RuntimeError):
        self.error = error

    def fit(self, X, y, sample_weight=None):
        raise self.error("a bug")


class Without(LinearRegression):
    """Has not learned to heed weights."""

    def fit(self, X, y):
        return super().fit(X, y)


class NotFinite(LinearRegression):
    def predict(self, X):
        return super().predict(X) * np.nan


def jumps(rng, n=600):
    """Return X (n, 3) and y (n,) of 0 and 1 that changes 20 times along a column."""
    X = rng.random((n, 3))
    return X, (np.floor(20 * X[:, 0]) % 2).astype(int)


def wave(rng, n=500):
    X = rng.uniform(-2, 2, (n, 6))
    return X, X.sum(axis=1) + np.sin(X[:, 0] + X[:, 1])


def blurred(cls, rng):
    """Return X (400, 3), along one column of which y jumps, and y of either kind."""
    X = rng.random((400, 3))
    y = 3 * (np.floor(6 * X[:, 1]) % 2 + X[:, 0] + X[:, 2]) + 0.5 * rng.standard_normal(
        400
    )
    return X, y if cls is TabularRegressor else (y > 4.5).astype(int)


def loss_of(cls, y, prediction):
    """Return the loss by scikit-learn."""
    if cls is TabularClassifier:
        return log_loss(y, prediction)
    return mean_squared_error(y, prediction)


def weight_of(own, other, Y, w=None):
    """Return the weight of partners for rows of squared error, all in the range."""
    targets = TableNumbers.fit(np.array([-9.0, 9.0]), None, LOSSES["squared_error"])
    own, other, Y = (values / 9 for values in (own, other, Y))
    table = EncodedTable(np.empty((len(Y), 1)), Y, w, len(Y), [])
    rows = np.arange(len(Y))
    return Partners((), other).weight(own, table, rows, targets)


def best_on_grid(loss, own, other):
    """Return the weight, of a thousand, with the least loss of what is mixed."""
    grid = np.linspace(0, 1, 1001)
    return grid[np.argmin([loss((1 - v) * own + v * other) for v in grid])]


# -- the weight and what comes of it


@both
def test_weight_and_predictions_are_those_of_a_grid_over_the_folds(cls, rng):
    X, y = blurred(cls, rng)
    options = {"n_bags": "auto", "cv": FOLDS, "store_oof_predictions": True}
    alone = learner(cls, **options).fit(X, y)
    model = learner(cls, **options, partner=NEIGHBORS[cls]).fit(X, y)
    Z = TableEncoder().fit_transform(X)
    method = "predict_proba" if cls is TabularClassifier else "predict"
    other = cross_val_predict(NEIGHBORS[cls], Z, y, cv=FOLDS, method=method)
    if cls is TabularClassifier:
        other = with_base_rates(other, y)
    own = alone.oof_predictions_
    weight = best_on_grid(lambda mixed: loss_of(cls, y, mixed), own, other)
    assert 0.1 < weight < 0.9
    assert_allclose(model.partner_weight_, weight, atol=1e-3)
    v = model.partner_weight_
    expected = (1 - v) * own + v * other
    assert_allclose(model.oof_predictions_, expected, rtol=1e-4, atol=1e-5)
    others = [
        getattr(clone(NEIGHBORS[cls]).fit(Z[train], y[train]), method)(Z)
        for train, _ in FOLDS.split(X)
    ]
    other = np.mean(others, axis=0)
    if cls is TabularClassifier:
        other = with_base_rates(other, y)
    expected = (1 - v) * outputs(alone, X) + v * other
    assert_allclose(outputs(model, X), expected, rtol=1e-4, atol=1e-5)


@both
def test_jumps_are_left_to_trees(cls, rng):
    X, y = jumps(rng)
    model = learner(cls, n_bags=4, partner=BOOSTING).fit(X, y)
    assert model.partner_weight_ > 0.9
    assert len(model.partners_) == 4
    alone = learner(cls, n_bags=4).fit(X, y)
    X, y = jumps(rng)
    found, expected = (loss_of(cls, y, outputs(m, X)) for m in (model, alone))
    assert found < 0.6 * expected


def test_waves_are_left_to_networks(rng):
    X, y = wave(rng)
    options = {"n_bags": 4, "learning_rate": 0.2, "hidden_layer_sizes": [32]}
    model = learner(TabularRegressor, **options, partner=BOOSTING).fit(X, y)
    assert model.partner_weight_ < 0.1


@pytest.mark.parametrize("seed", range(3))
@both
def test_in_pure_noise_a_partner_does_no_harm(cls, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((600, 5)), rng.integers(0, 2, 600)
    options = {"n_bags": 3, "random_state": seed}
    alone = learner(cls, **options).fit(X[:100], y[:100])
    partner = {
        TabularClassifier: DecisionTreeClassifier(max_depth=8),
        TabularRegressor: DecisionTreeRegressor(max_depth=8),
    }[cls]
    model = learner(cls, **options, partner=partner).fit(X[:100], y[:100])
    X, y = X[100:], y[100:]
    found, expected = (loss_of(cls, y, outputs(m, X)) for m in (model, alone))
    assert found < 1.01 * expected


@both
def test_a_partner_that_does_not_help_is_dropped(cls, rng):
    X, y = make_rows(rng, 200)
    partner = {TabularClassifier: DummyClassifier(), TabularRegressor: DummyRegressor()}
    model = learner(cls, partner=partner[cls])
    with_partner = outputs(model.fit(X, 0.01 * y if cls is TabularRegressor else y), X)
    assert model.partner_weight_ == 0
    assert model.partners_ == []
    model.set_params(partner=None).fit(X, 0.01 * y if cls is TabularRegressor else y)
    assert_array_equal(outputs(model, X), with_partner)


@both
def test_without_a_partner_there_is_no_weight(cls, rng):
    model = small(cls).fit(*make_rows(rng))
    assert model.partner_weight_ == 0.0
    assert model.partners_ == []


def test_a_gain_within_its_standard_error_is_no_reason():
    # It is all from one row of ten, so that its standard error is as large.
    own, other, Y = np.zeros((10, 1)), np.zeros((10, 1)), np.zeros((10, 1))
    Y[0], other[0] = 2.0, 0.9
    assert weight_of(own, other, Y) == 0
    Y[1], other[1] = 2.0, 1.1  # now it is from two
    assert weight_of(own, other, Y) == 1


def test_the_weight_is_that_of_least_squares(rng):
    own, other = rng.standard_normal((2, 50, 1))
    Y = 0.7 * own + 0.3 * other + 0.1 * rng.standard_normal((50, 1))
    difference = (other - own).ravel()
    for w in (None, rng.uniform(0.1, 5, 50)):
        ones = np.ones(50) if w is None else w
        moment = (ones * difference) @ (Y - own).ravel()
        expected = moment / (ones @ difference**2)
        assert_allclose(weight_of(own, other, Y, w), expected, rtol=1e-4)


@both
def test_the_weight_is_of_those_rows_that_weigh(cls, rng):
    X, y = blurred(cls, rng)
    X_val, y_val = X[200:], y[200:]
    w = np.repeat([0.0, 1.0], 100)
    model = learner(cls, n_bags=1, partner=SHALLOW[cls])
    val = {"X_val": X_val, "y_val": y_val, "sample_weight_val": w}
    found = model.fit(X[:200], y[:200], **val).partner_weight_
    val = {"X_val": X_val[100:], "y_val": y_val[100:]}
    w = np.ones(200)  # for a matter of form, weights are there
    expected = model.fit(X[:200], y[:200], w, **val).partner_weight_
    assert 0 < expected < 1
    assert_allclose(found, expected, atol=1e-3)


def test_the_weight_is_found_after_the_temperature(rng):
    X, y = make_rows(rng, 200)
    y = np.where(rng.random(200) < 0.3, rng.integers(0, 3, 200), y)
    options = {"max_epochs": 200, "scoring": lambda *_: 1.0, "snapshots": False}
    options |= {"tol": None, "store_oof_predictions": True, "weight_decay": 0.0}
    alone = learner(TabularClassifier, **options).fit(X, y)
    assert alone.temperature_ > 1.2
    options |= {"partner": BOOSTING}
    model = learner(TabularClassifier, **options).fit(X, y)
    assert model.temperature_ == alone.temperature_
    assert 0 < model.partner_weight_ < 1
    v, own = model.partner_weight_, alone.oof_predictions_
    other = (model.oof_predictions_ - (1 - v) * own) / v
    weight = best_on_grid(lambda mixed: log_loss(y, mixed), own, other)
    assert_allclose(v, weight, atol=2e-3)


@both
def test_rows_of_X_val_decide_on_the_weight(cls, rng):
    X, y = blurred(cls, rng)
    X, y, X_val, y_val = X[:200], y[:200], X[200:], y[200:]
    model = learner(cls, n_bags=3)
    own = outputs(model.fit(X, y, X_val=X_val, y_val=y_val), X_val)
    model.set_params(partner=NEIGHBORS[cls]).fit(X, y, X_val=X_val, y_val=y_val)
    encoder = TableEncoder().fit(X)
    [partner] = model.partners_  # all networks have the same rows
    fitted = clone(NEIGHBORS[cls]).fit(encoder.transform(X), y)
    Z = encoder.transform(X_val)
    if cls is TabularClassifier:
        other = with_base_rates(fitted.predict_proba(Z), y)
        assert_array_equal(partner.predict_proba(Z), fitted.predict_proba(Z))
    else:
        other = fitted.predict(Z)
    weight = best_on_grid(lambda mixed: loss_of(cls, y_val, mixed), own, other)
    assert 0 < weight < 1
    assert_allclose(model.partner_weight_, weight, atol=1e-3)


def test_a_single_bag_has_a_single_partner(rng):
    X, y = jumps(rng)
    model = learner(TabularClassifier, n_bags=1, n_members=3, partner=BOOSTING)
    assert len(model.fit(X, y).partners_) == 1


@both
def test_members_of_a_fold_share_its_partner(cls, rng):
    X, y = jumps(rng)
    model = learner(cls, n_bags=2, n_members=3, partner=BOOSTING).fit(X, y)
    assert len(model.partners_) == 2


# -- what a partner is given


def trained_partners(cls, *args, **kwargs):
    """Return the trained clones of boosted trees, whatever their weight."""
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Partners, "weight", lambda self, *a: kept.append(self) or 0.0)
        small(cls, partner=BOOSTING).fit(*args, **kwargs)
    return kept[0].estimators


def test_a_partner_sees_the_rows_of_its_fold_alone(calls, rng):
    X, y = make_rows(rng)
    options = {"n_bags": "auto", "cv": FOLDS, "n_members": 2}
    small(TabularClassifier, **options, partner=Recorder()).fit(X, y)
    Z = TableEncoder().fit_transform(X)
    assert len(calls) == 4
    for call, (train, _) in zip(calls, FOLDS.split(X), strict=True):
        assert_array_equal(call[0], Z[train])
        assert_array_equal(call[1], y[train])
        assert call[2] is None


def test_a_partner_gets_the_weights_of_rows_and_classes(calls, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0.5, 2, 80)
    options = {"n_bags": "auto", "cv": FOLDS, "class_weight": {0: 1, 1: 3, 2: 5}}
    small(TabularClassifier, **options, partner=Recorder()).fit(X, y, w)
    expected = w * np.array([1, 3, 5])[y]
    for call, (train, _) in zip(calls, FOLDS.split(X), strict=True):
        ratio = call[2] / expected[train]
        assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_rows_of_weight_zero_do_not_reach_a_partner(calls, rng):
    X, y = make_rows(rng)
    w = np.repeat([0.0, 1.0], 40)
    y[40:43] = 0, 1, 2
    small(TabularClassifier, partner=Recorder()).fit(X, y, w)
    assert sum(len(call[0]) for call in calls) == 40


def test_a_partner_has_a_seed_that_depends_on_ours(calls, rng):
    X, y = make_rows(rng)
    model = small(TabularClassifier, partner=Recorder())
    model.fit(X, y).fit(X, y).set_params(random_state=1).fit(X, y)
    seeds = [call[3] for call in calls]
    assert seeds[:2] == seeds[2:4]
    assert len(set(seeds[2:])) == 4
    assert model.partner.random_state is None
    calls.clear()
    model.set_params(partner__random_state=7).fit(X, y)
    assert [call[3] for call in calls] == [7, 7]


def test_the_loops_of_a_partner_have_one_thread(calls, rng):
    before = [p["num_threads"] for p in threadpool_info()]
    small(TabularClassifier, partner=Recorder()).fit(*make_rows(rng))
    openmp = [call[4] for call in calls]
    assert openmp
    assert all(n == [1] * len(n) for n in openmp)
    assert [p["num_threads"] for p in threadpool_info()] == before


def frame_of_levels(rng, n_levels, n=700):
    """Return a column of categories, and y of 0 and 1 that depends on their number."""
    level = rng.integers(0, n_levels, n)
    X = pd.DataFrame({"level": [f"k{i}" for i in level], "x": rng.random(n)})
    return X, np.isin(level % 5, [1, 2]).astype(int)


@pytest.mark.parametrize(("n_levels", "knows"), [(40, True), (300, False)])
@both
def test_trees_know_categories_of_not_too_many_levels(cls, n_levels, knows, rng):
    X, y = frame_of_levels(rng, n_levels)
    y = (np.floor(20 * X["x"]) % 2).astype(int)
    model = small(cls, partner=BOOSTING, max_epochs=1).fit(X, y)
    found = model.partners_[0].is_categorical_
    assert found is None if not knows else found.tolist() == [False, True]


@both
def test_trees_predict_categories_that_they_do_not_know(cls, rng):
    X, y = frame_of_levels(rng, 40)
    model = small(cls, partner=BOOSTING, max_epochs=1).fit(X, y)
    assert model.score(X, y) > 0.6
    X["level"] = "another"
    assert np.isfinite(outputs(model, X)).all()


@both
def test_trees_stop_by_the_validation_rows(cls, rng):
    X, y = rng.standard_normal((100, 5)), rng.integers(0, 2, 100)
    X_val, y_val = rng.standard_normal((100, 5)), rng.integers(0, 2, 100)
    seen = trained_partners(cls, X, y, X_val=X, y_val=y)
    unseen = trained_partners(cls, X, y, X_val=X_val, y_val=y_val)
    assert seen[0].n_iter_ > 2 * unseen[0].n_iter_


def test_a_class_that_a_fold_lacks_has_no_probability_there(rng):
    X, y = make_rows(rng, 90)
    y[:] = np.repeat([0, 1, 2], 30)
    X[:, 0] = y + 0.1 * X[:, 0]
    splits = [(np.arange(60), np.arange(60, 90)), (np.arange(20, 90), np.arange(20))]
    for partner in (BOOSTING, GaussianNB()):
        model = learner(TabularClassifier, n_bags="auto", cv=splits, partner=partner)
        model.set_params(store_oof_predictions=True).fit(X, y)
        p = model.oof_predictions_
        assert_allclose(p[60:].sum(axis=1), 1)
        assert (p[60:] > 0).all()


# -- losses, outputs, intervals


DEVIANCES = {
    "absolute_error": mean_absolute_error,
    "poisson": mean_poisson_deviance,
}


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        ("squared_error", "squared_error"),
        ("absolute_error", "absolute_error"),
        ("poisson", "poisson"),
        ("gamma", "gamma"),
        (PinballLoss(0.8), "quantile"),
        (PinballLoss([0.8]), "quantile"),
    ],
)
def test_trees_have_the_loss_of_the_networks(loss, name, rng):
    X, y = jumps(rng)
    model = small(TabularRegressor, loss=loss, partner=BOOSTING).fit(X, y + 0.5)
    assert model.partners_[0].loss == name
    assert model.partners_[0].quantile == (0.8 if name == "quantile" else None)


@pytest.mark.parametrize("loss", DEVIANCES)
def test_the_weight_has_the_least_loss_that_was_asked_for(loss, rng):
    X, y = blurred(TabularClassifier, rng)
    y = 0.5 + 3 * y + rng.exponential(size=400)
    options = {"loss": loss, "n_bags": "auto", "cv": FOLDS}
    options |= {"store_oof_predictions": True}
    own = learner(TabularRegressor, **options).fit(X, y).oof_predictions_
    partner = KNeighborsRegressor(10)
    model = learner(TabularRegressor, **options, partner=partner).fit(X, y)
    other = cross_val_predict(partner, TableEncoder().fit_transform(X), y, cv=FOLDS)
    weight = best_on_grid(lambda mixed: DEVIANCES[loss](y, mixed), own, other)
    assert 0 < weight < 1
    assert_allclose(model.partner_weight_, weight, atol=5e-3)


@pytest.mark.parametrize(
    "partner",
    [
        BOOSTING,
        MultiOutputRegressor(HistGradientBoostingRegressor()),
        LinearRegression(),
    ],
    ids=["boosting", "wrapped", "linear"],
)
def test_several_outputs(partner, rng):
    X, y = jumps(rng)
    if isinstance(partner, LinearRegression):
        y = X[:, 0]
    Y = np.column_stack([y, 10 - 3 * y])
    model = small(TabularRegressor, partner=partner).fit(X, Y, np.ones(600))
    assert model.partner_weight_ > 0.5
    assert model.predict(X).shape == (600, 2)
    assert_allclose(model.predict(X).sum(axis=1), 10 - 2 * Y[:, 0], atol=2)


def test_weighted_rows_of_several_outputs_with_metadata_routing(rng):
    X, y = jumps(rng)
    Y = np.column_stack([y, -y])
    with sklearn.config_context(enable_metadata_routing=True):
        model = small(TabularRegressor, partner=BOOSTING)
        model.set_fit_request(sample_weight=True).fit(X, Y, np.ones(600))
    assert model.partner_weight_ > 0


def test_intervals_are_those_of_what_is_mixed(rng):
    X, y = blurred(TabularRegressor, rng)
    options = {"n_bags": 3, "store_oof_predictions": True}
    partner = KNeighborsRegressor(3)
    model = learner(TabularRegressor, **options, partner=partner).fit(X, y)
    v = model.partner_weight_
    assert 0.05 < v < 0.95
    left = y - model.oof_predictions_
    Z = TableEncoder().fit_transform(X)
    own = y.std() * model._raw_predict(X)[..., 0].astype(float)
    other = y.std() * np.array([p.predict(Z) for p in model.partners_]).reshape(3, -1)
    assert other.var(axis=0).max() > 0
    between = (1 - v) ** 2 * own.var(axis=0) + v**2 * other.var(axis=0)
    std = np.sqrt(np.mean(left**2) + between)
    assert_allclose(model.predict_std(X), std, rtol=1e-5)
    wider = std / np.sqrt(np.mean(left**2))
    levels = [0.1, 0.5, 0.9]
    expected = np.quantile(left, levels, method="weibull") * wider[:, None]
    expected += model.predict(X)[:, None]
    assert_allclose(model.predict_quantiles(X, levels), expected, rtol=1e-5, atol=1e-6)


def test_predictions_stay_within_the_range_of_y(rng):
    X, y = rng.standard_normal((200, 2)), rng.standard_normal(200)
    y += 5 * X[:, 0]
    model = small(TabularRegressor, partner=LinearRegression()).fit(X, y)
    assert model.partner_weight_ > 0.5
    far = model.predict(np.array([[5.0, 0], [-5.0, 0]]))
    assert_allclose(far, [y.max(), y.min()])


# -- the parameter


@both
def test_the_presets_have_no_partner(cls, rng):
    assert small(cls, partner="auto").fit(*jumps(rng)).partners_ == []


@pytest.fixture
def partner_of_the_preset(monkeypatch):
    """Let the preset have a partner."""
    for cls in (TabularClassifier, TabularRegressor):
        presets = {n: replace(s, partner=BOOSTING) for n, s in cls.presets.items()}
        monkeypatch.setattr(cls, "presets", presets)


@both
def test_a_preset_may_have_a_partner(cls, rng, partner_of_the_preset):
    X, y = jumps(rng)
    assert len(small(cls, partner="auto").fit(X, y).partners_) == 2
    assert small(cls, partner=None).fit(X, y).partners_ == []


@pytest.mark.parametrize(
    "options",
    [{"n_bags": 1, "validation_fraction": 0}, {"loss": "huber"}],
    ids=["no validation rows", "no such loss"],
)
def test_the_partner_of_a_preset_is_left_out_where_it_cannot_be(
    options, rng, partner_of_the_preset
):
    X, y = jumps(rng)
    model = small(TabularRegressor, **options, partner="auto").fit(X, y)
    assert model.partners_ == []


WRONG = {
    "a word": "trees",
    "a number": 3,
    "a class": HistGradientBoostingClassifier,
    "a transformer": StandardScaler(),
}


@pytest.mark.parametrize("value", WRONG)
@both
def test_what_is_no_partner_is_refused(cls, value, rng):
    kind = "classifier with predict_proba" if cls is TabularClassifier else "regressor"
    message = (
        f"`partner` of {cls.__name__} must be 'auto', None .*boosting' or a {kind}"
    )
    with pytest.raises(ValueError, match=message):
        small(cls, partner=WRONG[value]).fit(*make_rows(rng))


def test_a_partner_of_the_other_kind_is_refused(rng):
    X, y = make_rows(rng)
    for cls, partner in (
        (TabularClassifier, LinearRegression()),
        (TabularRegressor, LogisticRegression()),
    ):
        with pytest.raises(ValueError, match=r"`partner` .*; got L"):
            small(cls, partner=partner).fit(X, y)


OBJECTIONS = {
    "no validation rows": (
        TabularRegressor,
        {"n_bags": 1, "validation_fraction": 0, "partner": BOOSTING},
        "`partner`='hist_gradient_boosting' needs rows that validate.*`X_val`.*None",
    ),
    "no weights": (
        TabularRegressor,
        {"partner": Without(), "sample_weight": np.arange(80) + 1.0},
        r"`partner`=Without\(\) takes no `sample_weight`",
    ),
    "no such loss": (
        TabularRegressor,
        {"partner": BOOSTING, "loss": "huber"},
        "`partner`=.* has no loss like `loss`=HuberLoss",
    ),
    "several quantiles": (
        TabularRegressor,
        {"partner": LinearRegression(), "loss": PinballLoss([0.1, 0.9])},
        r"`partner`=.* one number .* `loss`=PinballLoss.*each quantile",
    ),
    "several outputs": (
        TabularRegressor,
        {"partner": SVR(), "y": np.ones((80, 2))},
        r"`partner`=SVR\(\) predicts one output, and `y` has 2.*MultiOutputRegressor",
    ),
    "one class": (
        TabularClassifier,
        {"partner": GaussianNB(), "y": np.zeros(80)},
        r"`partner`=GaussianNB\(\) needs rows of two classes",
    ),
    "one class in a fold": (
        TabularClassifier,
        {
            "partner": GaussianNB(),
            "y": np.repeat([0, 1], 40),
            "n_bags": "auto",
            "cv": KFold(2),
        },
        r"`partner`=GaussianNB\(\) needs rows of two classes",
    ),
}


@pytest.mark.parametrize("name", OBJECTIONS)
def test_what_a_partner_cannot_do_is_said(name, rng):
    cls, options, message = OBJECTIONS[name]
    X, y = make_rows(rng)
    y, w = options.get("y", y), options.get("sample_weight")
    params = {k: v for k, v in options.items() if k not in ("y", "sample_weight")}
    with pytest.raises(ValueError, match=message):
        small(cls, **params).fit(X, y, w)


@pytest.mark.parametrize("partner", [Failing(), NotFinite()])
def test_the_error_of_a_partner_says_whose_it_is(partner, rng):
    X, y = make_rows(rng)
    model = small(TabularRegressor).fit(X, y).set_params(partner=partner)
    with pytest.raises((RuntimeError, ValueError)) as caught:
        model.fit(X, y)
    assert f"It was raised by `partner`={partner}" in caught.value.__notes__[0]
    assert_unchanged_by(model, "fit", 2 * X, y)


def test_ctrl_c_while_a_partner_trains_changes_nothing(rng):
    X, y = make_rows(rng)
    model = small(TabularRegressor).fit(X, y)
    model.set_params(partner=Failing(KeyboardInterrupt))
    before = state_of(model)
    with pytest.raises(KeyboardInterrupt):
        model.fit(2 * X, y)
    assert state_of(model) == before


def test_the_partner_itself_is_not_fitted(rng):
    X, y = jumps(rng)
    forest = RandomForestRegressor(5)
    model = small(TabularRegressor, partner=forest).fit(X, y)
    assert model.partner is forest
    assert not hasattr(forest, "estimators_")
    assert forest.random_state is None


def test_a_partner_in_a_pipeline_has_a_seed(rng):
    X, y = jumps(rng)
    pipeline = make_pipeline(StandardScaler(), RandomForestRegressor(5))
    model = small(TabularRegressor, partner=pipeline)
    first = model.fit(X, y).predict(X)
    assert model.partner_weight_ > 0
    assert_array_equal(model.fit(X, y).predict(X), first)


def test_parameters_of_a_partner_can_be_searched(rng):
    X, y = jumps(rng)
    model = small(TabularClassifier, partner=DecisionTreeClassifier())
    assert model.get_params()["partner__max_depth"] is None
    grid = GridSearchCV(model, {"partner__max_depth": [1, 12]}, cv=2).fit(X, y)
    best = grid.best_estimator_
    assert best.partners_[0].max_depth == best.partner.max_depth
    assert "DecisionTreeClassifier" in model._repr_html_()


@both
def test_a_copy_predicts_the_same(cls, rng):
    X, y = jumps(rng)
    model = small(cls, partner=BOOSTING).fit(X, y)
    assert model.partner_weight_ > 0
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(outputs(copy, X), outputs(model, X))
    assert clone(model).get_params() == model.get_params()


@both
def test_a_row_alone_is_predicted_as_among_others(cls, rng):
    X, y = jumps(rng)
    model = small(cls, partner=BOOSTING).fit(X, y)
    alone = np.concatenate([outputs(model, X[i : i + 1]) for i in range(20)])
    assert_array_equal(alone, outputs(model, X)[:20])


@both
def test_the_number_of_threads_changes_nothing(cls, rng):
    X, y = jumps(rng)
    first, second = (
        outputs(small(cls, partner=BOOSTING, n_jobs=n).fit(X, y), X) for n in (1, 2)
    )
    assert_array_equal(first, second)


def test_a_partner_takes_a_part_of_the_time(rng, monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def look():
        clock.now += 0.01
        return clock.now

    class Slow(LinearRegression):
        def fit(self, X, y):
            clock.now += 6
            return super().fit(X, y)

    for module in (_loop, _pace):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=look))
    options = {"max_epochs": 10**6, "max_time": 20, "partner": Slow(), "tol": None}
    model = small(TabularRegressor, **options).fit(*make_rows(rng))
    assert 18 < clock.now < 20.5
    assert model.n_iter_ > 5
