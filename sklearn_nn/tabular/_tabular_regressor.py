"""TabularRegressor: numbers from a raw table."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils import check_array, column_or_1d

from sklearn_nn.base import (
    FitArguments,
    NumberScoreMixin,
    read_numbers,
    restore_on_error,
    with_callbacks,
)
from sklearn_nn.core import Array, Rule, plain_spec
from sklearn_nn.losses import LOSSES, PinballLoss
from sklearn_nn.tabular._base_tabular import BaseTabular
from sklearn_nn.tabular._intervals import IntervalMixin, Residuals
from sklearn_nn.tabular._presets import (
    NUMBERS_RULES,
    REGRESSOR_PRESETS,
    TABULAR_RULES,
    Settings,
)
from sklearn_nn.tabular._splits import EncodedTable
from sklearn_nn.tabular._targets import TableNumbers


@dataclass(eq=False, repr=False)
class TabularRegressor(IntervalMixin, NumberScoreMixin, BaseTabular):
    """Numbers from a raw table: an ensemble of networks, ready as it is.

    Columns may be numbers, categories, strings, bools and times, with values missing
    anywhere; `sklearn_nn.preprocessing.TableEncoder` says what becomes of them. The
    networks are like those of RealMLP [1]_, all trained at once, and their mean
    predicts. They see targets of mean 0 and standard deviation 1; predictions stay
    within the range of ``y``.

    Parameters
    ----------
    preset : {"default", "fast", "best", "realmlp"}, default="default"
        What "auto" means. "default": a network for each of 8 folds of the rows,
        trained in cycles of the rate, as many as pay. "fast": 4 folds and fewer steps.
        "best": 4 networks for each fold, more steps, and a ``partner``. "realmlp":
        RealMLP-TD as published [1]_.
    categorical_features : "from_dtype", list or None, default="from_dtype"
        Which columns are categorical: with "from_dtype" those of categories, strings,
        objects or bools; or a list of positions or names, or one bool per column; with
        None, none. What is no number, no time and no bool is categorical in any case.
    n_bags : int or "auto", default="auto"
        Number of folds, each of which validates a network trained on the others. With
        1, ``validation_fraction`` of the rows validate. With `X_val`, the number of
        networks, which all train on all rows. With ``cv`` it must be "auto": there is
        a bag for each split.
    n_members : int or "auto", default="auto"
        Number of networks for each fold, which start at different weights.
    max_epochs : int or "auto", default="auto"
        Number of passes over the rows, unless ``tol``, ``n_iter_no_change`` or
        ``max_time`` ends the training before. "auto" is as long as all ``cycles`` are.
    hidden_layer_sizes : list of int or "auto", default="auto"
        Width of each hidden layer.
    embedding : {"auto", "both", "pbld", "piecewise", "periodic", None}, default="auto"
        What becomes of a number before the first layer: `PBLDEmbedding`,
        `PiecewiseLinearEmbedding`, both of them side by side, `PeriodicEmbedding` or,
        with None, nothing. "auto" is the second, in tables of more than 50 numbers the
        first, of more than 1000 numbers None.
    activation : str, Activation, ParametricActivation or "auto", default="auto"
        Function of the hidden layers, as of `Dense`. With a `ParametricActivation` it
        is trained how far each unit bends. "auto" is "relu", but in "realmlp" a
        ``ParametricActivation("mish")``.
    share_weights : bool or "auto", default="auto"
        Whether the networks have the matrices of the hidden layers in common, as in
        TabM [2]_, and differ by scales, activations, biases of the output and rows.
    dropout : float or "auto", default="auto"
        Probability with which a hidden unit is left out in a step, in [0, 1). It falls
        to zero in the second half of the training, as ``weight_decay`` does. "auto" is
        0, but 0.15 in "realmlp".
    weight_decay : float or "auto", default="auto"
        Share that a step at the rate 1 takes off the weights.
    learning_rate : float or "auto", default="auto"
        Largest rate. Layers have factors of it.
    cycles : int or "auto", default="auto"
        Number of cycles in which the rate rises and falls, each twice as long as the
        one before, see `CosineLog`. "auto" is as many as fit into ``max_epochs``, the
        first of them with 30 steps at least; if that is "auto", too, as many as fit
        into the steps of the preset, of which there are few if no row validates. It is
        4 in "realmlp".
    tol : float, None or "auto", default="auto"
        The training ends after a cycle that did not lower the validation loss by this
        share of it, in [0, 1); with None, no cycle ends it. "auto" is 0.05, in "fast"
        0.1, in "best" 0.04 and in "realmlp" None.
    snapshots : bool or "auto", default="auto"
        Whether only the last epoch of a cycle, where the rate is zero, is validated and
        may be the best, and networks predict as they were at the end of the next cycle,
        too [3]_: then there are twice as many. If the training ends within its first
        cycle, its last epoch is the best. With False, each epoch is validated, and may
        be the best. "auto" is True, but False in "realmlp".
    batch_size : int or "auto", default="auto"
        Rows of a batch.
    n_iter_no_change : int or "auto", default="auto"
        Number of epochs without a better score after which the training ends. Only
        epochs that are validated end it, see ``snapshots``. "auto" is infinity.
    partner : None, "hist_gradient_boosting", "auto" or regressor, default="auto"
        What is trained beside the networks, for tables whose targets jump: boosted
        trees of scikit-learn, or a regressor; "auto" is what the preset says. A
        clone is trained on the train rows of each fold, encoded as by
        `TableEncoder`: numbers, then zeros and ones, then a column of codes for each
        categorical column of more than 8 levels, which the trees know as categories up
        to 255 levels. Its predictions are mixed into those of the networks with the
        weight ``partner_weight_`` [4]_. The trees have the ``loss`` of the networks, if
        it is "squared_error", "absolute_error", "poisson", "gamma" or one quantile; a
        regressor has its own, and sees targets as the networks do, of mean 0 and
        standard deviation 1.
    validation_fraction : float, default=0.2
        Share of the rows that validate where ``n_bags`` is 1; 0 for none, so that the
        last epoch counts.
    cv : splitter or iterable of (train, test), default=None
        What splits the rows in place of ``n_bags``: a splitter of scikit-learn, such as
        `TimeSeriesSplit`, or pairs of arrays of row numbers. For each split, networks
        are trained on its train rows and validated by its test rows. All rows of `X`
        are split, those of weight zero are then left out. ``random_state`` does not
        reach into a splitter.
    store_oof_predictions : bool, default=False
        Whether to keep predictions of the validation rows in ``oof_predictions_``.
    scoring : str, callable, "auto" or None, default="auto"
        What decides on the best epoch: a metric of scikit-learn, or None for the loss.
    max_time : float, default=None
        Seconds that `fit` may take. If ``max_epochs`` would take longer, there are
        fewer of them, the last of which may be a part of the rows. Before and after
        comes what cannot be shorter: the table is encoded, a ``partner`` is trained,
        a few batches train each network, and the validation rows are predicted.
    n_jobs : int, default=None
        Number of threads, over which the networks are distributed; None is 1, -1 one
        per core. It changes the time, not the result.
    random_state : int, RandomState instance or None, default=None
        Decides on folds, initial weights, batches and noise.
    verbose : bool or int, default=False
        Whether to print loss and score of each epoch, and the time that is left.
    loss : str or Loss, default="squared_error"
        What training minimizes: a key of `sklearn_nn.losses.LOSSES`, such as
        "absolute_error" or "huber". An object of `sklearn_nn.losses` has constants of
        its own, such as ``PinballLoss([0.1, 0.9])`` for two quantiles. Where a loss has
        a scale, as `HuberLoss`, it is that of the standardized target.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features_in_,)
        How much each column moves the first layer: factors and norms of weights, times
        the standard deviation of what they multiply; in all 1. It costs nothing, and
        says less than `sklearn.inspection.permutation_importance`.
    partner_weight_ : float
        Weight of the partner in predictions, in [0, 1], those of the networks have the
        rest: the one for which the validation rows have the smallest ``loss``. It is 0
        if the mean gain is no larger than its standard error, or if there is none.
    partners_ : list of estimators
        The clones of the partner, one for each fold; none, if the weight is 0.
    best_epoch_ : int
        Epoch with the best score, the mean over all networks, which have its weights;
        of equal scores the latest. 0 if no row validates: they have those of the last.
    best_scores_ : ndarray of shape (n_bags * n_members,)
        Score of each network in that epoch on its validation rows; without ``scoring``
        minus the loss on the scale of the networks. Empty if no row validates.
    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Predictions for each row of `fit`, as of `predict`, by those networks alone that
        it validated; the mean, if it validated several splits, and NaN, if none. There
        with ``store_oof_predictions``.
    n_iter_ : int
        Number of epochs, a last one that ``max_time`` cut short included.
    n_params_ : int
        Number of trained parameters of all networks.
    loss_curve_ : list of float
        Training loss of every epoch, the mean over the networks.
    history_ : dict of list
        Columns "epoch", "loss", "validation_loss", "validation_score",
        "learning_rate" and "seconds", one entry per epoch, means over the networks.
        "validation_loss" and "validation_score" are NaN in epochs that are not
        validated, see ``snapshots``.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if all are strings.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned
       MLPs and boosted trees on tabular data", NeurIPS 2024.
    .. [2] Gorishniy, Kotelnikov and Babenko, "TabM: advancing tabular deep learning
       with parameter-efficient ensembling", ICLR 2025.
    .. [3] Huang, Li, Pleiss, Liu, Hopcroft and Weinberger, "Snapshot ensembles: train
       1, get M for free", ICLR 2017.
    .. [4] Wolpert, "Stacked generalization", Neural Networks 5, 1992.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_nn import TabularRegressor
    >>> X = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0] * 20, "hue": list("rgbg") * 20})
    >>> y = X["size"] * 10
    >>> model = TabularRegressor("fast", random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (80,)
    >>> low, high = model.predict_quantiles(X, [0.1, 0.9]).T
    >>> bool((low <= high).all())
    True
    """

    _: KW_ONLY
    loss: Any = "squared_error"

    presets: ClassVar[Mapping[str, Settings]] = REGRESSOR_PRESETS
    rules: ClassVar[Mapping[str, Rule]] = {**TABULAR_RULES, **NUMBERS_RULES}

    @restore_on_error
    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the networks to the table ``X`` and its targets ``y``.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; a row of weight zero is left out.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as a patient: the rows of a group all train a
            network, or all validate it. There are at most as many folds as groups. The
            splitter ``cv`` gets them, if there is one.
        X_val : DataFrame, array or sparse matrix, default=None
            Rows to validate by, in place of folds or of a part of ``X``.
        y_val : array-like, default=None
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
            If a parameter, a column or an array breaks its rule, if training diverges,
            or if there is nothing that ``partner`` could learn, or its weight be
            learned from; the estimator is then as it was before the call.
        """
        validation = X_val, y_val, sample_weight_val
        self._fit(FitArguments(X, y, sample_weight, *validation, groups=groups))
        return self

    def predict(self, X: Any) -> Array:
        """Predict the mean of the targets, or what the loss asks for in its place.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, of float64: the mean over the networks, mixed with that
            over the partners, if there are any. A loss of several
            quantiles has that many columns for each output.
        """
        parts = self._predict_parts(X)
        return self._targets.of_mean(parts.mean)

    def _check_y(self, y: Any) -> Array:
        y = read_numbers(y, "y")
        y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return np.asarray(y)

    def _make_targets(
        self, y: Array, w: Array | None, settings: Settings
    ) -> tuple[TableNumbers, Array | None]:
        loss = (
            LOSSES[self.loss] if isinstance(self.loss, str) else plain_spec(self.loss)
        )
        loss.check_values()
        self._residuals = None
        return TableNumbers.fit(y, w, loss), w

    def _predict_each(self, raw: Array) -> Array:
        return self._targets.each(raw)

    def _store_validation(self, table: EncodedTable, oof: Array, seen: Array) -> None:
        if not len(seen) or isinstance(self._targets.loss, PinballLoss):
            return
        prediction = oof[seen].reshape(len(seen), -1)
        residuals = self._targets.decode_rows(table.Y[seen]) - prediction
        w = None if table.w is None else table.w[seen]
        self._residuals = Residuals.of(residuals, w)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
