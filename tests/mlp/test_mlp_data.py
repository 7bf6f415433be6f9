"""The kinds of X and y that the MLPs take."""

import numpy as np
import pandas as pd
import pytest
from mlps import both, make_rows, parameters
from scipy import sparse

from sklearn_nn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])

OPTIONS = {"hidden_layer_sizes": (9,), "max_iter": 20, "random_state": 0}
SPARSE = ["csr_array", "csr_matrix", "csc_array", "csc_matrix", "coo_array"]
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


def make_sparse_rows(rng):
    X, y = make_rows(rng)
    return X * (rng.random(X.shape) < 0.4), y


@every_solver
@pytest.mark.parametrize("kind", SPARSE)
@both
def test_sparse_rows_train_like_dense_ones(cls, kind, solver, rng):
    X, y = make_sparse_rows(rng)
    dense = cls(solver=solver, batch_size=16, **OPTIONS).fit(X, y)
    thin = cls(solver=solver, batch_size=16, **OPTIONS)
    thin.fit(getattr(sparse, kind)(X), y)
    np.testing.assert_allclose(parameters(thin), parameters(dense), **CLOSE)


@pytest.mark.parametrize("kind", SPARSE)
@both
def test_sparse_rows_are_predicted_like_dense_ones(cls, kind, rng):
    X, y = make_sparse_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y)
    actual = mlp.predict(getattr(sparse, kind)(X))
    np.testing.assert_allclose(actual, mlp.predict(X), **CLOSE)


@both
def test_sparse_rows_with_indices_of_64_bits_are_taken(cls, rng):
    X, y = make_sparse_rows(rng)
    thin = sparse.csr_array(X)
    thin.indices, thin.indptr = thin.indices.astype(int), thin.indptr.astype(int)
    actual = parameters(cls(**OPTIONS).fit(thin, y))
    np.testing.assert_allclose(actual, parameters(cls(**OPTIONS).fit(X, y)), **CLOSE)


@both
def test_sparse_rows_can_be_held_out(cls, rng):
    X, y = make_sparse_rows(rng)
    options = {"early_stopping": True, **OPTIONS}
    dense, thin = cls(**options).fit(X, y), cls(**options).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(parameters(thin), parameters(dense), **CLOSE)


@every_solver
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both
def test_the_float_type_of_the_rows_is_that_of_the_parameters(cls, dtype, solver, rng):
    X, y = make_rows(rng)
    mlp = cls(solver=solver, **OPTIONS).fit(X.astype(dtype), y)
    assert parameters(mlp).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.uint8, bool])
@both
def test_rows_of_another_type_are_computed_in_float64(cls, dtype, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X.astype(dtype), y)
    assert parameters(mlp).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, "float64", np.dtype("f4"), float])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@both
def test_dtype_overrides_the_float_type_of_the_rows(cls, dtype, kind, rng):
    X, y = make_rows(rng)
    mlp = cls(dtype=dtype, **OPTIONS).fit(X.astype(kind), y)
    assert parameters(mlp).dtype == np.dtype(dtype)


@both
def test_float32_and_float64_begin_alike(cls, rng):
    X, y = make_rows(rng)
    options = {**OPTIONS, "learning_rate_init": 1e-30, "max_iter": 1}
    narrow, wide = (cls(dtype=dtype, **options) for dtype in (np.float32, np.float64))
    narrow, wide = parameters(narrow.fit(X, y)), parameters(wide.fit(X, y))
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


@both
def test_the_float_type_stays_when_training_goes_on(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X.astype(np.float32), y).partial_fit(X, y)
    assert parameters(mlp).dtype == np.float32


@pytest.mark.parametrize("n_outputs", [2, 3])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_several_outputs_are_learned_together(solver, n_outputs, rng):
    X = rng.standard_normal((200, 4))
    Y = np.tanh(X @ rng.standard_normal((4, n_outputs)))
    options = {"learning_rate_init": 0.01, "random_state": 0}
    mlp = MLPRegressor(hidden_layer_sizes=(30,), solver=solver, **options).fit(X, Y)
    assert mlp.predict(X).shape == (200, n_outputs)
    assert mlp.score(X, Y) > 0.8


