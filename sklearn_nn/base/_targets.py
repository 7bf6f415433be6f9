"""Targets, classes and weights: from the user's y to what a loss reads, and back."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from scipy.special import log_expit, log_softmax
from sklearn.metrics import r2_score
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sklearn_nn.core import Array, Loss
from sklearn_nn.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy

LABEL_KINDS = dict.fromkeys("biuf", "numbers") | {"M": "times", "m": "spans of time"}


@dataclass(frozen=True, eq=False)
class ClassTargets:
    """One class a row. Two classes need one raw output, k classes k of them.

    A single class is legal: it is then predicted with certainty.
    """

    classes: Array

    @classmethod
    def fit(cls, y: Any) -> Self:
        return cls(np.unique(y))

    @property
    def n_raw(self) -> int:
        return len(self.classes) if len(self.classes) > 2 else 1

    @property
    def loss(self) -> Loss:
        return SoftmaxCrossEntropy() if self.n_raw > 1 else SigmoidCrossEntropy()

    def codes(self, y: Any) -> Array:
        """Return the place of each label in ``classes``: (n,) of int."""
        self._check_kind(y)
        index = np.searchsorted(self.classes, y)
        np.minimum(index, len(self.classes) - 1, out=index)
        if (wrong := self.classes[index] != y).any():
            raise ValueError(
                f"`y` has labels that are not among the classes {self.classes}: "
                f"{np.unique(y[wrong])}."
            )
        return np.asarray(index)

    def _check_kind(self, y: Any) -> None:
        """Raise if ``y`` is no column of labels of the kind of the classes."""
        if issparse(y) or y.ndim != 1:
            raise ValueError(
                "`y` must have one label a row, as when the classes were first seen; "
                f"got {'a sparse matrix' if issparse(y) else 'an array'} of shape "
                f"{y.shape}."
            )
        kinds = [LABEL_KINDS.get(a.dtype.kind, "text") for a in (y, self.classes)]
        if kinds[0] != kinds[1]:
            raise ValueError(
                f"`y` must hold {kinds[1]}, as when the classes were first seen; got "
                f"{kinds[0]}, such as {y[:1].tolist()[0]!r}."
            )

    def encode(self, y: Any, dtype: Any) -> Array:
        """Return (n,) codes for the softmax, (n, 1) zeros and ones for the sigmoid."""
        codes = self.codes(y)
        if self.n_raw > 1:
            return codes
        # The only class of one stands where the second of two does: at probability 1.
        only = len(self.classes) == 1
        return ((codes == 1) | only).astype(dtype)[:, None]

    def class_weights(self, y: Any, class_weight: Any, w: Array | None) -> Array:
        """Return the weight of each row's class: (n,)."""
        if isinstance(class_weight, list):
            raise ValueError(
                "`class_weight` must be a dict where `y` has one class a row; a list "
                f"is for labels. Got {class_weight!r}."
            )
        return _class_weights(self.codes(y), self.classes, class_weight, w)

    def stratify_labels(self, y: Any) -> Array | None:
        """Return the labels by which a split shall be stratified.

        Two classes go by "False" and "True", the names scikit-learn's MLP reports.
        """
        names = self.classes if self.n_raw > 1 else np.array(["False", "True"])
        return names[self.codes(y)]

    def decode(self, raw: Array) -> Array:
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(raw))
        index = raw.argmax(axis=1) if self.n_raw > 1 else (raw[:, 0] > 0).astype(int)
        return np.asarray(self.classes[index])

    def proba(self, raw: Array) -> Array:
        """Return the class probabilities: (n, k)."""
        if len(self.classes) == 1:
            return np.ones_like(raw)
        both = raw if self.n_raw > 1 else np.hstack([-raw, raw])
        return self.loss.predict(both)

    def log_proba(self, raw: Array) -> Array:
        """Return the logarithm of the class probabilities, finite also at 0."""
        if len(self.classes) == 1:
            return np.zeros_like(raw)
        if self.n_raw > 1:
            return _log(self.proba(raw), log_softmax(raw, axis=1))
        return _log(self.proba(raw), log_expit(np.hstack([-raw, raw])))

    def score(self, y: Array, raw: Array, w: Array | None) -> float:
        """Return the accuracy for encoded targets."""
        hit = raw.argmax(axis=1) == y if self.n_raw > 1 else ((raw > 0) == y)[:, 0]
        return float(np.average(hit, weights=w))


