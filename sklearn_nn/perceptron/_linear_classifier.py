"""LinearClassifier: predictions from one plane, or from one per class."""

from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.base import LabelScoreMixin, validate_input
from sklearn_nn.core import Array, VersionedState


class LinearClassifier(LabelScoreMixin, VersionedState, BaseEstimator):
    """What follows from ``coef_``, ``intercept_``, ``classes_`` and ``_slope``.

    The slope is the factor by which scores become log-odds.
    """

    coef_: Array
    intercept_: Array
    classes_: Array
    _slope: float

    def decision_function(self, X: Any) -> Array:
        """Return the signed distances from the planes, up to a factor per plane.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes ``w @ x + b``, positive for the second one; for more, one
            such column per class.
        """
        check_is_fitted(self, "coef_")
        dtype = self.coef_.dtype
        X = validate_input(self, X, accept_sparse="csr", dtype=dtype, reset=False)
        return self._scores(X)

    def predict(self, X: Any) -> Array:
        """Predict the class on whose side of the plane, or farthest, each row lies.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        scores = self.decision_function(X)
        codes = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[codes])

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class; which agrees with `predict`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``.
        """
        scores = self.decision_function(X)
        scores *= self._slope
        if scores.ndim == 1:
            return np.column_stack([expit(-scores), expit(scores)])
        return np.asarray(softmax(scores, axis=1))

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
        scores = self.decision_function(X)
        scores *= self._slope
        if scores.ndim == 1:
            return np.column_stack([log_expit(-scores), log_expit(scores)])
        return np.asarray(log_softmax(scores, axis=1))

    def _scores(self, X: Any) -> Array:
        scores = X @ self.coef_.T
        scores += self.intercept_
        return np.asarray(scores.ravel() if len(self.coef_) == 1 else scores)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
