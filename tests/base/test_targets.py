"""Scores of encoded targets are scikit-learn's, with sample weights and without."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, d2_absolute_error_score, r2_score

from sklearn_nn.base import ClassTargets, RealTargets
from sklearn_nn.base._targets import LabelTargets
from sklearn_nn.losses import AbsoluteError, HalfPoissonDeviance, HalfSquaredError

weights = pytest.mark.parametrize("is_weighted", [False, True])
N = 50


def drawn(rng, is_weighted):
    return rng.exponential(size=N) if is_weighted else None


@weights
@pytest.mark.parametrize("k", [2, 3])
def test_the_score_of_classes_is_the_accuracy(k, is_weighted, rng):
    y, w = rng.integers(0, k, N), drawn(rng, is_weighted)
    targets = ClassTargets(np.arange(k))
    raw = rng.standard_normal((N, targets.n_raw))
    expected = accuracy_score(y, targets.decode(raw), sample_weight=w)
    assert targets.score(targets.encode(y, float), raw, w) == pytest.approx(expected)


@weights
def test_the_score_of_labels_is_the_accuracy_of_whole_rows(is_weighted, rng):
    y, raw = rng.integers(0, 2, (N, 2)), rng.standard_normal((N, 2))
    w, targets = drawn(rng, is_weighted), LabelTargets(2)
    expected = accuracy_score(y, (raw > 0).astype(int), sample_weight=w)
    assert 0 < expected < 1
    assert targets.score(targets.encode(y, float), raw, w) == pytest.approx(expected)


@weights
@pytest.mark.parametrize(
    ("loss", "score"),
    [
        (HalfSquaredError(), r2_score),
        (HalfPoissonDeviance(), r2_score),
        (AbsoluteError(), d2_absolute_error_score),
    ],
)
def test_the_score_of_numbers_is_that_of_their_loss(loss, score, is_weighted, rng):
    y, raw = rng.exponential(size=(N, 1)), rng.standard_normal((N, 1))
    w = drawn(rng, is_weighted)
    expected = score(y, loss.predict(raw), sample_weight=w)
    assert RealTargets(loss, 1).score(y, raw, w) == pytest.approx(expected)
