"""scikit-learn's callbacks on the estimators for tables."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from tabulars import both, make_frame, make_rows, outputs, parameters, small

from sklearn_nn import TabularClassifier

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from 1.9 on"
)
# Where members are trained in networks of one member each, threads have work to do.
GROUPS = "sklearn_nn.tabular._members.FLOATS_OF_A_GROUP"


class Recorder:
    """Writes down what it is told; stops, or raises, after some epochs."""

    def __init__(self, stop_after=np.inf, error=None):
        self.stop_after, self.error = stop_after, error
        self.calls, self.models, self.given = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator
    ):
        self.calls.append(f"end {context.task_name}")
        self.models.append(fitted_estimator)
        self.given.append((X, y, metadata))
        if self.error is not None and len(self.models) == self.stop_after:
            raise self.error
        return len(self.models) >= self.stop_after


@pytest.mark.parametrize("n_jobs", [1, 2])
@both
def test_hooks_are_called_for_the_fit_and_each_epoch_in_turn(
    cls, n_jobs, monkeypatch, rng
):
    monkeypatch.setattr(GROUPS, 1)
    recorder = Recorder()
    small(cls, n_jobs=n_jobs).set_callbacks(recorder).fit(*make_rows(rng))
    epochs = ["begin epoch", "end epoch"] * 4
    assert recorder.calls == ["setup", "begin fit", *epochs, "end fit", "teardown"]


@both
def test_a_callback_can_stop_the_training(cls, rng):
    X, y = make_rows(rng)
    model = small(cls).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert model.n_iter_ == len(model.history_["epoch"]) == 2
    assert model.best_epoch_ == 2  # no cycle has ended before
    assert np.isfinite(model.history_["validation_loss"][-1])


@both
def test_a_callback_does_not_change_what_is_learned(cls, rng):
    X, y = make_rows(rng)
    seen, alone = small(cls).set_callbacks(Recorder()).fit(X, y), small(cls).fit(X, y)
    assert_array_equal(outputs(seen, X), outputs(alone, X))
    del seen.history_["seconds"], alone.history_["seconds"]
    assert seen.history_ == alone.history_


@both
def test_hooks_get_what_the_user_gave(cls, rng):
    X, y = make_frame(rng)
    w, groups, recorder = np.ones(len(X)), np.arange(len(X)), Recorder()
    small(cls).set_callbacks(recorder).fit(X, y, w, groups=groups)
    for given in recorder.given:
        assert given[0] is X
        assert given[1] is y
        assert given[2]["sample_weight"] is w
        assert given[2]["groups"] is groups


@both
def test_each_epoch_has_a_model_of_its_own(cls, rng):
    X, y = make_rows(rng)
    recorder = Recorder()
    small(cls, max_epochs=3, n_bags=1).set_callbacks(recorder).fit(X, y)
    first, second, *_ = recorder.models
    assert np.abs(parameters(first) - parameters(second)).max() > 1e-6
    assert (len(first.history_["loss"]), len(second.history_["loss"])) == (1, 2)


@both
def test_a_model_of_an_epoch_predicts(cls, rng):
    X, y = make_frame(rng)
    recorder = Recorder()
    small(cls).set_callbacks(recorder).fit(X, y)
    for model in recorder.models:
        assert np.isfinite(outputs(model, X)).all()


@both
def test_the_model_at_the_end_is_the_fitted_one(cls, rng):
    X, y = make_rows(rng)
    recorder = Recorder()
    model = small(cls).set_callbacks(recorder).fit(X, y)
    assert_array_equal(outputs(recorder.models[-1], X), outputs(model, X))


@both
def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(cls, rng):
    X, y = make_rows(rng)
    model = small(cls).fit(X, y)
    before, keys = outputs(model, X), set(vars(model))
    recorder = Recorder(stop_after=2, error=RuntimeError("a bug"))
    model.set_callbacks(recorder)
    keys |= set(vars(model))
    with pytest.raises(RuntimeError, match="a bug"):
        model.fit(X[:50], y[:50])
    assert_array_equal(outputs(model, X), before)
    assert set(vars(model)) == keys
    assert recorder.calls.count("teardown") == 1


@both
def test_an_interruption_in_a_callback_keeps_what_was_learned(cls, rng):
    recorder = Recorder(stop_after=2, error=KeyboardInterrupt())
    model = small(cls).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(*make_rows(rng))
    assert model.n_iter_ == 2


@both
def test_a_progress_bar_comes_to_its_end(cls, rng, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    small(cls).set_callbacks(callback.ProgressBar()).fit(*make_rows(rng))
    assert "100%" in capsys.readouterr().out


@both
def test_scores_are_monitored_epoch_by_epoch(cls, rng):
    X, y = make_frame(rng)
    name = "accuracy" if cls is TabularClassifier else "r2"
    monitor = callback.ScoringMonitor(scoring=name)
    model = small(cls).set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    scores = [row[name] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == model.n_iter_


@both
def test_hooks_are_balanced_in_a_grid_search(cls, rng):
    recorder = Recorder()
    model = small(cls).set_callbacks(recorder)
    GridSearchCV(model, {"dropout": [0.0, 0.5]}, cv=2).fit(*make_rows(rng))
    for word in ("fit", "epoch"):
        begun = recorder.calls.count(f"begin {word}")
        assert begun == recorder.calls.count(f"end {word}") > 0
