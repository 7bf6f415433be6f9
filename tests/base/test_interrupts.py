"""Ctrl-C at any moment: what was learned is kept, or the estimator is as it was.

Nothing stays behind: no thread, no limit of those of BLAS.

``HOSTILE=10000 pytest tests/base/test_interrupts.py`` for many more moments.
"""

import _thread
import copy
import gc
import os
import signal
import sys
import threading
import time
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import ThreadpoolController

import sklearn_nn
from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
)
from sklearn_nn.blocks import BatchNorm, Dense, chain
from sklearn_nn.core import Schedule
from sklearn_nn.core.parallel import _blas_threads
from sklearn_nn.perceptron import _one_against_rest
from sklearn_nn.training import _step

ROOT = os.path.dirname(sklearn_nn.__file__)
N_MOMENTS = int(os.environ.get("HOSTILE", "360")) // 30  # of each estimator
LIBRARIES = ThreadpoolController().lib_controllers
N = 120
X = np.random.default_rng(0).standard_normal((N, 4))
Y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
TABLE = {"preset": "fast", "max_epochs": 3, "n_bags": 2, "n_members": 1}
TABLE |= {"hidden_layer_sizes": [4], "embedding": None, "random_state": 0}
STOPS = {"early_stopping": True, "n_iter_no_change": 3}
MODELS = {
    "Perceptron": PerceptronClassifier(max_iter=5, variant="pocket", random_state=0),
    "Perceptron, two threads": PerceptronClassifier(
        max_iter=5, variant="averaged", n_jobs=2, random_state=0
    ),
    "MLP": MLPClassifier((5,), max_iter=4, random_state=0),
    "MLP, early stopping": MLPRegressor(
        hidden_layer_sizes=(5,), max_iter=4, random_state=0, **STOPS
    ),
    "MLP, L-BFGS": MLPClassifier((5,), solver="lbfgs", max_iter=4, random_state=0),
    "MLP, two parts": MLPClassifier((5,), batch_size=N, max_iter=4, random_state=0),
    "Network": NetworkClassifier(
        chain(Dense(5, "relu"), BatchNorm()), max_iter=4, random_state=0, **STOPS
    ),
    "Table": TabularRegressor(**TABLE),
    "Table, partner": TabularClassifier(
        **TABLE | {"max_epochs": 20}, partner="hist_gradient_boosting"
    ),
    "Table, two threads": TabularClassifier(**TABLE, n_jobs=2),
}
every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def small_turns(monkeypatch):
    """Let perceptrons take a turn for each pass."""
    monkeypatch.setattr(_one_against_rest, "SECONDS_PER_TURN", 0.0)


@pytest.fixture
def sigint(monkeypatch):
    """Handle SIGINT as in a terminal: what runs in the background may ignore it."""
    monkeypatch.setattr(_one_against_rest, "SECONDS_PER_TURN", 0.01)
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, old)


@pytest.fixture
def in_parts(monkeypatch):
    """Let small batches go in two parts, on threads."""
    monkeypatch.setattr(_step, "count_parts", lambda *args: 2)


class CtrlCAt:
    """Raises KeyboardInterrupt at the moment of that number, of those in our code.

    The moments are those at which Python runs the handlers of signals: where a function
    begins, and where one of C returns.
    """

    def __init__(self, at=None):
        self.at, self.count, self.where = at, 0, None

    def __call__(self, frame, event, argument):
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(ROOT):
            self.count += 1
            if self.count == self.at:
                self.where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt


def fit(model, at=None):
    """Fit with Ctrl-C at a moment; return whether it came out, and the profiler."""
    profiler, old = CtrlCAt(at), sys.getprofile()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.setprofile(profiler)
        try:
            model.fit(X, Y)
        except KeyboardInterrupt:
            return True, profiler
        finally:
            sys.setprofile(old)
    return False, profiler


def state_of_process():
    """Return threads and limits of threads, those who want them, and the lock."""
    counts = [library.num_threads for library in LIBRARIES]
    holders, lock = len(_blas_threads._holders), _blas_threads._lock.locked()
    return threading.active_count(), counts, holders, lock


