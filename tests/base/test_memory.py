"""What training and prediction hold in memory."""

import tracemalloc
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.blocks import Dense
from sklearn_nn.core import compile_network
from sklearn_nn.losses import HalfSquaredError
from sklearn_nn.optimizers import Adam
from sklearn_nn.schedules import Constant
from sklearn_nn.training import Data, Recipe, TrainingState, train

FEATURES = 40


def peak(call):
    """Return the most bytes that ``call`` held at a time, beyond those before it."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def table(n, dtype=np.float32):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, FEATURES), np.float32).astype(dtype)
    return X, X[:, 0] > 0


def fit(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def test_training_allocates_one_permutation_of_the_rows(rng):
    def bytes_for(n):
        X = rng.standard_normal((n, FEATURES))
        net = compile_network(Dense(1), (FEATURES,), X.dtype, rng)
        optimizer = Adam()
        state = TrainingState(optimizer.init(net.params), rng)
        recipe = Recipe(optimizer, Constant(), 0.01, 0.1, 200, True)
        data = Data.of(X, X[:, :1].copy(), None)
        loss = HalfSquaredError()
        return peak(lambda: train(net, loss, data, recipe, state, [], n_epochs=3))

    few, many = bytes_for(20_000), bytes_for(60_000)
    permutation = np.dtype(np.intp).itemsize * 40_000
    assert many - few <= permutation + 10_000


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_fit_makes_no_copy_of_X(kind, solver):
    X, y = table(60_000)
    y = y if kind is MLPClassifier else X[:, 0].copy()
    model = kind(hidden_layer_sizes=(4,), solver=solver, max_iter=2, random_state=0)
    assert peak(lambda: fit(model, X, y)) < X.nbytes / 4


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score"])
def test_prediction_makes_no_array_as_wide_as_X(method):
    X, y = table(60_000)
    model = fit(MLPClassifier((64,), max_iter=1, random_state=0), X[:500], y[:500])
    args = (X, y) if method == "score" else (X,)
    assert peak(lambda: getattr(model, method)(*args)) < X.nbytes / 2


def test_a_float32_memmap_trains_from_the_disk(tmp_path):
    X, y = table(60_000)
    path = tmp_path / "X.dat"
    X.tofile(path)
    mapped = np.memmap(path, np.float32, "r", shape=X.shape)
    models = [MLPClassifier((4,), max_iter=1, random_state=0) for _ in range(2)]
    assert peak(lambda: fit(models[0], mapped, y)) < X.nbytes / 4
    fit(models[1], X, y)
    assert_array_equal(models[0].predict_proba(mapped), models[1].predict_proba(X))
    assert {coef.dtype for coef in models[0].coefs_} == {np.dtype(np.float32)}


def test_dtype_float32_computes_in_half_the_memory():
    X, y = table(20_000, np.float64)
    model = MLPClassifier((4,), max_iter=1, random_state=0, dtype=np.float32)
    assert peak(lambda: fit(model, X, y)) < 0.75 * X.nbytes
