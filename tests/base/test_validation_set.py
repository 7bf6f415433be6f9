"""Rows set aside for early stopping: stratified as far as classes can be."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_nn import MLPClassifier, NetworkClassifier
from sklearn_nn.base._validation_set import hold_out

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_shares_are_kept():
    y = np.repeat([0, 1], [80, 20])
    train_rows, held = hold_out(100, None, y, 0.2, seed=0)
    assert_array_equal(np.bincount(y[held]), [16, 4])
    assert_array_equal(np.sort([*train_rows, *held]), np.arange(100))


@pytest.mark.parametrize("seed", range(5))
def test_classes_of_one_row_stay_in_training(seed):
    y = np.repeat([0, 1, 2, 3], [50, 1, 48, 1])
    train_rows, held = hold_out(100, None, y, 0.3, seed)
    assert {50, 99} <= set(train_rows)
    assert len(held) == 30
    assert_array_equal(np.sort([*train_rows, *held]), np.arange(100))


def test_a_row_of_no_weight_does_not_make_a_class_of_two():
    y, w = np.repeat([0, 1, 2], [10, 2, 8]), np.ones(20)
    w[11] = 0
    train_rows, held = hold_out(20, w, y, 0.25, seed=0)
    assert 10 in train_rows
    assert 11 not in {*train_rows, *held}


@pytest.mark.parametrize("counts", [[2] * 45, [1] * 90, [1] * 88 + [2]])
def test_more_classes_than_rows_are_split_at_random_and_told_once(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    with pytest.warns(UserWarning, match=r"at random.*classes") as told:
        train_rows, held = hold_out(len(y), None, y, 0.1, seed=0)
    assert len(told) == 1
    assert len(held) == 9
    assert_array_equal(np.sort([*train_rows, *held]), np.arange(len(y)))


@pytest.mark.parametrize("cls", [MLPClassifier, NetworkClassifier])
def test_a_fit_with_many_classes_warns_once(cls, rng):
    X, y = rng.standard_normal((90, 4)), np.repeat(np.arange(45), 2)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        model = cls(early_stopping=True, max_iter=3, random_state=0).fit(X, y)
    assert len(model.classes_) == 45
    assert sum("at random" in str(w.message) for w in told) == 1


@pytest.mark.parametrize(
    ("n", "fraction", "least"),
    [(3, 0.9, 10), (1, 0.5, 3), (2, 0.75, 4), (10, 0.01, 101), (5, 0.1, 11)],
)
def test_the_rows_that_a_split_would_take_are_told(n, fraction, least):
    with pytest.raises(ValueError, match=rf"It would take {least} rows"):
        hold_out(n, None, None, fraction, seed=0)
    with pytest.raises(ValueError, match="sets aside"):
        hold_out(least - 1, None, None, fraction, seed=0)
    train_rows, held = hold_out(least, None, None, fraction, seed=0)
    assert len(train_rows) >= 1
    assert len(held) >= 2
