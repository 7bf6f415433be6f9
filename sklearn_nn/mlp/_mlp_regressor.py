"""MLPRegressor: a multi-layer perceptron for numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.base import REGRESSOR_RULES, NNRegressor
from sklearn_nn.core import InvalidParameterError, Rule, integer
from sklearn_nn.mlp._base_mlp import RULES, BaseMLP, is_widths


@dataclass(eq=False, repr=False)
class MLPRegressor(NNRegressor, BaseMLP):
    """Multi-layer perceptron that predicts one or several numbers.

    A drop-in for `sklearn.neural_network.MLPRegressor`: the same parameters and fitted
    attributes, and some more of each.

    Parameters
    ----------
    loss : str or Loss, default="squared_error"
        What is minimized, summed over outputs, by a key of `sklearn_nn.losses.LOSSES`
        ("absolute_error", "huber", "log_cosh", "poisson", "gamma", ...): half the
        squared error; the absolute error, which leads to the median; Huber's loss,
        which turns from the one to the other at an error of 1; half the Poisson
        deviance, for targets that are not negative, or the gamma deviance, for positive
        ones, with an exponential output. Or an object of `sklearn_nn.losses`, such as
        ``PinballLoss(0.9)``.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Width of each hidden layer; ``()`` gives a linear model.
    activation : {"identity", "logistic", "relu", "tanh"} or Activation, default="relu"
        Activation of the hidden layers, by name or as a block of `sklearn_nn.blocks`.
    solver : {"adam", "sgd", "lbfgs"} or Optimizer, default="adam"
        "sgd" and "adam" go by batches; an object of `sklearn_nn.optimizers` does so
        with its own constants. "lbfgs" works on all rows at once and is often the best
        choice below some thousand rows.
    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights (not the biases). It is divided by
        the rows of a batch times the mean sample weight of the training rows.
    batch_size : int or "auto", default="auto"
        Rows of a batch; "auto" is ``min(200, n_samples)``, and a larger number than
        there are rows is clipped.
    learning_rate : {"constant", "invscaling", "adaptive"} or Schedule, \
            default="constant"
        How the rate changes while training by batches. "invscaling" divides it by
        ``(rows seen) ** power_t`` after every epoch; "adaptive" divides it by 5 at
        every plateau, and training ends at a plateau with a rate of 1e-6 or less.
        Unlike in scikit-learn this holds for "adam", too.
    learning_rate_init : float, default=0.001
        The initial rate.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Largest number of epochs, or of iterations of L-BFGS.
    shuffle : bool, default=True
        Whether each epoch visits the rows in a new random order.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, validation split, order of rows and dropout.
    tol : float, default=0.0001
        An epoch that does not improve the training loss (with early stopping: the
        validation score) by this much counts towards `n_iter_no_change`. For L-BFGS,
        the largest entry of the gradient at which it has converged; it also ends
        where the loss stands still to 9 digits.
    verbose : bool or int, default=False
        Whether to print the loss of every epoch.
    warm_start : bool, default=False
        Whether `fit` goes on where the last one ended: with its weights, its float
        type, the moments of its optimizer and its random generator. After early
        stopping the weights are those of its best epoch.
    momentum : float, default=0.9
        Momentum of "sgd".
    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" looks ahead.
    early_stopping : bool, default=False
        Whether to set rows aside (or use ``X_val``, ``y_val`` of `fit`), to stop when
        their score stalls, and to keep the weights of the best epoch. Unlike in
        scikit-learn this holds for "lbfgs", too, where an epoch is an iteration.
    validation_fraction : float, default=0.1
        Share of the rows that early stopping sets aside; classes are stratified.
    beta_1 : float, default=0.9
        Decay of Adam's first moment.
    beta_2 : float, default=0.999
        Decay of Adam's second moment.
    epsilon : float, default=1e-08
        Constant for numerical stability in Adam.
    n_iter_no_change : int, default=10
        Number of consecutive epochs without improvement after which training ends;
        ``numpy.inf`` for never.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by L-BFGS.
    dropout : float, default=0.0
        Probability with which each output of a hidden layer is zeroed while training
        by batches; not for "lbfgs".
    dtype : {None, numpy.float32, numpy.float64}, default=None
        Float type of the computation; None takes that of ``X`` (float64 for integers).
        float32 is about twice as fast.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (fan_in, fan_out)
        Weights of each layer. They are views: writing to them changes the model.
    intercepts_ : list of ndarray of shape (fan_out,)
        Biases of each layer.
    n_layers_ : int
        Number of layers, input and output included.
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
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``X`` has names that are all strings.

    Notes
    -----
    The first positional parameter is ``loss``, as in scikit-learn: write
    ``MLPRegressor(hidden_layer_sizes=(50,))``.

    References
    ----------
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating
    errors", Nature 323, 1986. Glorot and Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS 2010 (initial weights).
    Kingma and Ba, "Adam: a method for stochastic optimization", 2014. Liu and Nocedal,
    "On the limited memory BFGS method for large scale optimization", 1989.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_nn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> mlp = MLPRegressor(
    ...     hidden_layer_sizes=(8,), solver="lbfgs", alpha=10.0, random_state=0
    ... )
    >>> model = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    >>> model.fit(X / X.std(axis=0), y).score(X / X.std(axis=0), y) > 0.5
    True
    """

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"

    _rules: ClassVar[Mapping[str, Rule]] = {**REGRESSOR_RULES, **RULES}

    def _check_params(self) -> None:
        if is_widths(self.loss) or integer(1).allows(self.loss):
            raise InvalidParameterError(
                f"`loss` of MLPRegressor must be {self._rules['loss']}; got "
                f"{self.loss!r}. Its first positional parameter is `loss`, as in "
                f"scikit-learn: write MLPRegressor(hidden_layer_sizes={self.loss!r})."
            )
        super()._check_params()
