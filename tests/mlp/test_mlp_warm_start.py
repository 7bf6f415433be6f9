"""Training that goes on: partial_fit, warm_start, and copies made in between."""

import io
import pickle
from copy import deepcopy

import joblib
import numpy as np
import pytest
from mlps import both, make_rows, parameters
from sklearn.base import clone

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.optimizers import SGD
from sklearn_nn.schedules import Adaptive, InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"hidden_layer_sizes": (9,), "batch_size": 16, "random_state": 0}
METHODS = {
    "adam": {},
    "sgd": {"solver": "sgd"},
    "momentum 0": {"solver": "sgd", "momentum": 0.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1},
    "objects": {"solver": SGD(0.5), "learning_rate": InverseScaling(0.1)},
    "adam and plateaus": {"learning_rate": Adaptive(0.5), "tol": 0.05},
    "dropout": {"dropout": 0.3},
    "in order": {"shuffle": False},
}

every_method = pytest.mark.parametrize("method", METHODS)


def partial_fits(mlp, n, X, y):
    classes = {"classes": np.unique(y)} if isinstance(mlp, MLPClassifier) else {}
    for _ in range(n):
        mlp.partial_fit(X, y, **classes)
    return mlp


@every_method
@both
def test_a_hundred_partial_fits_are_one_fit_bit_for_bit(cls, method, rng):
    X, y = make_rows(rng)
    options = {**OPTIONS, **METHODS[method]}
    if "learning_rate" not in options:
        options["n_iter_no_change"] = np.inf
    whole = cls(max_iter=100, **options).fit(X, y)
    parts = partial_fits(cls(**options), whole.n_iter_, X, y)
    np.testing.assert_array_equal(parameters(parts), parameters(whole))


@every_method
@both
def test_two_warm_fits_are_one_long_fit_bit_for_bit(cls, method, rng):
    X, y = make_rows(rng)
    options = {**OPTIONS, **METHODS[method], "n_iter_no_change": 15}
    whole = cls(max_iter=20, **options).fit(X, y)
    parts = cls(max_iter=10, warm_start=True, **options).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(parameters(parts), parameters(whole))
    assert parts.loss_curve_ == whole.loss_curve_


