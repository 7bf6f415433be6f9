"""How the estimators for tables train: presets, seeds, threads, time, interruptions."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from tabulars import SMALL, both, learner, make_frame, make_rows, outputs, small
from threadpoolctl import ThreadpoolController

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.schedules import CosineLog
from sklearn_nn.tabular._presets import CLASSIFIER_PRESETS, REGRESSOR_PRESETS
from sklearn_nn.training import _loop, _pace

# Where members are trained in networks of one member each, threads have work to do.
GROUPS = "sklearn_nn.tabular._members.FLOATS_OF_A_GROUP"


def blas_limits():
    pools = ThreadpoolController().select(user_api="blas").info()
    return [pool["num_threads"] for pool in pools]


def interrupting(after):
    """Return a scorer during whose call of that number the user interrupts."""
    calls = []

    def scorer(estimator, X, y, sample_weight=None):
        calls.append(len(calls))
        if len(calls) == after:
            raise KeyboardInterrupt
        return float(len(calls))

    return scorer


def interrupting_at(progress):
    """Return a schedule during whose call at that progress the user interrupts."""

    def rate(self, clock):
        if clock.progress >= progress:
            raise KeyboardInterrupt
        return 0.1

    return rate


@pytest.mark.parametrize("preset", CLASSIFIER_PRESETS)
@both
def test_every_preset_fits(cls, preset, rng):
    X, y = make_frame(rng, 40)
    options = {"max_epochs": 1, "hidden_layer_sizes": [8]}
    model = cls(preset, **options, random_state=0).fit(X, y)
    assert np.isfinite(outputs(model, X)).all()


def test_both_estimators_have_the_same_presets():
    assert set(CLASSIFIER_PRESETS) == set(REGRESSOR_PRESETS)


@pytest.mark.parametrize("preset", CLASSIFIER_PRESETS)
@both
def test_what_the_user_says_counts_more_than_the_preset(cls, preset, rng):
    model = cls(preset, **SMALL | {"n_bags": 3, "n_members": 2}).fit(*make_rows(rng))
    assert model.n_iter_ == 4
    assert len(model.best_scores_) == 6
    assert model._networks[0].layout.params["dense1/W"].shape[-1] == 8


@pytest.mark.parametrize("embedding", [None, "pbld", "periodic", "piecewise"])
@both
def test_every_embedding_learns(cls, embedding, rng):
    X = rng.standard_normal((200, 3))
    y = (X[:, 1] > 0).astype(int)
    assert learner(cls, embedding=embedding).fit(X, y).score(X, y) > 0.6


@pytest.mark.parametrize("embedding", ["pbld", "piecewise"])
@both
def test_an_embedding_follows_a_wave(cls, embedding, rng):
    X = rng.uniform(-1, 1, (500, 1))
    y = (np.sin(8 * X[:, 0]) > 0).astype(int)
    options = {"n_bags": 1, "batch_size": 50, "learning_rate": 0.1}
    options["activation"] = "mish"  # which has no kinks that a wave could be made of
    bent = learner(cls, embedding=embedding, **options).fit(X, y).score(X, y)
    assert bent > learner(cls, embedding=None, **options).fit(X, y).score(X, y)


@both
def test_no_hidden_layer_is_a_linear_model(cls, rng):
    X = rng.standard_normal((200, 3))
    y = (X[:, 0] > X[:, 1]).astype(int)
    model = learner(cls, hidden_layer_sizes=[], max_epochs=400).fit(X, y)
    assert model.score(X, y) > (0.95 if cls is TabularClassifier else 0.5)


# -- shared weights


@both
def test_shared_matrices_are_counted_once(cls, rng):
    X, y = make_rows(rng)
    options = {"hidden_layer_sizes": [16, 8], "n_bags": 3}
    own, shared = (
        small(cls, share_weights=share, **options).fit(X, y).n_params_
        for share in (False, True)
    )
    hidden = (4 * 16 + 16) + (16 * 8 + 8)  # weights and biases of both layers
    assert own - shared == 2 * hidden


@both
def test_networks_with_shared_weights_learn(cls, rng):
    X, y = make_frame(rng, 600)
    model = learner(cls, share_weights=True, max_epochs=60).fit(X, y)
    assert model.score(X, y) > 0.85


@both
def test_networks_with_shared_weights_differ(cls, rng):
    X, y = make_rows(rng)
    first, second = small(cls, share_weights=True).fit(X, y)._raw_predict(X)
    assert np.abs(first - second).max() > 1e-3


# -- seeds and threads


@pytest.mark.parametrize("seed", [0, 7])
@both
def test_the_same_seed_gives_the_same_bits(cls, seed, rng):
    X, y = make_frame(rng)
    first, second = (small(cls, random_state=seed).fit(X, y) for _ in range(2))
    assert_array_equal(outputs(first, X), outputs(second, X))


@both
def test_another_seed_gives_another_model(cls, rng):
    X, y = make_rows(rng)
    first, second = (small(cls, random_state=seed).fit(X, y) for seed in (0, 1))
    assert np.abs(outputs(first, X) - outputs(second, X)).max() > 1e-3


@both
def test_a_random_state_goes_on_from_fit_to_fit(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, random_state=np.random.RandomState(0))
    first, second = (outputs(model.fit(X, y), X) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
@both
def test_the_number_of_threads_does_not_change_a_bit(cls, n_jobs, monkeypatch, rng):
    monkeypatch.setattr(GROUPS, 1)
    X, y = make_rows(rng)
    options = {"n_bags": 3, "dropout": 0.2}
    alone = small(cls, **options, n_jobs=1).fit(X, y)
    several = small(cls, **options, n_jobs=n_jobs).fit(X, y)
    assert len(several._networks) == 3
    assert_array_equal(outputs(several, X), outputs(alone, X))


@both
def test_a_fit_leaves_the_threads_as_it_found_them(cls, monkeypatch, rng):
    monkeypatch.setattr(GROUPS, 1)
    before = blas_limits(), threading.active_count()
    small(cls, n_jobs=2).fit(*make_rows(rng))
    assert (blas_limits(), threading.active_count()) == before


@both
def test_a_failed_fit_leaves_the_threads_as_it_found_them(cls, monkeypatch, rng):
    monkeypatch.setattr(GROUPS, 1)
    before = blas_limits(), threading.active_count()
    with pytest.raises(ZeroDivisionError):
        small(cls, n_jobs=2, scoring=lambda *args: 1 / 0).fit(*make_rows(rng))
    assert (blas_limits(), threading.active_count()) == before


# -- time, words, interruptions


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that takes a hundredth of a second for each look at it."""
    clock = SimpleNamespace(now=0.0)

    def look():
        clock.now += 0.01
        return clock.now

    for module in (_loop, _pace):
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=look))
    return clock


