"""scikit-learn's checks of the estimators for tables, and what stands in for some."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from tabulars import both, learner, make_frame, make_rows, outputs, small
from threadpoolctl import threadpool_limits

from sklearn_nn import TabularClassifier, TabularRegressor

AT_RANDOM = "rows are split at random into folds and batches"
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": AT_RANDOM,
    "check_sample_weight_equivalence_on_sparse_data": AT_RANDOM,
}
# So many layers that products of float32 would differ more than the checks allow.
OPTIONS = {"n_bags": 2, "max_epochs": 30, "hidden_layer_sizes": [64] * 4}


@parametrize_with_checks(
    [TabularClassifier(**OPTIONS), TabularRegressor(**OPTIONS)],
    expected_failed_checks=lambda estimator: EXPECTED,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@both
def test_a_row_alone_is_predicted_as_among_others(cls, rng):
    X, y = make_rows(rng)
    model = cls(**OPTIONS, random_state=0).fit(X, y)
    alone = np.concatenate([outputs(model, X[i : i + 1]) for i in range(len(X))])
    assert_array_equal(alone, outputs(model, X))


@both
def test_the_order_of_rows_does_not_matter_to_a_prediction(cls, rng):
    X, y = make_rows(rng)
    model = cls(**OPTIONS, random_state=0).fit(X, y)
    order = rng.permutation(len(X))
    assert_array_equal(outputs(model, X[order]), outputs(model, X)[order])


PRINTS_FITS = """
import numpy as np
from tabulars import LEARNS, make_rows, outputs, parameters
import sklearn_nn
X, y = make_rows(np.random.default_rng(0), 3000)
for name in ("TabularClassifier", "TabularRegressor"):
    for options in ({}, {"share_weights": True}, {"embedding": "both"}):
        cls = getattr(sklearn_nn, name)
        model = cls(**LEARNS | {"max_epochs": 2} | options).fit(X, y)
        found = outputs(model, X)
        alone = np.concatenate([outputs(model, X[i : i + 1]) for i in range(40)])
        assert (alone == found[:40]).all()
        assert (outputs(model, X[::-1])[::-1] == found).all()
        print(parameters(model).tobytes().hex(), found.tobytes().hex())
"""


# Every processor with x86-64-v2 has the kernels of Nehalem; others ignore the name.
@pytest.mark.parametrize("kernel", ["", "Nehalem"])
def test_nothing_depends_on_the_threads_of_blas_or_on_the_rows_beside(kernel):
    shared = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_CORETYPE": kernel}
    results = [
        subprocess.run(
            [sys.executable, "-c", PRINTS_FITS],
            env=os.environ | shared | {"OMP_NUM_THREADS": n},
            check=True,
            capture_output=True,
        ).stdout
        for n in ("1", "2")
    ]
    assert results[0] == results[1]


@both
def test_a_limit_of_the_threads_of_blas_does_not_change_a_prediction(cls, rng):
    X, y = make_rows(rng, 400)
    model = small(cls).fit(X, y)
    expected = outputs(model, X)
    with threadpool_limits(1):
        assert_array_equal(outputs(model, X), expected)


@pytest.mark.parametrize("n_bags", [1, 2])
@both
def test_rows_of_weight_zero_change_nothing(cls, n_bags, rng):
    X, y = make_rows(rng)
    junk = 100 * rng.standard_normal((17, 4))
    w = np.concatenate([rng.uniform(0.5, 2, len(X)), np.zeros(17)])
    order = rng.permutation(len(w))
    kept = order[order < len(X)]
    all_X, all_y = np.vstack([X, junk]), np.append(y, y[:17])
    model = small(cls, n_bags=n_bags)
    alone = outputs(model.fit(X[kept], y[kept], w[kept]), X)
    model.fit(all_X[order], all_y[order], w[order])
    assert_array_equal(outputs(model, X), alone)


def test_a_target_of_weight_zero_does_not_widen_the_range(rng):
    X, y = make_rows(rng)
    w = np.ones(len(X))
    w[:6] = 0
    far = np.where(w > 0, y, 1000)
    model = learner(TabularRegressor).fit(X, far, w)
    assert model.predict(1e6 * X).max() <= 2


@both
def test_a_category_of_weight_zero_is_not_known(cls, rng):
    X, y = make_frame(rng)
    X = X[["word", "number"]].copy()
    X["word"] = X["word"].where(X["word"] != "red")
    w = np.ones(len(X))
    w[:5], X.loc[X.index[:5], "word"] = 0, "red"
    model = small(cls).fit(X, y, w)
    assert "red" not in model._encoder.categories_[0]


@both
def test_the_tags_promise_any_table(cls):
    tags = get_tags(cls()).input_tags
    assert tags.sparse
    assert tags.allow_nan
    assert tags.categorical
    assert tags.string


def test_the_tags_promise_several_outputs_of_the_regressor_alone():
    assert get_tags(TabularRegressor()).target_tags.multi_output
    assert not get_tags(TabularClassifier()).target_tags.multi_output


@both
def test_no_prediction_without_fit(cls, rng):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        learner(cls).predict(make_rows(rng)[0])