@dataclass(frozen=True, eq=False)
class LabelTargets:
    """Any number of k labels a row, as an indicator matrix."""

    n_raw: int

    @property
    def classes(self) -> Array:
        return np.arange(self.n_raw)

    @property
    def loss(self) -> Loss:
        return SigmoidCrossEntropy()

    def encode(self, y: Any, dtype: Any) -> Array:
        y = y.toarray() if issparse(y) else np.asarray(y)
        if y.ndim != 2 or y.shape[1] != self.n_raw:
            raise ValueError(
                f"`y` must be an indicator matrix of shape (n, {self.n_raw}), as it "
                f"was when the labels were first seen; got shape {y.shape}."
            )
        if (wrong := ~np.isin(y, (0, 1))).any():
            raise ValueError(
                "`y` must hold only zeros and ones, one column per label; got "
                f"{np.unique(y[wrong])}."
            )
        return np.ascontiguousarray(y != 0, dtype=dtype)

    def class_weights(self, y: Any, class_weight: Any, w: Array | None) -> Array:
        """Return the product over the labels of the weights of their values: (n,)."""
        balanced = isinstance(class_weight, str)
        by_label = [class_weight] * self.n_raw if balanced else class_weight
        if not isinstance(by_label, list) or len(by_label) != self.n_raw:
            raise ValueError(
                f"`class_weight` must be 'balanced' or a list of {self.n_raw} dicts, "
                f"one per label; got {class_weight!r}."
            )
        columns, values = self.encode(y, int).T, np.arange(2)
        weights = [
            _class_weights(codes, values, weight, w)
            for codes, weight in zip(columns, by_label, strict=True)
        ]
        return np.asarray(np.prod(weights, axis=0))

    def stratify_labels(self, y: Any) -> Array | None:
        return None

    def decode(self, raw: Array) -> Array:
        return (raw > 0).astype(int)

    def proba(self, raw: Array) -> Array:
        """Return the probability of each label: (n, k)."""
        return self.loss.predict(raw)

    def log_proba(self, raw: Array) -> Array:
        return _log(self.proba(raw), log_expit(raw))

    def score(self, y: Array, raw: Array, w: Array | None) -> float:
        """Return the share of rows with all labels right."""
        return float(np.average(((raw > 0) == y).all(axis=1), weights=w))


@dataclass(frozen=True, eq=False)
class RealTargets:
    """Numbers, one or several a row."""

    loss: Loss
    n_columns: int

    @classmethod
    def fit(cls, y: Array, loss: Loss) -> Self:
        if issparse(y):
            raise TypeError(
                f"`y` must be a dense array for regression; got a {type(y).__name__}. "
                "Use y.toarray()."
            )
        return cls(loss, 1 if y.ndim == 1 else y.shape[1])

    @property
    def n_raw(self) -> int:
        return self.n_columns * self.loss.raw_per_target

    def encode(self, y: Any, dtype: Any) -> Array:
        y = np.ascontiguousarray(y, dtype=dtype)
        y = y[:, None] if y.ndim == 1 else y
        if y.shape[1] != self.n_columns:
            raise ValueError(
                f"`y` must have {self.n_columns} output(s), as when the model was "
                f"first fitted; got {y.shape[1]}."
            )
        self.loss.check_targets(y)
        return y

    def stratify_labels(self, y: Any) -> Array | None:
        return None

    def decode(self, raw: Array) -> Array:
        prediction = self.loss.predict(raw)
        return prediction.ravel() if self.n_raw == 1 else prediction

    def score(self, y: Array, raw: Array, w: Array | None) -> float:
        """Return R**2, the mean over the outputs; NaN if a prediction overflows.

        A loss whose predictions are no means has D**2 in its place: R**2 with that
        loss, summed over the outputs, for the squared error.
        """
        prediction = self.loss.predict(raw)
        if not np.isfinite(prediction).all():
            return float("nan")
        if self.loss.predicts_mean:
            return float(r2_score(y, prediction, sample_weight=w))
        constant = np.empty_like(raw)
        constant[...] = self.loss.start(y, w)
        # Quantiles are predicted in order; as a loss reads them, they need not be.
        outputs = prediction if self.loss.link == "identity" else raw
        value, worst = (self.loss.value(y, a, w) for a in (outputs, constant))
        return 1 - value / worst if worst else float(value == 0)


def _class_weights(
    codes: Array, classes: Array, class_weight: Any, w: Array | None
) -> Array:
    """Return the weight of each row's class. Shapes: codes (n,), w (n,) or None."""
    if isinstance(class_weight, str):  # "balanced"
        totals = np.bincount(codes, w, len(classes))
        present = totals > 0
        mean = totals[present].mean()
        return np.divide(mean, totals, where=present, out=np.ones(len(totals)))[codes]
    known = classes.tolist()
    if unknown := [c for c in class_weight if c not in known]:
        raise ValueError(
            f"`class_weight` must have keys among the classes {known}; got {unknown}."
        )
    return np.array([float(class_weight.get(c, 1)) for c in known])[codes]


def _log(p: Array, exact: Array) -> Array:
    """Return log p: from p itself where it is large, so that ties in p stay ties."""
    return np.log(p, where=p > 0.5, out=np.array(exact))


Targets = ClassTargets | LabelTargets | RealTargets


def read_classes(y: Any) -> ClassTargets | LabelTargets:
    """Return the encoder for the targets of a classifier."""
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return LabelTargets(y.shape[1] if hasattr(y, "shape") else len(y[0]))
    if kind == "multiclass-multioutput":
        raise ValueError(
            "`y` must be one class a row or an indicator matrix of zeros and ones; "
            "got several columns with more than two values (multiclass-multioutput). "
            "sklearn.multioutput.MultiOutputClassifier fits one classifier a column."
        )
    check_classification_targets(y)
    return ClassTargets.fit(y)
