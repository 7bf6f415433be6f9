"""NetworkClassifier: any network of blocks, for classes and labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from sklearn_nn.base import (
    CLASSIFIER_RULES,
    NNClassifier,
    read_classes,
    read_labels,
    restore_on_error,
)
from sklearn_nn.core import Rule
from sklearn_nn.network._base_network import RULES, BaseNetwork


@dataclass(eq=False, repr=False)
class NetworkClassifier(NNClassifier, BaseNetwork):
    """A network of blocks that predicts class probabilities by minimal log loss.

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
        Share of the rows that early stopping sets aside; classes are stratified.
    max_fun : int, default=15000
        Largest number of evaluations of the loss by L-BFGS.
    dtype : {None, numpy.float32, numpy.float64}, default=None
        Float type of the computation; None takes that of ``X`` (float64 for integers).
        float32 is about twice as fast.
    class_weight : dict, "balanced", list of dict or None, default=None
        Weight of the rows of each class. "balanced" gives all classes the same total
        weight. For an indicator matrix, a list with a dict per label.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels; for an indicator matrix, the numbers of its columns.
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
        Validation score of every epoch; None without early stopping.
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
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_nn import NetworkClassifier
    >>> from sklearn_nn.blocks import Dense, Dropout, Residual, chain
    >>> X, y = load_iris(return_X_y=True)
    >>> body = chain(Dense(16, "relu"), Residual(Dense(16, "relu")), Dropout(0.1))
    >>> net = NetworkClassifier(body, learning_rate=0.01, tol=1e-2, random_state=0)
    >>> model = make_pipeline(StandardScaler(), net).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    _rules: ClassVar[Mapping[str, Rule]] = {**RULES, **CLASSIFIER_RULES}

    @restore_on_error
    def initialize(self, n_features: int | tuple[int, ...], classes: Any) -> Self:
        """Make the network without training it, for weights that are given.

        Parameters
        ----------
        n_features : int or tuple of int
            Number of features, or the shape of a row of ``X`` with more axes.
        classes : array-like of shape (n_classes,)
            The class labels.

        Returns
        -------
        self : object
            The estimator, which predicts with its initial weights.

        Examples
        --------
        The exclusive or, as a network of step functions with nine parameters:

        >>> from sklearn_nn import NetworkClassifier
        >>> from sklearn_nn.blocks import Dense, Output, chain
        >>> net = chain(
        ...     Dense(2, "step", kernel=[[1, 1], [1, 1]], bias=[-1.5, -0.5]),
        ...     Output("step", kernel=[[-1], [1]], bias=[-0.5]),
        ... )
        >>> xor = NetworkClassifier(net).initialize(n_features=2, classes=[0, 1])
        >>> xor.predict([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist(), xor.n_params_
        ([0, 1, 1, 0], 9)
        """
        self._initialize(n_features, read_classes(read_labels(classes, "classes")))
        return self
