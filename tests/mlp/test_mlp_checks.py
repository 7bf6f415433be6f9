"""scikit-learn's checks of the MLPs, without one expected failure."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_nn import MLPClassifier, MLPRegressor

CLASSES = [MLPClassifier, MLPRegressor]
SOLVERS = ["adam", "sgd", "lbfgs"]
NAMES = ["a", "b", "c"]

both = pytest.mark.parametrize("cls", CLASSES)


# The checks ask for few iterations and say nothing about convergence.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [cls(solver=solver, max_iter=100) for cls in CLASSES for solver in SOLVERS]
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture
def frame(rng):
    return pd.DataFrame(rng.standard_normal((60, 3)), columns=NAMES)


@pytest.fixture(params=[False, True], ids=["", "early_stopping"])
def fitted(request, frame, rng):
    """Return both MLPs fitted to a frame; a warning about names would be an error."""
    y = rng.integers(0, 2, 60)
    options = {"early_stopping": request.param, "tol": 0.1, "random_state": 0}
    return [cls(**options).fit(frame, y) for cls in CLASSES]


def test_the_names_of_the_columns_are_kept(fitted):
    assert [list(mlp.feature_names_in_) for mlp in fitted] == [NAMES, NAMES]


@pytest.mark.parametrize("i", [0, 1])
def test_a_frame_with_the_same_names_is_predicted_without_a_warning(fitted, frame, i):
    fitted[i].predict(frame)


@pytest.mark.parametrize("i", [0, 1])
@pytest.mark.parametrize("columns", [["c", "b", "a"], ["a", "b", "x"]])
def test_a_frame_with_other_names_is_refused(fitted, frame, i, columns):
    frame.columns = columns
    with pytest.raises(ValueError, match="feature names should match those"):
        fitted[i].predict(frame)


@pytest.mark.parametrize("i", [0, 1])
def test_an_array_in_place_of_the_frame_is_warned_of(fitted, frame, i):
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted[i].predict(frame.to_numpy())


@both
def test_an_array_after_a_frame_leaves_no_names_behind(cls, frame):
    y = np.arange(60) % 2
    mlp = cls(tol=0.1, random_state=0).fit(frame, y).fit(frame.to_numpy(), y)
    assert not hasattr(mlp, "feature_names_in_")


@both
def test_partial_fit_refuses_a_frame_with_other_names(cls, frame):
    y = np.arange(60) % 2
    mlp = cls(tol=0.1, random_state=0).fit(frame, y)
    with pytest.raises(ValueError, match="feature names should match those"):
        mlp.partial_fit(frame.rename(columns={"a": "x"}), y)


@both
def test_the_tags_promise_sparse_input(cls):
    assert get_tags(cls()).input_tags.sparse


@both
def test_the_tags_do_not_promise_missing_values(cls):
    assert not get_tags(cls()).input_tags.allow_nan


def test_the_tags_promise_labels_of_the_classifier():
    assert get_tags(MLPClassifier()).classifier_tags.multi_label


def test_the_tags_promise_several_outputs_of_the_regressor():
    # scikit-learn's MLPRegressor takes them, too, but does not say so
    assert get_tags(MLPRegressor()).target_tags.multi_output


def test_the_tags_do_not_promise_several_outputs_of_many_classes():
    assert not get_tags(MLPClassifier()).target_tags.multi_output
