"""A fit that fails leaves the estimator as it was, in whatever way it fails."""

import numpy as np
import pytest
from mlps import both, make_rows
from networks import assert_unchanged_by

from sklearn_nn import MLPClassifier
from sklearn_nn.core import Schedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Breaks(Schedule):
    """A constant rate with a bug that shows when training has come so far."""

    def __init__(self, at=0.0):
        self.at = at

    def __call__(self, clock, /):
        if clock.progress >= self.at:
            raise RuntimeError("a bug")
        return 1.0


def unfitted(mlp, X, y):
    return mlp


def fitted(mlp, X, y):
    return mlp.fit(X, y)


def warm(mlp, X, y):
    return mlp.set_params(warm_start=True).fit(X, y)


def fitted_in_parts(mlp, X, y):
    known = {"classes": np.unique(y)} if isinstance(mlp, MLPClassifier) else {}
    return mlp.partial_fit(X, y, **known).partial_fit(X, y)


BEGINNINGS = [unfitted, fitted, warm, fitted_in_parts]

FAILURES = {
    "a bad parameter": {"alpha": -1},
    "a bug in the first batch": {"learning_rate": Breaks(0.0)},
    "a bug in a later batch": {"learning_rate": Breaks(0.1)},
    "a bug late in training": {"learning_rate": Breaks(0.7)},
    "divergence": {"solver": "sgd", "learning_rate_init": 1e200},
    "divergence of adam": {"learning_rate_init": 1e307},
}


@pytest.fixture(params=BEGINNINGS, ids=lambda way: way.__name__)
def begun(request, rng):
    """Return a function that makes an estimator in one of the states."""

    def begin(cls):
        mlp = cls(hidden_layer_sizes=(9,), max_iter=5, random_state=0)
        return request.param(mlp, *make_rows(rng))

    return begin


@pytest.mark.parametrize("failure", FAILURES)
@both
def test_a_failing_fit_changes_nothing(cls, begun, failure, rng):
    X, y = make_rows(rng)
    mlp = begun(cls).set_params(batch_size=3, **FAILURES[failure])
    assert_unchanged_by(mlp, "fit", 1e3 * X, y)


@pytest.mark.parametrize("failure", ["bad X", "bad y", "bad weights", "bad X_val"])
@both
def test_a_fit_to_bad_data_changes_nothing(cls, begun, failure, rng):
    X, y = make_rows(rng)
    given = {"X": X, "y": y}
    given |= {
        "bad X": {"X": X * np.nan},
        "bad y": {"y": y[:-1]},
        "bad weights": {"sample_weight": -np.ones(60)},
        "bad X_val": {"X_val": X[:, :2], "y_val": y},
    }[failure]
    assert_unchanged_by(begun(cls), "fit", **given)


@both
def test_a_failing_fit_under_lbfgs_changes_nothing(cls, begun, rng):
    X, y = make_rows(rng)
    mlp = begun(cls).set_params(solver="lbfgs", activation="identity")
    assert_unchanged_by(mlp, "fit", 1e300 * X, y)


@both
def test_a_failing_early_stopping_changes_nothing(cls, begun, rng):
    X, y = make_rows(rng)
    options = {"early_stopping": True, "learning_rate": Breaks(0.5)}
    assert_unchanged_by(begun(cls).set_params(**options), "fit", X, y)


@pytest.mark.parametrize("failure", FAILURES)
@both
def test_a_failing_partial_fit_changes_nothing(cls, begun, failure, rng):
    X, y = make_rows(rng)
    mlp = begun(cls).set_params(batch_size=3, **FAILURES[failure])
    known = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    assert_unchanged_by(mlp, "partial_fit", 1e3 * X, y, **known)


@pytest.mark.parametrize(
    ("solver", "scale"), [("sgd", 1e100), ("adam", 1e100), ("lbfgs", 1e300)]
)
@both
def test_divergence_is_an_error_that_says_when(cls, solver, scale, rng):
    X, y = make_rows(rng)
    mlp = cls(solver=solver, activation="identity", learning_rate_init=1e250)
    message = r"Solver produced non-finite .* loss became (nan|inf) in epoch \d+\."
    with pytest.raises(ValueError, match=message):
        mlp.set_params(random_state=0).fit(scale * X, y)