@both
def test_a_column_as_target_is_warned_of_and_taken_as_a_vector(cls, rng):
    X, y = make_rows(rng)
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        mlp = cls(**OPTIONS).fit(X, y[:, None])
    np.testing.assert_array_equal(parameters(mlp), parameters(cls(**OPTIONS).fit(X, y)))


@every_solver
def test_labels_are_learned_together(solver, rng):
    X = rng.standard_normal((60, 4))
    Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 0] > X[:, 1]]).astype(int)
    mlp = MLPClassifier(solver=solver, learning_rate_init=0.1, random_state=0)
    assert mlp.fit(X, Y).score(X, Y) > 0.9
    assert mlp.predict_proba(X).shape == (60, 3)


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix", "csc_array"])
def test_labels_may_be_sparse(kind, rng):
    X, y = make_rows(rng)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    dense = MLPClassifier(**OPTIONS).fit(X, Y)
    thin = MLPClassifier(**OPTIONS).fit(X, getattr(sparse, kind)(Y))
    np.testing.assert_array_equal(parameters(thin), parameters(dense))


def test_labels_may_come_in_parts(rng):
    X, y = make_rows(rng)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    mlp = MLPClassifier(**OPTIONS).partial_fit(X, Y, classes=[0, 1])
    assert mlp.partial_fit(X[:3], Y[:3]).predict(X).shape == (60, 2)


@pytest.mark.parametrize(
    "names",
    [list("abc"), [10, 20, 30], [-2.0, 0.0, 3.0]],
    ids=["text", "integers", "floats"],
)
def test_classes_may_have_any_names(names, rng):
    X, y = make_rows(rng)
    names = np.array(names)
    mlp = MLPClassifier(**OPTIONS).fit(X, y)
    named = MLPClassifier(**OPTIONS).fit(X, names[y])
    np.testing.assert_array_equal(named.predict(X), names[mlp.predict(X)])


def test_two_classes_may_be_booleans(rng):
    X, y = make_rows(rng)
    mlp = MLPClassifier(learning_rate_init=0.1, random_state=0).fit(X, y > 0)
    assert mlp.predict(X).dtype == bool
    assert mlp.score(X, y > 0) > 0.9


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_a_series_of_strings_is_a_target(kind, rng):
    X, y = make_rows(rng)
    names = pd.Series(np.array(["no", "maybe", "yes"])[y], dtype=kind)
    mlp = MLPClassifier(**OPTIONS).fit(pd.DataFrame(X, columns=list("abcd")), names)
    assert list(mlp.classes_) == ["maybe", "no", "yes"]


@both
def test_a_frame_trains_like_its_array(cls, rng):
    X, y = make_rows(rng)
    frame = pd.DataFrame(X, columns=list("abcd"))
    mlp = cls(**OPTIONS).fit(frame, pd.Series(y))
    np.testing.assert_array_equal(parameters(mlp), parameters(cls(**OPTIONS).fit(X, y)))


@both
def test_columns_in_memory_order_train_like_rows(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(np.asfortranarray(X), y)
    np.testing.assert_array_equal(parameters(mlp), parameters(cls(**OPTIONS).fit(X, y)))


@every_solver
@both
def test_the_arrays_of_the_caller_are_left_alone(cls, solver, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0, 2, 60)
    for array in (X, y, w):
        array.setflags(write=False)
    cls(solver=solver, **OPTIONS).fit(X, y, w, X_val=X, y_val=y, sample_weight_val=w)


@both
def test_one_row_is_enough_for_partial_fit(cls, rng):
    X, y = make_rows(rng)
    mlp = cls(**OPTIONS).fit(X, y).partial_fit(X[:1], y[:1])
    assert mlp.t_ == 20 * 60 + 1
