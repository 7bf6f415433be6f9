"""NNClassifier: fit and predict of every classifier with a network."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

from sklearn.utils.metaestimators import available_if

from sklearn_nn.base._base_nn import BaseNN
from sklearn_nn.base._callbacks import with_callbacks
from sklearn_nn.base._classes import (
    apply_class_weight,
    check_same_classes,
    declared_classes,
)
from sklearn_nn.base._input import FitArguments
from sklearn_nn.base._labels import read_labels
from sklearn_nn.base._parameter_rules import CLASS_WEIGHT, is_class_weight
from sklearn_nn.base._restore_on_error import restore_on_error
from sklearn_nn.base._scores import LabelScoreMixin
from sklearn_nn.base._targets import Targets, read_classes
from sklearn_nn.core import Array, Rule, Satisfying, any_of


def is_label_weights(value: Any) -> bool:
    """Whether ``value`` is a list of dicts of weights."""
    return isinstance(value, list) and all(map(is_class_weight, value))


CLASSIFIER_RULES: Mapping[str, Rule] = {
    "class_weight": any_of(
        CLASS_WEIGHT,
        Satisfying(is_label_weights, "a list of such dicts, one per label"),
    ),
}


@dataclass(eq=False, repr=False)
class NNClassifier(LabelScoreMixin, BaseNN):
    """What classifiers with a network share: classes, and their probabilities."""

    _: KW_ONLY
    class_weight: Any = None

    _y_numeric: ClassVar[bool] = False

    @restore_on_error
    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the network to ``X`` and ``y``.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix of labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; a row of weight zero is left out.
        X_val : array-like or sparse matrix of shape (n_val, n_features), default=None
            Validation rows: their loss and score go into ``history_``, and early
            stopping uses them in place of rows set aside.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or an array breaks its rule, or if training diverges; the
            estimator is then as it was before the call.
        """
        self._fit(FitArguments(X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

    @available_if(BaseNN._has_partial_fit)
    @restore_on_error
    @with_callbacks
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """Pass once over the rows in batches, going on from where training stands.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix of labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; a row of weight zero is left out.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur; needed in the first call only.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or an array breaks its rule, or if training diverges; the
            estimator is then as it was before the call.
        """
        self._fit(FitArguments(X, y, sample_weight, classes=classes, incremental=True))
        return self

    def predict(self, X: Any) -> Array:
        """Predict the most probable class, or the labels of probability above 1/2.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix.
        """
        raw = self._raw_predict(X)
        return self._targets.decode(raw)

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class or label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``; for labels, each row's need not
            sum to 1.
        """
        raw = self._raw_predict(X)
        return self._targets.proba(raw)

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of the probabilities, finite also where they are 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Natural logarithms of what `predict_proba` returns.
        """
        raw = self._raw_predict(X)
        return self._targets.log_proba(raw)

    @property
    def classes_(self) -> Array:
        """Return the class labels."""
        if "_targets" not in vars(self):
            name = type(self).__name__
            raise AttributeError(f"{name} is not fitted: it knows no classes.")
        return self._targets.classes

    def _read_y(self, y: Any) -> Any:
        return read_labels(y, "y")

    def _make_targets(
        self, y: Any, arguments: FitArguments, is_first_fit: bool
    ) -> Targets:
        known = None if is_first_fit else self._targets
        if arguments.incremental:
            return declared_classes(known, y, arguments.classes)
        new = read_classes(y)
        if known is None:
            return new
        check_same_classes(known.classes, new.classes)
        return known

    def _apply_class_weight(
        self, y: Any, weight: Array | None, incremental: bool
    ) -> Array | None:
        targets, class_weight = self._targets, self.class_weight
        return apply_class_weight(targets, class_weight, y, weight, incremental)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