@both
def test_partial_fit_goes_on_after_a_warm_fit_bit_for_bit(cls, rng):
    X, y = make_rows(rng)
    whole = cls(max_iter=8, **OPTIONS).fit(X, y)
    parts = cls(max_iter=5, warm_start=True, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(
        parameters(partial_fits(parts, 3, X, y)), parameters(whole)
    )


@both
def test_a_fit_without_warm_start_begins_anew(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(max_iter=5, **OPTIONS).fit(X, y)
    first = parameters(mlp)
    np.testing.assert_array_equal(parameters(mlp.fit(X, y)), first)


@both
def test_a_warm_start_of_lbfgs_begins_where_the_last_fit_ended(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(solver="lbfgs", max_iter=5, warm_start=True, random_state=0)
    losses = mlp.fit(X, y).loss_, mlp.fit(X, y).loss_curve_[5]
    assert losses[1] < losses[0]


def test_a_warm_start_may_change_the_solver(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(max_iter=5, warm_start=True, random_state=0).fit(X, y)
    mlp.set_params(solver="lbfgs").fit(X, y)
    mlp.set_params(solver="sgd").fit(X, y)
    assert len(mlp.loss_curve_) == 15


COPIES = {
    "deepcopy": deepcopy,
    "pickle": lambda mlp: pickle.loads(pickle.dumps(mlp)),
    "joblib": lambda mlp: joblib.load(dumped(mlp)),
}


def dumped(mlp):
    file = io.BytesIO()
    joblib.dump(mlp, file)
    file.seek(0)
    return file


@pytest.mark.parametrize("copier", COPIES)
@every_method
@both
def test_a_copy_made_while_training_goes_on_the_same_way(cls, method, copier, rng):
    X, y = make_rows(rng)
    mlp = partial_fits(cls(**{**OPTIONS, **METHODS[method]}), 5, X, y)
    copied = COPIES[copier](mlp)
    expected = parameters(partial_fits(mlp, 5, X, y))
    actual = parameters(partial_fits(copied, 5, X, y))
    np.testing.assert_array_equal(actual, expected)


@both
def test_a_copy_does_not_train_along(cls, rng):
    X, y = make_rows(rng)
    mlp = partial_fits(cls(**OPTIONS), 3, X, y)
    copied, before = deepcopy(mlp), parameters(mlp)
    partial_fits(mlp, 3, X, y)
    np.testing.assert_array_equal(parameters(copied), before)


@both
def test_a_model_read_as_a_memory_map_can_be_trained_on(cls, rng, tmp_path):
    X, y = make_rows(rng)
    mlp = partial_fits(cls(hidden_layer_sizes=(500,), random_state=0), 2, X, y)
    joblib.dump(mlp, tmp_path / "mlp.joblib")
    mapped = joblib.load(tmp_path / "mlp.joblib", mmap_mode="r")
    expected = parameters(partial_fits(mlp, 2, X, y))
    np.testing.assert_array_equal(parameters(partial_fits(mapped, 2, X, y)), expected)


@both
def test_a_clone_knows_nothing_of_the_training(cls, rng):
    X, y = make_rows(rng)
    mlp = partial_fits(cls(**OPTIONS), 2, X, y)
    assert vars(clone(mlp)) == {**mlp.get_params(deep=False)}


def test_partial_fit_learns_classes_that_come_later(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(learning_rate_init=0.05, random_state=0)
    for _ in range(50):
        for c in range(3):
            mlp.partial_fit(X[y == c], y[y == c], classes=[0, 1, 2])
    assert mlp.score(X, y) > 0.9


def test_partial_fit_needs_no_classes_after_a_fit(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(max_iter=3, random_state=0).fit(X, y).partial_fit(X[:1], y[:1])
    np.testing.assert_array_equal(mlp.classes_, [0, 1, 2])


@both
def test_partial_fit_counts_one_epoch_and_all_rows(cls, rng):
    X, y = make_rows(rng)
    mlp = partial_fits(cls(**OPTIONS), 4, X, y)
    assert (mlp.n_iter_, mlp.t_, len(mlp.loss_curve_)) == (1, 4 * 60, 4)


def test_the_classes_of_a_warm_start_must_stay(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(max_iter=3, warm_start=True, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="same classes as in the previous call to fit"):
        mlp.fit(X, y + 1)


@pytest.mark.parametrize("widths", [(8,), (9, 9), ()])
@both
def test_the_layers_of_a_warm_start_must_stay(cls, widths, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS, max_iter=3, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="only go on with the layers it began with"):
        mlp.set_params(hidden_layer_sizes=widths).fit(X, y)


def test_the_number_of_outputs_must_stay(rng):
    X, y = make_rows(rng)
    mlp = MLPRegressor(**OPTIONS).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"must have 1 output\(s\).* got 2"):
        mlp.partial_fit(X, np.column_stack([y, y]))


def test_the_number_of_labels_must_stay(rng):
    X, y = make_rows(rng)
    labels = np.eye(3, dtype=int)[y]
    mlp = MLPClassifier(**OPTIONS, max_iter=3, warm_start=True).fit(X, labels)
    with pytest.raises(ValueError, match="same classes"):
        mlp.fit(X, labels[:, :2])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_moments_that_diverged_are_not_gone_on_with(rng):
    X, y = make_rows(rng)
    options = {"solver": "sgd", "max_iter": 3, "random_state": 0, "warm_start": True}
    model = MLPRegressor(early_stopping=True, **options).fit(X, y)
    model.set_params(learning_rate_init=1e200).fit(X, y)
    assert not np.isfinite(model.loss_)
    model.set_params(learning_rate_init=1e-3).fit(X, y)
    assert np.isfinite(model.loss_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_patience_with_a_score_is_no_patience_with_a_loss(rng):
    X, y = make_rows(rng)
    options = {"max_iter": 30, "tol": 1e-9, "random_state": 0, "warm_start": True}
    model = MLPClassifier(early_stopping=True, **options).fit(X, y)
    model.set_params(early_stopping=False, n_iter_no_change=2).fit(X, y)
    assert model.n_iter_ == 30  # the loss fell in each of them


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_best_score_of_a_warm_fit_is_that_of_the_weights_it_kept(rng):
    X, y = make_rows(rng)
    other = rng.standard_normal((30, 4)), rng.integers(0, 3, 30)
    options = {"max_iter": 5, "early_stopping": True, "warm_start": True}
    model = MLPClassifier(random_state=0, **options).fit(X, y, X_val=X, y_val=y)
    model.fit(X, y, X_val=other[0], y_val=other[1])
    assert model.best_validation_score_ == model.score(*other)


def test_lbfgs_keeps_no_moments(rng):
    X, y = make_rows(rng)
    plain = MLPRegressor(solver="lbfgs", random_state=0).fit(X, y)
    warm = clone(plain).set_params(warm_start=True).fit(X, y)
    assert len(pickle.dumps(warm)) < len(pickle.dumps(plain)) + 1_000


def test_partial_fit_takes_the_names_of_labels_in_every_call(rng):
    X, y = make_rows(rng)
    Y = (y[:, None] == [0, 1, 2]).astype(int)
    model = MLPClassifier((4,), random_state=0)
    for _ in range(2):
        model.partial_fit(X, Y, classes=["a", "b", "c"])
    assert model.t_ == 2 * len(X)


def test_partial_fit_of_counts_takes_rows_that_are_all_zero(rng):
    X, y = make_rows(rng)
    model = MLPRegressor("poisson", random_state=0).partial_fit(X, y)
    model.partial_fit(X, np.zeros(len(X)))
    assert np.isfinite(model.loss_)
