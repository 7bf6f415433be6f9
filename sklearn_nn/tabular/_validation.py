"""What the validation rows of each member say of it."""

from collections.abc import Sequence
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


class Validator:
    """Tells loss and score of each member of all networks, on its validation rows.

    With ``calibrates``, losses of classes are those at the temperature that suits all
    members: how sure the networks are is mended afterwards, how well they tell the
    classes apart is not. Without ``scoring``, the score is the negative loss.

    References
    ----------
    Berta, Holzmüller, Jordan and Bach, "Rethinking early stopping: refine, then
    calibrate", 2025, arXiv:2501.19195.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        batches: Sequence[Batch],
        targets: Any,
        scoring: Any,
        calibrates: bool,
    ) -> None:
        self.networks, self.batches, self.targets = networks, batches, targets
        self.scoring = scoring
        self._scorer = None if scoring is None else get_scorer(scoring)
        is_classes = isinstance(targets, TableClasses)
        self._calibrates = calibrates and is_classes
        known = _RawOutputClassifier if is_classes else _RawOutputRegressor
        self._known = known(targets)

    def __call__(self) -> tuple[Array, Array]:
        """Return losses and scores, (k,) each, for k members of all networks."""
        raws = [
            net.infer(batch.X)
            for net, batch in zip(self.networks, self.batches, strict=True)
        ]
        losses = np.concatenate(self._losses(raws))
        if self._scorer is None:
            return losses, np.where(np.isfinite(losses), -losses, -np.inf)
        scores = [
            self._score(own, batch.y if batch.X.ndim == 2 else batch.y[i], w)
            for raw, batch in zip(raws, self.batches, strict=True)
            for i, own in enumerate(raw)
            for w in [batch.w if batch.w is None or batch.w.ndim == 1 else batch.w[i]]
        ]
        return losses, np.array(scores)

    def _losses(self, raws: list[Array]) -> list[Array]:
        """Return the losses of the members of each network."""
        ys = [
            np.broadcast_to(batch.y, (len(raw), *batch.y.shape))
            if batch.X.ndim == 2
            else batch.y
            for raw, batch in zip(raws, self.batches, strict=True)
        ]
        ws = [batch.w for batch in self.batches]
        if self._calibrates:
            t = self.targets.temperature(ys, raws, ws)
            raws = [raw / t for raw in raws]
        value = self.targets.measure.value
        return [value(y, raw, w) for y, raw, w in zip(ys, raws, ws, strict=True)]

    def _score(self, raw: Array, y: Array, w: Array | None) -> float:
        if not np.isfinite(raw).all():  # scorers raise an error of their own
            return -np.inf
        assert self._scorer is not None
        options = {} if w is None else {"sample_weight": w}
        try:
            y = self.targets.decode_rows(y)
            return float(self._scorer(self._known, raw, y, **options))
        except Exception as error:
            error.add_note(f"It was raised by `scoring`={shown(self.scoring)}.")
            raise


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
