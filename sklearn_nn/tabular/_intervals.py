"""IntervalMixin: how far from a prediction the targets may lie."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.core import Array, shown
from sklearn_nn.losses import PinballLoss

MOST_LEVELS = 1001  # so that a model does not grow with its rows


@dataclass(frozen=True, eq=False)
class Residuals:
    """Quantiles of ``y - prediction`` over n validation rows, and the mean square.

    Their levels are even from ``1 / (n + 1)`` to ``n / (n + 1)``.
    Shapes: quantiles (m, k), mean_square (k,).
    """

    n: int
    quantiles: Array
    mean_square: Array

    @classmethod
    def of(cls, residuals: Array, w: Array | None) -> Self:
        """Take the residuals (n, k) of rows with the weights w (n,).

        Of n rows, the i-th smallest is the quantile ``i / (n + 1)``: a new residual is
        as likely to fall below all of them as between any two. A heavier row takes more
        of that share.
        """
        n = len(residuals)
        w = np.ones(n) if w is None else w
        order = np.argsort(residuals, axis=0)
        shares = np.cumsum(w[order], axis=0) / (w.sum() * (n + 1) / n)
        ordered = np.take_along_axis(residuals, order, axis=0)
        levels = _levels(n, min(n, MOST_LEVELS))
        columns = zip(shares.T, ordered.T, strict=True)
        quantiles = [np.interp(levels, share, column) for share, column in columns]
        squares = np.average(residuals**2, axis=0, weights=w)
        return cls(n, np.column_stack(quantiles), squares)

    def std(self, variance: Array) -> Array:
        """Return standard deviations, where predictors differ by ``variance`` (n, k).

        Residuals hold already how networks differ on the average, and are those of one
        fold, which errs more than the mean of all: the sum is a little too large where
        a fold has one network. It errs on the safe side, and tells rows apart.
        """
        return np.sqrt(variance + self.mean_square)

    def at(self, levels: Array, variance: Array) -> Array:
        """Return the quantiles (n, k, m) at the levels (m,), wider where `std` is."""
        root = np.sqrt(self.mean_square)
        factor = np.ones_like(variance)
        np.divide(self.std(variance), root, out=factor, where=root > 0)
        known = _levels(self.n, len(self.quantiles))
        found = [np.interp(levels, known, own) for own in self.quantiles.T]
        return factor[..., None] * np.stack(found)


class IntervalMixin:
    """Quantiles and standard deviations of an estimator with ``_residuals``."""

    _targets: Any
    _residuals: Residuals | None
    _predict_parts: Any

    def predict_quantiles(self, X: Any, quantiles: Any = (0.1, 0.5, 0.9)) -> Array:
        """Predict quantiles of the targets, for instance the ends of an interval.

        After a training with `PinballLoss` they are those that it was given. With any
        other loss they are the prediction plus quantiles of the residuals that the
        validation rows left, each by networks that had not trained on it [1]_; where
        the networks differ, they are further apart, as `predict_std` is larger there.
        They may lie beyond the range of ``y``. Of new rows that are drawn as those of
        `fit` were, about 80 % lie between 0.1 and 0.9, or a little more: the mean of
        all networks errs less than those of one fold. Noise that depends on the row can
        only be learned by a `PinballLoss`.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            The table.
        quantiles : float or list of float, default=(0.1, 0.5, 0.9)
            Levels in (0, 1). Those below 1 / (n + 1) or above n / (n + 1) cannot be
            told from n validation rows, and are the smallest or the largest residual.

        Returns
        -------
        y : ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            Quantiles of float64, which do not cross; without the last axis, if
            ``quantiles`` is a number.

        Raises
        ------
        ValueError
            If ``quantiles`` are none, or not those of the `PinballLoss`; or if no row
            validated, with any other loss.

        References
        ----------
        .. [1] Barber, Candès, Ramdas and Tibshirani, "Predictive inference with the
           jackknife+", Annals of Statistics 49, 2021. This is their CV without the +.
        """
        check_is_fitted(self, "n_iter_")
        levels, targets = _check_levels(quantiles), self._targets
        parts = self._predict_parts(X)
        predicted = targets.of_mean(parts.mean)
        predicted = predicted.reshape(len(predicted), len(targets.scale), -1)
        if isinstance(targets.loss, PinballLoss):
            found = predicted[..., _places_of(levels.ravel(), targets.loss.quantile)]
        else:
            residuals = self._known_residuals("predict_quantiles")
            found = predicted + residuals.at(
                levels.ravel(), targets.of_variance(parts.variance)
            )
        found = found[:, 0] if targets.flat else found
        return found if levels.ndim else found[..., 0]

    def predict_std(self, X: Any) -> Array:
        """Predict how far targets may lie from `predict`, as a standard deviation.

        It is the root of a sum: the mean squared residual of the validation rows, each
        by networks that had not trained on it, and the variance between the networks,
        or with a partner that of one network mixed with one partner.
        The first is the same for all rows; the second is large where training rows are
        few, and networks differ.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            The table.

        Returns
        -------
        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviations, in the unit of ``y``.

        Raises
        ------
        ValueError
            If no row validated, or if the loss is a `PinballLoss`, which predicts no
            center.
        """
        check_is_fitted(self, "n_iter_")
        if isinstance(self._targets.loss, PinballLoss):
            raise ValueError(
                "`predict_std` needs a `loss` that predicts the center of the targets; "
                f"the model was fitted with {self._targets.loss!r}. Take "
                "`predict_quantiles`, or another loss."
            )
        residuals = self._known_residuals("predict_std")
        variance = self._targets.of_variance(self._predict_parts(X).variance)
        std = residuals.std(variance)
        return std[:, 0] if self._targets.flat else std

    def _known_residuals(self, method: str) -> Residuals:
        if self._residuals is None:
            raise ValueError(
                f"`{method}` needs the residuals of rows that validated, and in `fit` "
                "none did. Fit 16 rows or more with `n_bags` of 2 or more, with a "
                "`validation_fraction` above 0, or with `X_val` and `y_val`."
            )
        return self._residuals


def _levels(n: int, m: int) -> Array:
    """Return m levels for the quantiles of n rows."""
    return np.linspace(1, n, m) / (n + 1)


def _check_levels(quantiles: Any) -> Array:
    """Return levels between 0 and 1 as an array; raise if they are none."""
    try:
        levels = np.asarray(quantiles, dtype=np.float64)
    except (TypeError, ValueError):
        levels = np.array(np.nan)
    if levels.ndim > 1 or not levels.size or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            "`quantiles` must be a number in (0, 1) or a list of such numbers; got "
            f"{shown(quantiles)}."
        )
    return levels


def _places_of(levels: Array, trained: Any) -> Array:
    """Return where each level stands among the trained ones; raise if one does not."""
    trained = np.ravel(trained)
    hits = np.isclose(levels[..., None], trained, rtol=0, atol=1e-9)
    if not (known := hits.any(axis=-1)).all():
        raise ValueError(
            f"`quantiles` must be among those of the loss, {trained.tolist()}; got "
            f"{float(levels[~known].ravel()[0])!r}. Fit with it in "
            "`PinballLoss(quantile)`, or with another loss, which allows for all."
        )
    return np.asarray(hits.argmax(axis=-1))
