"""scikit-learn's callbacks on the MLPs."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from mlps import CtrlC, both, make_rows, parameters
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_nn import MLPClassifier

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from 1.9 on"
)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])

OPTIONS = {"hidden_layer_sizes": (9,), "max_iter": 6, "random_state": 0}


class Recorder:
    """Writes down what it is told; stops the training after ``stop_after`` epochs."""

    def __init__(self, stop_after=np.inf, error=None):
        self.stop_after, self.error = stop_after, error
        self.calls, self.ends, self.models = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator
    ):
        self.calls.append(("end", context.task_name, context.task_id))
        self.ends.append({"X": X, "y": y, "metadata": metadata})
        self.models.append(fitted_estimator)
        if self.error is not None and len(self.ends) == 3:
            raise self.error
        return len(self.ends) >= self.stop_after

    def count(self, word):
        return sum(call == word or call[0] == word for call in self.calls)


@pytest.fixture
def frame(rng):
    """Return a frame with names and a series of string labels."""
    X, y = make_rows(rng)
    labels = pd.Series(np.array(["no", "maybe", "yes"])[y])
    return pd.DataFrame(X, columns=list("abcd")), labels


@every_solver
@both
def test_hooks_are_called_for_the_fit_and_each_epoch_in_turn(cls, solver, rng):
    recorder = Recorder()
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(recorder)
    n = mlp.fit(*make_rows(rng)).n_iter_
    epochs = [(word, "epoch", i) for i in range(n) for word in ("begin", "end")]
    fit = [("begin", "fit", 0), *epochs, ("end", "fit", 0)]
    assert recorder.calls == ["setup", *fit, "teardown"]


@both
def test_lbfgs_at_a_minimum_has_one_epoch(cls, rng):
    recorder = Recorder()
    mlp = cls(solver="lbfgs", tol=1e9, **OPTIONS).set_callbacks(recorder)
    mlp.fit(*make_rows(rng))
    assert recorder.count("begin") == recorder.count("end") == 2


@both
def test_a_partial_fit_is_a_task_with_one_epoch(cls, rng):
    X, y = make_rows(rng)
    mlp, recorder = cls(**OPTIONS).fit(X, y), Recorder()
    mlp.set_callbacks(recorder).partial_fit(X, y)
    names = [call[1] for call in recorder.calls if call[0] == "end"]
    assert names == ["epoch", "partial_fit"]


@every_solver
@both
def test_a_callback_can_stop_the_training(cls, solver, rng):
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(Recorder(stop_after=2))
    assert mlp.fit(*make_rows(rng)).n_iter_ == 2


@both
def test_a_training_that_a_callback_stopped_is_as_long_as_one_of_so_many_epochs(
    cls, rng
):
    X, y = make_rows(rng)
    stopped = cls(**OPTIONS).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    short = cls(**{**OPTIONS, "max_iter": 2}).fit(X, y)
    np.testing.assert_array_equal(parameters(stopped), parameters(short))


@every_solver
@both
def test_a_callback_does_not_change_what_is_learned(cls, solver, rng):
    X, y = make_rows(rng)
    seen = cls(solver=solver, **OPTIONS).set_callbacks(Recorder()).fit(X, y)
    alone = cls(solver=solver, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(parameters(seen), parameters(alone))


def test_hooks_get_the_rows_and_labels_of_the_user(frame):
    X, y = frame
    recorder = Recorder()
    MLPClassifier(**OPTIONS).set_callbacks(recorder).fit(X, y)
    assert all(end["X"] is X and end["y"] is y for end in recorder.ends)


@both
def test_hooks_get_the_sample_weights(cls, rng):
    X, y = make_rows(rng)
    w, recorder = np.ones(60), Recorder()
    cls(**OPTIONS).set_callbacks(recorder).fit(X, y, w)
    assert all(end["metadata"] == {"sample_weight": w} for end in recorder.ends)


@every_solver
def test_each_epoch_has_a_model_of_its_own(frame, solver):
    X, y = frame
    recorder = Recorder()
    mlp = MLPClassifier(solver=solver, **OPTIONS).set_callbacks(recorder).fit(X, y)
    *models, last = [model.predict_proba(X) for model in recorder.models]
    for before, after in pairwise(models):
        assert np.abs(before - after).max() > 1e-9
    np.testing.assert_array_equal(last, mlp.predict_proba(X))


@both
def test_a_model_of_an_epoch_knows_its_history(cls, rng):
    recorder = Recorder()
    cls(**OPTIONS).set_callbacks(recorder).fit(*make_rows(rng))
    lengths = [len(model.loss_curve_) for model in recorder.models]
    assert lengths == [1, 2, 3, 4, 5, 6, 6]


@both
def test_a_kept_model_does_not_change_when_training_goes_on(cls, rng):
    X, y = make_rows(rng)
    recorder = Recorder()
    mlp = cls(warm_start=True, **OPTIONS).set_callbacks(recorder).fit(X, y)
    kept = recorder.models[-1]
    before = parameters(kept), len(kept.loss_curve_)
    mlp.partial_fit(X, y)
    np.testing.assert_array_equal(parameters(kept), before[0])
    assert len(kept.loss_curve_) == before[1]


@both
def test_the_model_at_the_end_has_the_best_weights(cls, rng):
    X, y = make_rows(rng, 200)
    recorder = Recorder()
    options = {**OPTIONS, "early_stopping": True, "learning_rate_init": 0.1}
    mlp = cls(**options).set_callbacks(recorder).fit(X, y)
    np.testing.assert_array_equal(parameters(recorder.models[-1]), parameters(mlp))


@every_solver
@both
def test_an_error_in_a_callback_ends_in_one_teardown(cls, solver, rng):
    recorder = Recorder(error=RuntimeError("a bug"))
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="a bug"):
        mlp.fit(*make_rows(rng))
    assert recorder.count("setup") == recorder.count("teardown") == 1


@every_solver
@both
def test_an_error_in_a_callback_leaves_the_estimator_as_it_was(cls, solver, rng):
    X, y = make_rows(rng)
    mlp = cls(solver=solver, warm_start=True, **OPTIONS).fit(X, y)
    mlp.set_callbacks(Recorder(error=RuntimeError("a bug")))
    before, keys = (parameters(mlp), list(mlp.loss_curve_)), set(vars(mlp))
    with pytest.raises(RuntimeError, match="a bug"):
        mlp.fit(X, y)
    np.testing.assert_array_equal(parameters(mlp), before[0])
    assert (mlp.loss_curve_, set(vars(mlp))) == (before[1], keys)


@both
def test_an_error_at_the_end_of_a_partial_fit_takes_its_epoch_back(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y).partial_fit(X, y)
    recorder = Recorder(error=RuntimeError("a bug"))
    recorder.ends = [None]  # so that the second end, that of the root, is the third
    mlp.set_callbacks(recorder)
    before = parameters(mlp), list(mlp.loss_curve_)
    with pytest.raises(RuntimeError, match="a bug"):
        mlp.partial_fit(X, y)
    np.testing.assert_array_equal(parameters(mlp), before[0])
    assert mlp.loss_curve_ == before[1]


@every_solver
@both
def test_an_interruption_in_a_callback_keeps_what_was_learned(cls, solver, rng):
    recorder = Recorder(error=KeyboardInterrupt())
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(*make_rows(rng))
    assert mlp.n_iter_ == len(mlp.loss_curve_) == 3
    assert recorder.count("begin") == recorder.count("end")


@both
def test_an_interruption_within_an_epoch_ends_its_task(cls, rng):
    recorder = Recorder()
    mlp = cls(learning_rate=CtrlC(after=3 * 60), **OPTIONS).set_callbacks(recorder)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(*make_rows(rng))
    assert recorder.count("begin") == recorder.count("end") == 1 + 4


@pytest.mark.parametrize("broken", ["X", "max_iter"])
def test_no_hook_is_called_before_the_input_is_checked(broken, rng):
    X, y = make_rows(rng)
    recorder = Recorder()
    mlp = MLPClassifier(**OPTIONS).set_callbacks(recorder)
    if broken == "X":
        X = X * np.nan
    else:
        mlp.set_params(max_iter=0)
    with pytest.raises(ValueError, match=broken):
        mlp.fit(X, y)
    assert not recorder.calls


def score_of(cls):
    return "accuracy" if cls is MLPClassifier else "r2"


@every_solver
@both
def test_scores_are_monitored_epoch_by_epoch(cls, solver, rng):
    X, y = make_rows(rng)
    monitor = callback.ScoringMonitor(scoring=score_of(cls))
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(monitor).fit(X, y)
    rows = monitor.get_logs().data
    scores = [row[score_of(cls)] for row in rows if row["task_name"] == "epoch"]
    assert len(scores) == mlp.n_iter_
    assert scores[-1] == pytest.approx(mlp.score(X, y))


def test_scores_see_names_of_columns_and_labels(frame):
    # a warning about missing names of the columns would be an error here
    X, y = frame
    monitor = callback.ScoringMonitor(scoring="f1_macro")
    MLPClassifier(**OPTIONS).set_callbacks(monitor).fit(X, y)
    assert len(monitor.get_logs().data) == 7


@every_solver
@both
def test_a_progress_bar_comes_to_its_end(cls, solver, rng, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(callback.ProgressBar())
    mlp.fit(*make_rows(rng))
    assert "100%" in capsys.readouterr().out


@every_solver
@both
def test_callbacks_work_in_a_grid_search_of_a_pipeline(cls, solver, rng, capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar needs rich")
    X, y = make_rows(rng)
    monitor = callback.ScoringMonitor(scoring=score_of(cls))
    mlp = cls(solver=solver, **OPTIONS).set_callbacks(monitor)
    grid = {f"{cls.__name__.lower()}__alpha": [1e-4, 1.0]}
    search = GridSearchCV(make_pipeline(StandardScaler(), mlp), grid, cv=2)
    bar = callback.ProgressBar(max_propagation_depth=None)
    search.set_callbacks(bar).fit(X, y)
    assert "100%" in capsys.readouterr().out
    names = {row["task_name"] for row in monitor.get_logs().data}
    assert "epoch" in names


@both
def test_hooks_are_balanced_in_a_grid_search_of_a_pipeline(cls, rng):
    recorder = Recorder()
    mlp = cls(**OPTIONS).set_callbacks(recorder)
    grid = {f"{cls.__name__.lower()}__alpha": [1e-4, 1.0]}
    search = GridSearchCV(make_pipeline(StandardScaler(), mlp), grid, cv=2)
    search.fit(*make_rows(rng))
    n_fits = 2 * 2 + 1
    assert recorder.count("setup") == recorder.count("teardown") == n_fits
    assert recorder.count("begin") == recorder.count("end") == n_fits * 7
