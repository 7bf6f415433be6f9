"""What a fitted MLP tells about its training."""

import numpy as np
import pytest
from mlps import CtrlC, both, make_rows, parameters

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.losses import HalfSquaredError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COLUMNS = [
    "epoch",
    "loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "seconds",
]


def fit(mlp, X, y):
    return mlp.fit(X, y)


def fit_twice(mlp, X, y):
    return mlp.set_params(warm_start=True).fit(X, y).fit(X, y)


def fit_in_parts(mlp, X, y):
    classes = {"classes": [0, 1, 2]} if isinstance(mlp, MLPClassifier) else {}
    for _ in range(3):
        mlp.partial_fit(X, y, **classes)
    return mlp


def stop_early(mlp, X, y):
    return mlp.set_params(early_stopping=True, tol=0.5).fit(X, y)


def minimize(mlp, X, y):
    return mlp.set_params(solver="lbfgs").fit(X, y)


def stay_at_the_minimum(mlp, X, y):
    return mlp.set_params(solver="lbfgs", tol=1e9).fit(X, y)


WAYS = [fit, fit_twice, fit_in_parts, stop_early, minimize, stay_at_the_minimum]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    return request.param


@both
def test_the_columns_of_the_history_are_equally_long(cls, way, rng):
    history = way(cls(max_iter=12, random_state=0), *make_rows(rng)).history_
    assert list(history) == COLUMNS
    assert len({len(column) for column in history.values()}) == 1


@both
def test_epochs_are_numbered_from_one(cls, way, rng):
    history = way(cls(max_iter=12, random_state=0), *make_rows(rng)).history_
    assert history["epoch"] == list(range(1, len(history["epoch"]) + 1))


@both
def test_the_last_loss_is_that_of_the_curve(cls, way, rng):
    mlp = way(cls(max_iter=12, random_state=0), *make_rows(rng))
    assert mlp.loss_ == mlp.loss_curve_[-1] == mlp.history_["loss"][-1]


@both
def test_every_epoch_takes_time(cls, way, rng):
    seconds = way(cls(max_iter=12, random_state=0), *make_rows(rng)).history_["seconds"]
    assert all(0 < s < 60 for s in seconds)


@both
def test_what_has_no_value_is_nan(cls, rng):
    history = minimize(cls(max_iter=12, random_state=0), *make_rows(rng)).history_
    names = ["validation_loss", "validation_score", "learning_rate"]
    assert np.isnan([history[name] for name in names]).all()


@both
def test_a_history_is_plain_numbers(cls, way, rng):
    history = way(cls(max_iter=12, random_state=0), *make_rows(rng)).history_
    kinds = {type(value) for column in history.values() for value in column}
    assert kinds <= {int, float}


@both
def test_a_new_fit_has_a_new_history(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(max_iter=12, random_state=0).fit(X, y)
    first = mlp.history_
    mlp.fit(X, y)
    assert len(first["loss"]) == len(mlp.history_["loss"]) == 12


def test_the_first_loss_is_that_of_the_initial_weights(rng):
    X, y = make_rows(rng)
    options = {"alpha": 0, "learning_rate_init": 1e-300, "max_iter": 1}
    mlp = MLPRegressor(random_state=0, **options).fit(X, y)
    assert mlp.loss_ == pytest.approx(np.mean((mlp.predict(X) - y) ** 2) / 2)


@both
def test_an_interrupted_training_keeps_its_epochs(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(learning_rate=CtrlC(after=5 * 60), random_state=0)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(X, y)
    assert mlp.n_iter_ == len(mlp.loss_curve_) == 5


@both
def test_an_interruption_in_the_first_epoch_is_passed_on(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(learning_rate=CtrlC(), random_state=0)
    with pytest.raises(KeyboardInterrupt):
        mlp.fit(X, y)
    assert not hasattr(mlp, "n_iter_")


@both
def test_an_interrupted_early_stopping_keeps_the_best_weights(cls, rng):
    X, y = make_rows(rng, 200)
    options = {"early_stopping": True, "n_iter_no_change": np.inf, "random_state": 0}
    mlp = cls(learning_rate=CtrlC(20 * 150), learning_rate_init=0.1, **options)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert mlp.score(X[150:], y[150:]) == pytest.approx(mlp.best_validation_score_)


@both
def test_an_interrupted_partial_fit_can_go_on(cls, rng):
    X, y = make_rows(rng)
    mlp = fit_in_parts(cls(random_state=0), X, y).set_params(learning_rate=CtrlC())
    with pytest.raises(KeyboardInterrupt):
        mlp.partial_fit(X, y)
    mlp.set_params(learning_rate="constant").partial_fit(X, y)
    assert len(mlp.loss_curve_) == 4


class CtrlCAtCall(HalfSquaredError):
    """Half the squared error, until its k-th evaluation."""

    def __init__(self, k=1):
        self.k, self.calls = k, 0

    def grad(self, y, raw, w, out):
        self.calls += 1
        if self.calls == self.k:
            raise KeyboardInterrupt
        super().grad(y, raw, w, out)


@pytest.mark.parametrize("k", [6, 9, 14, 20])
def test_an_interrupted_lbfgs_keeps_the_weights_of_its_last_iteration(k, rng):
    # not those that it was about to try
    X, y = make_rows(rng)
    mlp = MLPRegressor(CtrlCAtCall(k), solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="interrupted by user"):
        mlp.fit(X, y)
    assert len(mlp.loss_curve_) == mlp.n_iter_ < k
    whole = MLPRegressor(solver="lbfgs", max_iter=mlp.n_iter_, random_state=0)
    np.testing.assert_array_equal(parameters(mlp), parameters(whole.fit(X, y)))