@both
def test_fit_ends_with_the_limit_of_time(cls, clock, rng):
    # the rate at the end of a training is close to zero, see the tests of the loop
    model = small(cls, max_epochs=10**6, tol=None, max_time=20).fit(*make_rows(rng))
    assert 18 < clock.now < 20.5
    assert model.n_iter_ > 10


@both
def test_to_encode_the_table_is_a_part_of_the_time(cls, clock, rng, monkeypatch):
    fit_for = TableEncoder.fit_for

    def slowly(*args):
        clock.now += 10
        return fit_for(*args)

    monkeypatch.setattr(TableEncoder, "fit_for", slowly)
    small(cls, max_epochs=10**6, tol=None, max_time=20).fit(*make_rows(rng))
    assert 18 < clock.now < 20.5


@both
def test_a_limit_shorter_than_an_epoch_leaves_a_whole_model(cls, clock, rng):
    X, y = make_rows(rng, 800)
    model = small(cls, max_time=1e-9, n_bags=1, batch_size=8).fit(X, y)
    assert (model.n_iter_, model.best_epoch_) == (1, 1)
    assert np.isfinite(outputs(model, X)).all()


@both
def test_an_ample_limit_of_time_changes_nothing(cls, rng):
    X, y = make_rows(rng)
    limited = small(cls, max_time=1000).fit(X, y)
    assert_array_equal(outputs(limited, X), outputs(small(cls).fit(X, y), X))


