"""What scikit-learn 1.9's MLPs get wrong is right here: one test for each defect."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from mlps import both, make_rows, parameters

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.base._validation_set import hold_out

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FULL_BATCH = {"solver": "sgd", "momentum": 0, "batch_size": 10**6, "random_state": 0}


def layers(mlp):
    return [*mlp.coefs_, *mlp.intercepts_]


def loss_near(mlp, way, eps, X, y):
    """Return the loss ``eps * way`` from the parameters, as the next epoch says it."""
    moved = deepcopy(mlp)
    for array, direction in zip(layers(moved), way, strict=True):
        array += eps * direction
    return moved.partial_fit(X, y).loss_


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_a_step_follows_the_slope_of_the_reported_loss(rng, n_outputs, loss):
    # scikit-learn: for squared errors of k outputs, k times the slope
    X, y = rng.standard_normal((50, 4)), rng.uniform(0, 3, (50, n_outputs))
    y = y if n_outputs > 1 else y.ravel()
    options = {"activation": "tanh", "learning_rate_init": 1e-3, "alpha": 0.1}
    mlp = MLPRegressor(loss, (6,), **options, **FULL_BATCH).partial_fit(X, y)
    way = [rng.standard_normal(array.shape) for array in layers(mlp)]
    rise = loss_near(mlp, way, 1e-5, X, y) - loss_near(mlp, way, -1e-5, X, y)
    before = [array.copy() for array in layers(mlp)]
    after = layers(mlp.partial_fit(X, y))
    steps = zip(way, before, after, strict=True)
    slope = sum(np.sum(w * (old - new)) for w, old, new in steps) / 1e-3
    assert slope == pytest.approx(rise / 2e-5, rel=1e-5, abs=1e-7)


def test_an_early_stopping_split_is_stratified_by_many_classes():
    # scikit-learn: by two classes only
    y = np.repeat([0, 1, 2], [60, 30, 10])
    _, held = hold_out(100, None, y, 0.1, seed=0)
    np.testing.assert_array_equal(np.bincount(y[held]), [6, 3, 1])


def test_a_class_of_one_row_stays_in_training(rng):
    # scikit-learn: an error, "The least populated class has only 1 member"
    X, y = make_rows(rng)
    y[0] = 3
    mlp = MLPClassifier((5,), early_stopping=True, random_state=0, max_iter=3).fit(X, y)
    assert 3 in mlp.classes_


def test_a_warm_start_without_improvement_returns_the_best_weights(rng):
    # scikit-learn: the second fit overwrites the best weights in place
    X, y = make_rows(rng, 100)
    known = {"X": X, "y": y, "X_val": X, "y_val": y}
    options = {"early_stopping": True, "warm_start": True, "random_state": 0}
    mlp = MLPClassifier((30,), learning_rate_init=0.01, **options).fit(**known)
    best = parameters(mlp)
    mlp.set_params(learning_rate_init=1e3, max_iter=3).fit(**known)
    assert max(mlp.validation_scores_[-3:]) < mlp.best_validation_score_
    np.testing.assert_array_equal(parameters(mlp), best)


@both
def test_there_is_no_partial_fit_under_lbfgs(cls):
    # scikit-learn: MLPRegressor has it, and it runs a whole fit
    assert not hasattr(cls(solver="lbfgs"), "partial_fit")


def test_a_single_class_has_one_column_of_ones(rng):
    # scikit-learn: two columns for one class, neither of them sure
    X = rng.standard_normal((20, 3))
    mlp = MLPClassifier(max_iter=2, random_state=0).fit(X, np.full(20, "only"))
    np.testing.assert_array_equal(mlp.predict_proba(X), np.ones((20, 1)))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@both
def test_float32_rows_make_all_arrays_float32(cls, solver, rng):
    # scikit-learn: gradients and moments follow a float64 y, and L-BFGS is float64
    X, y = make_rows(rng)
    mlp = cls(solver=solver, max_iter=5, max_fun=6, warm_start=True, random_state=0)
    mlp.fit(X.astype(np.float32), y.astype(np.float64))
    arrays = [*layers(mlp), *mlp._state.optimizer.slots.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_float32_rows_are_predicted_in_float32(rng):
    X, y = make_rows(rng)
    X = X.astype(np.float32)
    mlp = MLPRegressor(solver="lbfgs", random_state=0).fit(X, y.astype(np.float64))
    assert mlp.predict(X).dtype == np.float32


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_negative_targets_are_refused_by_the_poisson_loss(solver, rng):
    # scikit-learn: trains to NaN without a word
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match=r"`y` must not be negative .* got -1"):
        MLPRegressor("poisson", solver=solver).fit(X, y - 1.0)


@pytest.mark.parametrize("patience", [1, 2, 7])
@pytest.mark.parametrize("early_stopping", [False, True])
@both
def test_training_ends_after_so_many_epochs_without_improvement(
    cls, early_stopping, patience, rng
):
    # scikit-learn: after one more
    X, y = make_rows(rng)
    options = {"n_iter_no_change": patience, "early_stopping": early_stopping}
    mlp = cls(tol=1e6, random_state=0, **options).fit(X, y)
    assert mlp.n_iter_ == 1 + patience  # the first epoch has nothing to improve on


def test_a_validation_score_that_is_nan_is_no_improvement(rng):
    # scikit-learn: NaN starts the count anew, and training goes on to max_iter
    X, y = make_rows(rng)
    options = {"early_stopping": True, "solver": "sgd", "random_state": 0}
    mlp = MLPRegressor(learning_rate_init=1e4, n_iter_no_change=5, **options)
    with pytest.warns(UserWarning, match="loss became"):
        mlp.fit(X, y)
    assert mlp.n_iter_ <= 10


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@both
def test_a_pickle_holds_little_more_than_the_weights(cls, solver, early_stopping, rng):
    # scikit-learn: four times the weights, with moments and best weights
    X, y = make_rows(rng, 1000)
    options = {"early_stopping": early_stopping, "solver": solver, "tol": 0.01}
    mlp = cls(hidden_layer_sizes=(300, 100), max_iter=5, random_state=0, **options)
    mlp.fit(X, y)
    assert len(pickle.dumps(mlp)) < parameters(mlp).nbytes + 8_000


@both
def test_a_fit_after_partial_fits_keeps_no_moments(cls, rng):
    X, y = make_rows(rng)
    known = {"classes": [0, 1, 2]} if cls is MLPClassifier else {}
    mlp = cls(hidden_layer_sizes=(1000,), max_iter=3, random_state=0)
    mlp.partial_fit(X, y, **known).fit(X, y)
    assert len(pickle.dumps(mlp)) < parameters(mlp).nbytes + 8_000


def test_the_penalty_is_that_of_the_whole_batch_divided_by_its_rows(rng):
    # As in scikit-learn: alpha / (2 * rows) * sum of squares, in the first loss
    X, y = make_rows(rng)
    plain, heavy = (
        MLPRegressor(alpha=alpha, learning_rate_init=1e-300, max_iter=1, **FULL_BATCH)
        for alpha in (0, 6.0)
    )
    squares = sum((W**2).sum() for W in plain.fit(X, y).coefs_)
    added = heavy.fit(X, y).loss_ - plain.loss_
    assert added == pytest.approx(6.0 / (2 * 60) * squares)
