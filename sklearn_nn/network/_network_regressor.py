"""NetworkRegressor: any network of blocks, for numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from sklearn_nn.base import REGRESSOR_RULES, NNRegressor, RealTargets, restore_on_error
from sklearn_nn.core import InvalidParameterError, Rule, integer
from sklearn_nn.network._base_network import RULES, BaseNetwork


@dataclass(eq=False, repr=False)
class NetworkRegressor(NNRegressor, BaseNetwork):
    """A network of blocks that predicts one or several numbers.

    Parameters
    ----------
    network : Block, default=None
        The network, of `sklearn_nn.blocks`, without a softmax or sigmoid at its end.
        An `Output` in it gets its width from the targets; without one, a `Dense` layer
        is appended. None is one hidden layer of 100 rectified units.
    optimizer : {"adam", "sgd", "lbfgs"} or Optimizer, default="adam"
        "sgd" and "adam" go by batches; an object of `sklearn_nn.optimizers` does so
        with its own constants. "lbfgs" works on all rows at once.
    schedule : {"constant", "invscaling", "adaptive"} or Schedule, default="constant"
        How the rate changes while training by batches. "invscaling" divides it by the
        root of the rows seen after every epoch; "adaptive" divides it by 5 at every
        plateau.
    learning_rate : float, default=0.001
        Initial rate, for training by batches.
    pruning : Pruning, default=None
        Takes the smallest weights out while training by batches: an object such as
        ``sklearn_nn.training.Pruning(density=0.1)``. `partial_fit`, which does not know
        how long the training is, leaves out what is out and takes out no more.
    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights (not the biases). It is divided by
        the rows of a batch times the mean sample weight of the training rows.
    batch_size : int or "auto", default="auto"
        Rows of a batch; "auto" is ``min(200, n_samples)``, and a larger number than
        there are rows is clipped.
    max_iter : int, default=200
        Largest number of epochs (L-BFGS: iterations).
    shuffle : bool, default=True
        Whether batches are drawn in a new order in each epoch.
    random_state : int, RandomState instance or None, default=None
        Decides on initial weights, batches, noise and the split for early stopping.
    tol : float, default=1e-4
        A loss or score is better if it is so by at least ``tol``; L-BFGS ends when no
        entry of the gradient exceeds it.
    n_iter_no_change : int, default=10
        Number of consecutive epochs without improvement after which training ends;
        ``numpy.inf`` for never.
    verbose : bool or int, default=False
        Whether to print the loss of each epoch.
    warm_start : bool, default=False
        Whether `fit` goes on from where the last training ended.
    early_stopping : bool, default=False
        Whether to watch the score on validation rows, to stop when it does not rise,
        and to keep the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping sets aside.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by L-BFGS.
    dtype : {None, numpy.float32, numpy.float64}, default=None
        Float type of the computation; None takes that of ``X`` (float64 for integers).
        float32 is about twice as fast.
    loss : str or Loss, default="squared_error"
        What is minimized, summed over outputs, by a key of `sklearn_nn.losses.LOSSES`
        ("absolute_error", "huber", "log_cosh", "poisson", "gamma", ...): half the
        squared error; the absolute error, which leads to the median; Huber's loss,
        which turns from the one to the other at an error of 1; half the Poisson
        deviance, for counts and rates, or the gamma deviance, for positive targets,
        with the exponential of the output as prediction. Or an object of
        `sklearn_nn.losses`, such as ``PinballLoss(0.9)``.

    Attributes
    ----------
    n_params_ : int
        Number of trained parameters.
    n_outputs_ : int
        Number of raw outputs.
    out_activation_ : str
        Function from raw outputs to predictions.
    n_iter_ : int
        Number of epochs of the last call (L-BFGS: iterations).
    t_ : int
        Number of training rows seen by batches.
    loss_ : float
        Training loss of the last epoch, the penalty included.
    loss_curve_ : list of float
        Training loss of every epoch.
    best_loss_ : float or None
        Smallest training loss; None with early stopping.
    validation_scores_ : list of float or None
        Validation score of every epoch; None without early stopping. It is R**2, or,
        for a loss that does not lead to the mean, such as the absolute error, the
        share of the loss of the best constant that the predictions take away.
    best_validation_score_ : float or None
        Best of them, that of the weights kept; None without early stopping.
    history_ : dict of list
        Columns "epoch", "loss", "validation_loss", "validation_score",
        "learning_rate" and "seconds", one entry per epoch; NaN where there is no value.
        After a call of `partial_fit`, the last 1000 epochs.
    n_features_in_ : int
        Number of features of a row seen in `fit`, over all its axes.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``X`` has names that are all strings.

    Notes
    -----
    ``X`` has the shape (n_samples, n_features), as everywhere in scikit-learn;
    `ToSequence` and `Reshape` make sequences and images of its rows. An array with more
    axes is taken as well: its rows then have the shape ``X.shape[1:]``.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating
    errors", Nature 323, 1986. He, Zhang, Ren and Sun, "Deep residual learning for image
    recognition", CVPR 2016 (shortcuts). Szegedy et al., "Going deeper with
    convolutions", CVPR 2015 (branches side by side). Each block names its own.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from sklearn_nn import NetworkRegressor
    >>> from sklearn_nn.blocks import Dense, Residual
    >>> X, y = load_diabetes(return_X_y=True)
    >>> net = NetworkRegressor(
    ...     Residual(Dense(4, "tanh")), optimizer="lbfgs", alpha=10.0, random_state=0
    ... )
    >>> net.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.5
    True
    """

    _rules: ClassVar[Mapping[str, Rule]] = {**REGRESSOR_RULES, **RULES}

    @restore_on_error
    def initialize(self, n_features: int | tuple[int, ...], n_outputs: int = 1) -> Self:
        """Make the network without training it, for weights that are given.

        Parameters
        ----------
        n_features : int or tuple of int
            Number of features, or the shape of a row of ``X`` with more axes.
        n_outputs : int, default=1
            Number of targets.

        Returns
        -------
        self : object
            The estimator, which predicts with its initial weights.
        """
        if not integer(1).allows(n_outputs):
            raise InvalidParameterError(
                f"`n_outputs` must be an integer of at least 1; got {n_outputs!r}."
            )
        self._check_params()
        y = np.zeros(1) if n_outputs == 1 else np.zeros((1, n_outputs))
        self._initialize(n_features, RealTargets.fit(y, self._make_loss()))
        return self
