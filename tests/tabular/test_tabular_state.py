"""What the estimators for tables keep: pickles, copies, threads, failed fits."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import joblib
import numpy as np
import pytest
from networks import assert_unchanged_by, state_of
from numpy.testing import assert_array_equal
from sklearn.base import clone
from tabulars import both, make_frame, make_rows, outputs, parameters, small

COPIES = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "joblib": lambda model, path: joblib.load(joblib.dump(model, path)[0]),
    "deepcopy": lambda model, path: deepcopy(model),
}


@pytest.mark.parametrize("way", COPIES)
@both
def test_a_copy_predicts_the_same(cls, way, rng, tmp_path):
    X, y = make_frame(rng)
    model = small(cls, embedding="pbld").fit(X, y)
    copy = COPIES[way](model, tmp_path / "model")
    assert_array_equal(outputs(copy, X), outputs(model, X))


@both
def test_a_copy_that_is_fitted_anew_leaves_the_model_alone(cls, rng):
    X, y = make_rows(rng)
    model = small(cls).fit(X, y)
    before = outputs(model, X)
    deepcopy(model).set_params(max_epochs=9).fit(X[::2], y[::2])
    assert_array_equal(outputs(model, X), before)


@both
def test_a_pickle_holds_the_parameters_and_little_else(cls, rng):
    X, y = rng.standard_normal((5000, 20)), rng.integers(0, 2, 5000)
    options = {"embedding": "pbld", "hidden_layer_sizes": [32], "batch_size": 500}
    model = small(cls, **options, max_epochs=1).fit(X, y)
    model.predict(X)
    assert len(pickle.dumps(model)) <= 4 * model.n_params_ + 200_000
    # 400 kB of float32 rows would show
    assert len(pickle.dumps(model)) - 4 * model.n_params_ < 100_000


@both
def test_a_pickle_does_not_grow_with_the_rows(cls, rng):
    def size(n):
        X, y = rng.standard_normal((n, 4)), rng.integers(0, 2, n)
        return len(pickle.dumps(small(cls).fit(X, y)))

    assert abs(size(3000) - size(1300)) < 2000


@both
def test_all_parameters_are_of_float32(cls, rng):
    X, y = make_rows(rng)
    model = small(cls).fit(X, y)
    assert parameters(model).dtype == np.float32
    assert model.n_params_ == parameters(model).size


@both
def test_threads_may_share_an_estimator(cls, rng):
    X, y = make_frame(rng)
    model = small(cls, embedding="pbld").fit(X, y)
    parts = [X[i : i + 20] for i in (0, 20, 40, 60)] * 10
    alone = [outputs(model, part) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda part: outputs(model, part), parts))
    for a, b in zip(alone, together, strict=True):
        assert_array_equal(a, b)


@both
def test_estimators_may_be_fitted_in_threads(cls, rng):
    X, y = make_rows(rng)
    alone = outputs(small(cls).fit(X, y), X)
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda _: small(cls, n_jobs=2).fit(X, y), range(8)))
    for model in models:
        assert_array_equal(outputs(model, X), alone)


@both
def test_a_prediction_leaves_the_model_as_it_was(cls, rng):
    X, y = make_frame(rng)
    model = small(cls).fit(X, y)
    before = state_of(model)
    outputs(model, X)
    assert state_of(model) == before


@both
def test_a_clone_has_the_parameters_and_nothing_learned(cls, rng):
    model = small(cls).fit(*make_rows(rng))
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "n_iter_")


# -- failed fits


def breaks(*args):
    raise RuntimeError("a bug")


@pytest.mark.parametrize("fitted", [False, True], ids=["unfitted", "fitted"])
@pytest.mark.parametrize(
    "options",
    [
        {"n_bags": 0},
        {"learning_rate": 1e30, "n_bags": 1, "validation_fraction": 0},
        {"scoring": breaks},
        {"scoring": breaks, "n_jobs": 2},
        {"categorical_features": [99]},
    ],
    ids=["bad parameter", "divergence", "bug", "bug in a thread", "bad column"],
)
@both
def test_a_fit_that_fails_changes_nothing(cls, options, fitted, rng):
    X, y = make_rows(rng)
    model = small(cls)
    if fitted:
        model.fit(X, y)
    assert_unchanged_by(model.set_params(**options), "fit", 2 * X[:60], y[:60])


@pytest.mark.parametrize("given", ["X", "y", "sample_weight", "X_val", "y_val"])
@both
def test_a_fit_to_bad_data_changes_nothing(cls, given, rng):
    X, y = make_rows(rng)
    data = {"X": X, "y": y, "sample_weight": np.ones(80), "X_val": X, "y_val": y}
    bad = {"X": np.where(X > 1, np.inf, X), "y": y[:-1], "sample_weight": -np.ones(80)}
    bad |= {"X_val": X[:, :2], "y_val": y[:-1]}
    model = small(cls).fit(X[:40], y[:40])
    assert_unchanged_by(model, "fit", **data | {given: bad[given]})


@both
def test_a_fit_after_a_failed_one_is_as_if_it_had_not_been(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, n_bags=0)
    with pytest.raises(ValueError, match="`n_bags`"):
        model.fit(X, y)
    again = model.set_params(n_bags=2).fit(X, y)
    assert_array_equal(outputs(again, X), outputs(small(cls).fit(X, y), X))
