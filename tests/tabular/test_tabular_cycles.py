"""Cycles of the rate in the estimators for tables: how many, which count, which end."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss
from tabulars import both, learner, make_rows, outputs, small, with_base_rates

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.blocks import ParametricActivation
from sklearn_nn.tabular._presets import Settings
from sklearn_nn.tabular._targets import TableClasses
from sklearn_nn.tabular._validation import Validator
from sklearn_nn.training import Batch

MEMBERS = 2  # of `small` and `learner`
CYCLES = {"cycles": 3, "max_epochs": 7, "snapshots": True, "tol": None}  # 1, 3, 7


def telling(*scores):
    """Return a scorer with these scores, one after another, for all networks."""
    calls = []

    def scorer(estimator, X, y, sample_weight=None):
        calls.append(0)
        return float(scores[(len(calls) - 1) // MEMBERS])

    return scorer


def raws(model, X):
    return model._raw_predict(X).astype(float)


# -- how many


@pytest.mark.parametrize("n", [1, 15, 100, 300, 1000, 1500, 5000, 20_000, 60_000])
def test_cycles_are_as_many_as_fit_into_the_steps(n):
    settings = Settings(max_steps=3000).for_rows(n, 100)
    steps = n // settings.rows_of_a_batch(n)
    all_cycles = 2**settings.cycles - 1
    first, rest = divmod(settings.max_epochs, all_cycles)
    assert rest == 0  # each is twice as long as the one before, in whole epochs
    assert (first - 1) * steps < 30 <= first * steps
    assert settings.max_epochs * steps <= 3000
    assert first * steps * (2 * all_cycles + 1) > 3000


@pytest.mark.parametrize(
    ("options", "n_val", "cycles", "max_epochs"),
    [
        ({}, 80, 6, 3 * 63),
        ({"max_steps": 1890}, 80, 6, 3 * 63),  # to the step
        ({"max_steps": 1889}, 80, 5, 3 * 31),
        ({"max_steps": 1}, 80, 3, 3 * 7),
        ({}, 0, 4, 3 * 15),  # in 500 steps, without validation
        ({"cycles": 2}, 80, 2, 3 * 3),
        ({"max_epochs": 45}, 80, 4, 45),
        ({"max_epochs": 44}, 80, 3, 44),
        ({"max_epochs": 1}, 80, 1, 1),
        ({"max_epochs": 2000}, 0, 9, 2000),
        ({"cycles": 2, "max_epochs": 44}, 80, 2, 44),
    ],
)
def test_cycles_and_epochs_follow_from_each_other(options, n_val, cycles, max_epochs):
    # batches of 64 of 640 rows: 10 steps in an epoch, 3 epochs in the first cycle
    settings = Settings(**{"max_steps": 3000} | options).for_rows(640, n_val)
    assert (settings.cycles, settings.max_epochs) == (cycles, max_epochs)


def test_an_epoch_of_a_large_table_is_a_cycle():
    settings = Settings(max_steps=3000).for_rows(1_000_000, 100)
    assert (settings.cycles, settings.max_epochs) == (3, 7)


@pytest.mark.parametrize(("n_val", "calibrates"), [(49, False), (50, True)])
def test_few_rows_do_not_calibrate(n_val, calibrates):
    assert Settings().for_rows(640, n_val).calibrate is calibrates
    assert not Settings(calibrate=False).for_rows(640, n_val).calibrate


@both
def test_an_estimator_plans_by_the_rows_that_train(cls, rng):
    # 100 of 200 rows train each network: 3 steps in an epoch, 10 epochs in a cycle
    options = {"max_epochs": "auto", "cycles": 2, "tol": None}
    assert small(cls, **options).fit(*make_rows(rng, 200)).n_iter_ == 10 * 3


# -- which count


@both
def test_epochs_within_a_cycle_are_not_validated(cls, rng):
    model = small(cls, **CYCLES).fit(*make_rows(rng))
    for name in ("validation_loss", "validation_score"):
        seen = np.isfinite(model.history_[name])
        assert np.flatnonzero(seen).tolist() == [0, 2, 6]
    assert model.best_epoch_ in (1, 3, 7)


@both
def test_without_snapshots_any_epoch_may_be_the_best(cls, rng):
    options = CYCLES | {"snapshots": False}
    scoring = telling(1, 2, 3, 4, 5, 4, 3)
    model = small(cls, **options, scoring=scoring).fit(*make_rows(rng))
    assert (model.best_epoch_, len(model._networks)) == (5, 1)


@both
def test_networks_of_the_next_cycle_are_kept_beside_the_best(cls, rng):
    X, y = make_rows(rng)
    first, second, last = (
        small(cls, **CYCLES, scoring=telling(*scores)).fit(X, y)
        for scores in [(5, 4, 3), (4, 5, 3), (3, 4, 5)]
    )
    assert [m.best_epoch_ for m in (first, second, last)] == [1, 3, 7]
    # what is learned does not depend on the scores
    assert_array_equal(raws(first, X)[MEMBERS:], raws(second, X)[:MEMBERS])
    assert_array_equal(raws(second, X)[MEMBERS:], raws(last, X))
    assert np.abs(raws(first, X)[:MEMBERS] - raws(first, X)[MEMBERS:]).max() > 1e-3
    assert len(first.best_scores_) == MEMBERS
    assert first.n_params_ == 2 * last.n_params_


@both
def test_networks_of_both_cycles_predict(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, **CYCLES, scoring=telling(5, 4, 3)).fit(X, y)
    raw = raws(model, X)
    assert len(raw) == 2 * MEMBERS
    if cls is TabularClassifier:
        p = softmax(raw / model.temperature_, axis=2).mean(axis=0)
        expected = with_base_rates(p, y)
    else:
        means = y.mean() + y.std() * raw[..., 0].mean(axis=0)
        expected = np.clip(means, y.min(), y.max())
    assert_allclose(outputs(model, X), expected, rtol=1e-5)


def test_the_temperature_is_that_of_the_networks_of_both_cycles(rng):
    X, y = make_rows(rng, 400)
    y = np.where(rng.random(400) < 0.3, rng.integers(0, 3, 400), y)
    options = {**CYCLES, "learning_rate": 0.5, "scoring": telling(5, 4, 3)}
    model = small(TabularClassifier, **options)
    model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    raw = raws(model, X[200:])

    def loss(t):
        p = softmax(raw / t, axis=2)
        return np.mean([log_loss(y[200:], own) for own in p])

    best = minimize_scalar(loss, bounds=(0.1, 20), method="bounded").x
    assert len(raw) == 2 * MEMBERS
    assert_allclose(model.temperature_, max(1, best), rtol=1e-3)


@both
def test_predictions_out_of_the_folds_are_those_of_both_cycles(cls, rng):
    X, y = make_rows(rng)
    scoring = telling(5, 4, 3)
    options = {**CYCLES, "store_oof_predictions": True, "scoring": scoring}
    options["cv"] = [(range(40), range(40, 80)), (range(40, 80), range(40))]
    model = small(cls, **options, n_bags="auto").fit(X, y)
    raw = raws(model, X)
    own = np.concatenate([raw[1::MEMBERS, :40], raw[::MEMBERS, 40:]], axis=1)
    if cls is TabularClassifier:
        p = softmax(own / model.temperature_, axis=2).mean(axis=0)
        expected = with_base_rates(p, y)
    else:
        means = y.mean() + y.std() * own[..., 0].mean(axis=0)
        expected = np.clip(means, y.min(), y.max())
    assert_allclose(model.oof_predictions_, expected, rtol=1e-4)


# -- which end the training


@both
def test_training_ends_after_a_cycle_that_does_not_pay(cls, rng):
    X = rng.standard_normal((80, 4))
    y = rng.integers(0, 2, 80)  # noise: what is learned makes it worse
    options = {"cycles": 5, "max_epochs": 2 * 31, "snapshots": True}
    model = learner(cls, **options | {"tol": 0.1}).fit(X, y)
    assert model.n_iter_ in (6, 14, 30)
    losses = np.array(model.history_["validation_loss"])
    *before, last = losses[np.isfinite(losses)]
    assert last > 0.9 * min(before)
    assert all(b <= 0.9 * a for a, b in pairwise(before))
    assert learner(cls, **options | {"tol": None}).fit(X, y).n_iter_ == 62


# -- which loss


def losses_of(raws, y, calibrates):
    """Return the validation losses of networks with such raw outputs (n, k)."""
    k = raws[0].shape[1]
    targets = TableClasses(np.arange(k), np.full(k, 1 / k), len(y))
    networks = [SimpleNamespace(infer=lambda X, raw=raw: raw[None]) for raw in raws]
    batches = [Batch(np.zeros((len(y), 1)), y, None) for _ in raws]
    return Validator(networks, batches, targets, None, calibrates)()[0]


def test_how_sure_networks_are_does_not_decide(rng):
    # labels drawn from softmax(z); the second tells less of them, and knows it
    z = 2 * rng.standard_normal((20_000, 3))
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    best = log_loss(y, softmax(z, axis=1))
    (sure,) = losses_of([5 * z], y, True)
    (modest,) = losses_of([0.5 * z], y, True)
    assert_allclose(sure, best, rtol=1e-3)
    assert sure < modest
    (sure,), (modest,) = (losses_of([own], y, False) for own in (5 * z, 0.5 * z))
    assert sure > modest


def test_all_networks_have_one_temperature(rng):
    z = 2 * rng.standard_normal((2000, 3))
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    both_raws = [5 * z, 2 * z]

    def each(t):
        return [log_loss(y, softmax(raw / t, axis=1)) for raw in both_raws]

    t = minimize_scalar(lambda t: sum(each(t)), bounds=(1, 10), method="bounded").x
    assert_allclose(losses_of(both_raws, y, True), each(t), rtol=1e-4)


# -- hidden layers and presets


@pytest.mark.parametrize("bends", [False, True])
@both
def test_a_name_of_an_activation_is_the_plain_function(cls, bends, rng):
    X, y = make_rows(rng)
    options = {"n_bags": 1, "learning_rate": 0.5}
    f = ParametricActivation("tanh", start=0.5) if bends else "tanh"
    model = learner(cls, activation=f, **options).fit(X, y)
    (net,) = model._networks
    p = {k: v[0].astype(float) for k, v in net.layout.named_views(net.params).items()}
    x = model._encoder.transform(X) * p["scale/s"]
    z = x @ p["dense1/W"] + p["dense1/b"]
    assert ("activation1/a" in p) == bends
    a = p["activation1/a"] if bends else 1
    h = z + a * (np.tanh(z) - z)
    expected = h @ p["output/W"] + p["output/b"]
    assert_allclose(raws(model, X)[0], expected, rtol=1e-4, atol=1e-5)
    assert not bends or np.abs(a - 0.5).max() > 0.01  # it was trained


@both
def test_an_activation_is_relu_unless_it_is_given(cls, rng):
    X, y = make_rows(rng)
    named = small(cls, activation="relu", dropout=0).fit(X, y)
    assert_array_equal(outputs(small(cls).fit(X, y), X), outputs(named, X))


@pytest.mark.parametrize(("n", "n_val"), [(20, 4), (1000, 200), (100_000, 20_000)])
@pytest.mark.parametrize(
    ("cls", "own"),
    [
        (TabularClassifier, ("selu", 0.04, 0.1, "accuracy")),
        (TabularRegressor, ("mish", 0.2, 0.0, None)),
    ],
)
def test_realmlp_is_as_published(cls, own, n, n_val):
    settings = Settings.of(cls("realmlp"), cls.presets).for_rows(n, n_val)
    f = settings.activation
    told = f.activation, settings.learning_rate, settings.label_smoothing
    assert isinstance(f, ParametricActivation)
    assert (*told, settings.scoring) == own
    assert settings.hidden_layer_sizes == (256, 256, 256)
    assert settings.for_numbers(3).embedding == "pbld"
    assert (settings.max_epochs, settings.cycles, settings.batch_size) == (256, 4, 256)
    assert (settings.dropout, settings.weight_decay) == (0.15, 0.02)
    assert (settings.n_bags, settings.n_members) == (1, 1)
    assert settings.tol is None
    assert not settings.snapshots
    assert not settings.calibrate
