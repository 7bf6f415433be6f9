"""What the validation rows of each member say of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer

from sklearn_nn.core import Array, Network, shown
from sklearn_nn.tabular._targets import TableClasses
from sklearn_nn.training import Batch


def validation_batch(
    X: Array, Y: Array, weight: Array | None, rows: Sequence[Array]
) -> Batch:
    """Return the validation rows of each of k members, all of them as many.

    Members with fewer rows than others get the first of them again, with weight zero.
    Shapes: X (k, m, ...), or (m, ...) where all members have the same rows.
    """
    m = max(map(len, rows))
    same = all(np.array_equal(own, rows[0]) for own in rows[1:])
    own = rows[:1] if same else rows
    places = np.stack([np.append(r, np.full(m - len(r), r[0])) for r in own])
    valid = np.arange(m) < np.array([len(r) for r in own])[:, None]
    w = None
    if weight is not None or not valid.all():
        w = valid * (1.0 if weight is None else weight[places])
        w = (w * (m / w.sum(axis=1, keepdims=True))).astype(X.dtype)
    if same:
        return Batch(X[places[0]], Y[places[0]], None if w is None else w[0])
    return Batch(X[places], Y[places], w)


def make_member_evaluator(
    targets: Any, batch: Batch, scoring: Any
) -> Callable[[Network], tuple[Array, Array]]:
    """Return the function that gives loss and score of each member: (k,) and (k,).

    Without ``scoring``, the score is the negative loss.
    """
    scorer = None if scoring is None else get_scorer(scoring)
    known = (
        _RawOutputClassifier(targets)
        if isinstance(targets, TableClasses)
        else _RawOutputRegressor(targets)
    )

    def evaluate(net: Network) -> tuple[Array, Array]:
        raw = net.infer(batch.X)
        Y, w = batch.y, batch.w
        Y = np.broadcast_to(Y, (len(raw), *Y.shape)) if batch.X.ndim == 2 else Y
        losses = targets.measure.value(Y, raw, w)
        if scorer is None:
            return losses, np.where(np.isfinite(losses), -losses, -np.inf)
        scores = []
        for i, own in enumerate(raw):
            if not np.isfinite(own).all():  # scorers raise an error of their own
                scores.append(-np.inf)
                continue
            w_own = w if w is None or w.ndim == 1 else w[i]
            options = {} if w_own is None else {"sample_weight": w_own}
            try:
                scores.append(scorer(known, own, targets.decode_rows(Y[i]), **options))
            except Exception as error:
                error.add_note(f"It was raised by `scoring`={shown(scoring)}.")
                raise
        return losses, np.array(scores)

    return evaluate


def mean_by_row(values: Array, rows: Array, n: int) -> Array:
    """Return the mean of the values of each of n rows, NaN for a row without any.

    Shapes: values (m, k), rows (m,), the result (n, k) of float64.
    """
    sums, counts = np.zeros((n, values.shape[1])), np.bincount(rows, minlength=n)
    np.add.at(sums, rows, values)
    sums[counts == 0] = np.nan
    return sums / np.maximum(counts, 1)[:, None]


class _RawOutputs(BaseEstimator):
    """An estimator whose X are raw outputs, for scikit-learn's scorers."""

    def __init__(self, targets: Any) -> None:
        self.targets = targets

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _RawOutputClassifier(ClassifierMixin, _RawOutputs):
    @property
    def classes_(self) -> Array:
        return self.targets.classes

    def predict_proba(self, X: Array) -> Array:
        return self.targets.mean(X[None])

    def predict(self, X: Array) -> Array:
        return self.targets.classes[X.argmax(axis=1)]


class _RawOutputRegressor(RegressorMixin, _RawOutputs):
    def predict(self, X: Array) -> Array:
        return self.targets.mean(X[None])