def check_whole(model):
    """Assert that all that a fitted estimator says agrees."""
    output = model.predict(X)
    assert output.shape == (N,)
    assert np.isfinite(np.asarray(output, float)).all()
    if (history := getattr(model, "history_", None)) is not None:
        assert {len(column) for column in history.values()} == {model.n_iter_}
        assert model.n_iter_ >= 1
    else:
        assert len(model.mistakes_) == model.n_iter_ >= 1
    if getattr(model, "best_validation_score_", None) is not None:
        assert model.best_validation_score_ == max(history["validation_score"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@every_model  # Python swallows what is raised while a generator is closed
def test_ctrl_c_at_any_moment_leaves_nothing_half_done(name, request, small_turns):
    if name.endswith("parts"):
        request.getfixturevalue("in_parts")
    model = clone(MODELS[name])
    around = state_of_process()
    _, profiler = fit(copy.deepcopy(model))
    n_moments = profiler.count
    assert n_moments > 100
    rng = np.random.default_rng(0)
    kept = 0
    for at in rng.choice(n_moments, N_MOMENTS, replace=False) + 1:
        own = clone(model)
        before = joblib.hash(vars(own))
        came_out, profiler = fit(own, at)
        if came_out:
            assert joblib.hash(vars(own)) == before, profiler.where
        else:
            kept += 1
            check_whole(own)
        for _ in range(100):  # what the error held is freed, threads end when told
            if state_of_process() == around:
                break
            gc.collect()
            time.sleep(0.01)
        assert state_of_process() == around, profiler.where
    assert kept > 0


# -- who hears of it


class CtrlC(Schedule):
    """A constant rate during which the user interrupts the training, once."""

    calls = 0

    def __call__(self, clock, /):
        if clock.samples >= 4 * N:
            type(self).calls += 1
            raise KeyboardInterrupt
        return 1.0


def mlp():
    CtrlC.calls = 0
    return MLPClassifier((4,), learning_rate=CtrlC(), max_iter=20, random_state=0)


ONE = {
    "itself": mlp,
    "Pipeline": lambda: make_pipeline(StandardScaler(), mlp()),
    "TransformedTargetRegressor": lambda: TransformedTargetRegressor(
        MLPRegressor(learning_rate=CtrlC(), max_iter=20), transformer=StandardScaler()
    ),
}
MANY = {
    "GridSearchCV": lambda: GridSearchCV(mlp(), {"alpha": [0.1, 1]}, cv=2).fit(X, Y),
    "GridSearchCV of a pipeline": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), mlp()), {}, cv=2
    ).fit(X, Y),
    "cross_val_score": lambda: cross_val_score(mlp(), X, Y),
    "BaggingClassifier": lambda: BaggingClassifier(mlp(), n_estimators=2).fit(X, Y),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(mlp()).fit(X, Y),
    "joblib": lambda: joblib.Parallel()(joblib.delayed(mlp().fit)(X, Y) for _ in "ab"),
}


@pytest.mark.parametrize("name", ONE)
def test_the_estimator_of_the_user_keeps_what_it_has(name):
    model = ONE[name]()
    with pytest.warns(UserWarning, match="Training interrupted by user in epoch"):
        model.fit(X, Y)
    assert len(model.predict(X)) == N


@pytest.mark.parametrize("name", MANY)
def test_a_search_does_not_go_on(name):
    with pytest.raises(KeyboardInterrupt):
        MANY[name]()
    assert CtrlC.calls == 1


# -- the perceptron


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("variant", ["rosenblatt", "pocket", "averaged"])
@pytest.mark.usefixtures("sigint")
def test_a_perceptron_keeps_its_passes(variant, n_jobs):
    y = np.random.default_rng(1).integers(0, 3, N)  # no plane separates them
    options = {"variant": variant, "n_jobs": n_jobs, "random_state": 0}
    model = PerceptronClassifier(max_iter=10**5, **options)
    timer = threading.Timer(0.1, _thread.interrupt_main)
    timer.start()
    with pytest.warns(UserWarning, match="Training interrupted by user in pass"):
        model.fit(X, y)
    timer.join()
    assert not model.converged_
    n_passes = np.count_nonzero(model.mistakes_, axis=0)
    assert n_passes.min() >= 1
    for own in range(3):  # each class is as after so many passes
        whole = PerceptronClassifier(max_iter=int(n_passes[own]), **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole.fit(X, y)
        np.testing.assert_array_equal(whole.coef_[own], model.coef_[own])