@both
def test_the_history_has_a_row_for_each_epoch(cls, rng):
    model = small(cls, snapshots=False).fit(*make_rows(rng))
    assert model.history_["epoch"] == [1, 2, 3, 4]
    assert {len(column) for column in model.history_.values()} == {4}
    assert model.loss_curve_ == model.history_["loss"]
    assert np.isfinite(model.history_["validation_score"]).all()
    assert (np.array(model.history_["seconds"]) > 0).all()


@both
def test_the_rate_ends_close_to_zero(cls, rng):
    model = small(cls, max_epochs=50, learning_rate=0.1).fit(*make_rows(rng))
    rates = model.history_["learning_rate"]
    assert rates[-1] < 0.005 < max(rates) <= 0.1


@both
def test_the_loss_falls(cls, rng):
    losses = learner(cls).fit(*make_rows(rng)).loss_curve_
    assert losses[-1] < 0.7 * losses[0]


@both
def test_verbose_prints_each_epoch(cls, rng, capsys):
    small(cls, verbose=True, snapshots=False).fit(*make_rows(rng))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"Iteration {i}" for i in (1, 2, 3, 4)
    ]
    assert "validation score" in lines[0]
    assert lines[-1].endswith("time left = 0:00:00")


@both
def test_nothing_is_printed_by_default(cls, rng, capsys):
    small(cls).fit(*make_rows(rng))
    assert capsys.readouterr().out == ""


@both
def test_an_interruption_keeps_what_was_learned(cls, rng):
    X, y = make_rows(rng)
    options = {"n_bags": 1, "max_epochs": 50, "snapshots": False}
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = small(cls, **options, scoring=interrupting(4)).fit(X, y)
    assert model.n_iter_ == 4  # which was trained, so that it is validated anew
    assert model.best_epoch_ == 4
    assert np.isfinite(outputs(model, X)).all()


@both
def test_an_interruption_before_the_end_of_a_cycle_keeps_the_last_epoch(
    cls, monkeypatch, rng
):
    X, y = make_rows(rng)
    monkeypatch.setattr(CosineLog, "__call__", interrupting_at(0.5))
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = small(cls, max_epochs=50, cycles=1).fit(X, y)
    assert model.best_epoch_ == model.n_iter_ == 25
    losses = np.array(model.history_["validation_loss"])
    assert np.flatnonzero(np.isfinite(losses)).tolist() == [24]


@both
def test_an_interruption_in_the_first_epoch_is_passed_on(cls, monkeypatch, rng):
    X, y = make_rows(rng)
    monkeypatch.setattr(CosineLog, "__call__", interrupting_at(0.0))
    model = small(cls)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "n_iter_")


@pytest.mark.parametrize("scoring", [None, "named"])
@pytest.mark.parametrize("fraction", [0.0, 0.2])
@both
def test_divergence_is_an_error(cls, fraction, scoring, rng):
    X, y = make_rows(rng)
    if scoring:
        scoring = "neg_log_loss" if cls is TabularClassifier else "r2"
    options = {"learning_rate": 1e30, "n_bags": 1, "validation_fraction": fraction}
    with pytest.raises(ValueError, match=r"non-finite.* Lower `learning_rate`"):
        small(cls, **options, scoring=scoring).fit(X, y)


@both
def test_divergence_after_good_epochs_is_a_warning(cls, monkeypatch, rng):
    monkeypatch.setattr(
        CosineLog, "__call__", lambda self, clock: 1e30 * (clock.progress > 0.5)
    )
    X, y = make_rows(rng)
    with pytest.warns(ConvergenceWarning, match="best validation score were kept"):
        model = small(cls, max_epochs=10, snapshots=False).fit(X, y)
    assert model.n_iter_ < 10
    assert model.best_epoch_ == 6
    assert np.isfinite(outputs(model, X)).all()


def test_the_regressor_has_a_target_of_its_own_scale_after_each_fit(rng):
    X, y = make_rows(rng)
    model = small(TabularRegressor).fit(X, y)
    again = model.fit(X, 1000 + y).predict(X)
    assert again.min() >= 1000


@both
def test_a_score_that_is_never_a_number_is_an_error(cls, rng):
    with pytest.raises(ValueError, match=r"`scoring`=.* NaN in every epoch"):
        small(cls, scoring=lambda *args: np.nan).fit(*make_rows(rng))
