"""Mixins of classifiers and regressors: scores of targets in any storage."""

from typing import Any

from sklearn.base import ClassifierMixin, RegressorMixin

from sklearn_nn.base._input import check_weights
from sklearn_nn.base._labels import read_labels, read_numbers


class LabelScoreMixin(ClassifierMixin):
    """What a classifier is to scikit-learn, with a score for labels of any storage."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy: the share of the rows that `predict` gets right.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels. Of an indicator matrix, all labels of a row must be right.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            In [0, 1]; the higher, the better.
        """
        w = check_weights(sample_weight, X)
        return float(super().score(X, read_labels(y, "y"), w))


class NumberScoreMixin(RegressorMixin):
    """What a regressor is to scikit-learn, with a score for numbers of any storage."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R**2, the share of the variance of ``y`` that is explained.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            At most 1; the higher, the better.
        """
        w = check_weights(sample_weight, X)
        return float(super().score(X, read_numbers(y, "y"), w))
