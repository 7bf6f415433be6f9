"""NNRegressor: fit and predict of every regressor with a network."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar, Self

from sklearn.utils.metaestimators import available_if

from sklearn_nn.base._base_nn import BaseNN
from sklearn_nn.base._callbacks import with_callbacks
from sklearn_nn.base._input import FitArguments, check_weights
from sklearn_nn.base._labels import read_numbers
from sklearn_nn.base._restore_on_error import restore_on_error
from sklearn_nn.base._scores import NumberScoreMixin
from sklearn_nn.base._targets import RealTargets, Targets
from sklearn_nn.core import Array, Loss, OneOf, Rule, Satisfying, any_of, plain_spec
from sklearn_nn.losses import LOSSES


def is_loss(value: Any) -> bool:
    """Whether ``value`` is a loss of numbers, not of class codes."""
    return isinstance(value, Loss) and value.link != "softmax"


REGRESSOR_RULES: Mapping[str, Rule] = {
    "loss": any_of(
        OneOf(tuple(LOSSES)),
        Satisfying(is_loss, "a loss for numbers of sklearn_nn.losses"),
    ),
}


@dataclass(eq=False, repr=False)
class NNRegressor(NumberScoreMixin, BaseNN):
    """What regressors with a network share: a loss, and numbers as targets."""

    _: KW_ONLY
    loss: Any = "squared_error"

    _y_numeric: ClassVar[bool] = True

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
            Target numbers.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Pass once over the rows in batches, going on from where training stands.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; a row of weight zero is left out.

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
        self._fit(FitArguments(X, y, sample_weight, incremental=True))
        return self

    def predict(self, X: Any) -> Array:
        """Predict the mean of the targets, or what the loss asks for in its place.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the float type of the computation.
        """
        raw = self._raw_predict(X)
        return self._targets.decode(raw)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R**2, the share of the variance of ``y`` that is explained.

        Where the loss asks for several quantiles of each target, it is the share of
        the pinball loss of their best constants that the predictions take away.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        score : float
            At most 1; the higher, the better.
        """
        if getattr(self.loss, "raw_per_target", 1) == 1:
            return float(super().score(X, y, sample_weight))
        raw = self._raw_predict(X)
        w = check_weights(sample_weight, raw)
        Y = self._targets.encode(self._read_y(y), raw.dtype)
        return float(self._targets.score(Y, raw, w))

    def _read_y(self, y: Any) -> Any:
        return read_numbers(y, "y")

    def _make_targets(
        self, y: Any, arguments: FitArguments, is_first_fit: bool
    ) -> Targets:
        loss = self._make_loss()
        return (
            RealTargets.fit(y, loss)
            if is_first_fit
            else replace(self._targets, loss=loss)
        )

    def _make_loss(self) -> Loss:
        return (
            LOSSES[self.loss] if isinstance(self.loss, str) else plain_spec(self.loss)
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
