"""PerceptronClassifier: Rosenblatt's algorithm, one class against the rest."""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets

from sklearn_nn.base import (
    CLASS_WEIGHT,
    FLOATS,
    SEED,
    ClassTargets,
    apply_class_weight,
    check_same_classes,
    check_weights,
    declared_classes,
    draw_seeds,
    read_labels,
    report_interrupt,
    restore_on_error,
    validate_input,
)
from sklearn_nn.core import (
    Array,
    Boolean,
    OneOf,
    Rule,
    any_of,
    check_params,
    integer,
    number,
)
from sklearn_nn.perceptron._linear_classifier import LinearClassifier
from sklearn_nn.perceptron._one_against_rest import (
    WEIGHT_TRACKERS,
    Learner,
    PassOptions,
    new_learners,
    train_learners,
)
from sklearn_nn.perceptron._platt_scaling import fit_slope


@dataclass(eq=False, repr=False)
class PerceptronClassifier(LinearClassifier):
    """Rosenblatt's perceptron, exactly: one row at a time, until a pass has no mistake.

    The output for a row x is ``h(w @ x + b)`` with ``h(a) = 1 if a > 0 else 0``. Where
    it is not y, ``eta0 * sample_weight * (y - h) * x`` is added to the weights and the
    same without x to the bias weight. More than two classes are learned one against the
    rest. If planes separate the classes, training ends with no mistake; see `variant`
    for data where none does.

    Parameters
    ----------
    eta0 : float, default=0.1
        Learning rate: the factor of each correction. It matters in relation to
        `init_scale` only.
    init_scale : float, default=0.01
        Initial weights are drawn from [-init_scale, init_scale); 0 starts at zero.
    max_iter : int, default=1000
        Largest number of passes over the rows.
    shuffle : bool, default=True
        Whether each pass visits the rows in a new random order.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights and order of rows.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with the sample weights; a class that a dict
        leaves out has weight 1. "balanced" is inverse to the summed sample weights of
        the classes.
    warm_start : bool, default=False
        Whether `fit` goes on where the last one ended, random generator included.
    n_jobs : int or None, default=None
        Number of threads over the classes, as joblib takes it. The result does not
        depend on it.
    verbose : bool or int, default=0
        Whether to print the number of mistakes of every pass.
    variant : {"rosenblatt", "pocket", "averaged"}, default="rosenblatt"
        Which weights to keep. "rosenblatt" keeps the last ones. "pocket" keeps those
        with the fewest mistakes on the training rows (weighted) of all that it tries:
        weights that were right on a longer run of rows than any before in the same pass
        [2]_, and the last ones of each pass. "averaged" takes the mean of the weights
        after each row [3]_, where a row counts by its weight. The corrections are the
        same.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; one row if there are two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Bias weights.
    n_iter_ : int
        Number of passes of the last call, the most over the classes.
    converged_ : bool
        Whether the last pass over each class made no mistake.
    mistakes_ : ndarray of shape (n_iter_, 1) or (n_iter_, n_classes)
        Number of mistakes of each pass of the last call; 0 after a class had none, or
        where Ctrl-C ended its training.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if ``X`` has names that are all strings.

    Notes
    -----
    Corrections and weights are those of the loop over single rows to the last bit, but
    many rows are computed at once, so that it is much faster.

    Probabilities are the logistic function of the decision function times one slope
    (for more classes, the softmax), fitted on the training rows by maximum likelihood.
    So they agree with `predict` and rise with the decision function, but they are no
    better than that: for calibrated probabilities use
    `sklearn.calibration.CalibratedClassifierCV`.

    "pocket" and "averaged" are meant for data that no plane separates, where training
    always runs for `max_iter` passes; they do not warn about it.

    References
    ----------
    .. [1] Rosenblatt, "The perceptron: a probabilistic model for information storage
       and organization in the brain", Psychological Review 65, 1958.
    .. [2] Gallant, "Perceptron-based learning algorithms", IEEE Transactions on Neural
       Networks 1, 1990 (the pocket algorithm with ratchet).
    .. [3] Freund and Schapire, "Large margin classification using the perceptron
       algorithm", Machine Learning 37, 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_nn import PerceptronClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = PerceptronClassifier(random_state=0).fit(X, y == 0)
    >>> model.converged_, model.score(X, y == 0)
    (True, 1.0)
    """

    _: KW_ONLY
    eta0: float = 0.1
    init_scale: float = 0.01
    max_iter: int = 1000
    shuffle: bool = True
    random_state: Any = None
    class_weight: Any = None
    warm_start: bool = False
    n_jobs: int | None = None
    verbose: bool | int = 0
    variant: str = "rosenblatt"

    _rules: ClassVar[Mapping[str, Rule]] = {
        "eta0": number(0, np.inf, "()"),
        "init_scale": number(0, np.finfo(np.float64).max / 2, "[]"),
        "max_iter": integer(1),
        "shuffle": Boolean(),
        "random_state": SEED,
        "class_weight": CLASS_WEIGHT,
        "warm_start": Boolean(),
        "n_jobs": any_of(OneOf((None,)), integer(-(2**31), -1), integer(1, 2**31 - 1)),
        "verbose": any_of(Boolean(), integer(0)),
        "variant": OneOf(tuple(WEIGHT_TRACKERS)),
    }

    @restore_on_error
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Correct the weights until a pass makes no mistake.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Class labels, at least two.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor of each row's corrections; a row of weight zero is left out.

        Returns
        -------
        self : object
            The fitted estimator.

        Warns
        -----
        ConvergenceWarning
            If each of `max_iter` passes made mistakes (variant "rosenblatt").

        Raises
        ------
        ValueError
            If a parameter or an array breaks its rule; the estimator is then as it was
            before the call.
        """
        check_params(self, self._rules)
        is_first_fit = not (self.warm_start and hasattr(self, "coef_"))
        X, y, weight = self._check_data(X, y, sample_weight, is_first_fit)
        targets = ClassTargets.fit(y)
        weight = apply_class_weight(targets, self.class_weight, y, weight, False)
        if not is_first_fit:
            check_same_classes(self.classes_, targets.classes)
        seen = np.unique(y if weight is None else y[weight > 0])
        if len(seen) < 2:
            raise ValueError(
                "`y` must hold at least 2 classes in rows of positive weight; got only "
                f"one class: {seen.tolist()[0]!r}."
            )
        self._train(
            X, targets.codes(y), targets.classes, weight, self.max_iter, is_first_fit
        )
        ended = self.n_iter_ == self.max_iter  # Ctrl-C was told already
        if ended and not self.converged_ and self.variant == "rosenblatt":
            warnings.warn(self._convergence_message(), ConvergenceWarning, stacklevel=3)
        return self

    @restore_on_error
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Pass once over some rows, going on from the weights as they are.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever occur; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Factor of each row's corrections; a row of weight zero is left out.

        Returns
        -------
        self : object
            The fitted estimator. The slope of `predict_proba` is that of these rows.

        Raises
        ------
        ValueError
            If a parameter or an array breaks its rule; the estimator is then as it was
            before the call.
        """
        check_params(self, self._rules)
        is_first_fit = not hasattr(self, "coef_")
        known = None if is_first_fit else ClassTargets(self.classes_)
        X, y, weight = self._check_data(X, y, sample_weight, is_first_fit)
        targets: Any = declared_classes(known, y, classes)
        if len(targets.classes) < 2:
            raise ValueError(
                f"`classes` must hold at least 2 classes; got {targets.classes}."
            )
        weight = apply_class_weight(targets, self.class_weight, y, weight, True)
        self._train(X, targets.codes(y), targets.classes, weight, 1, is_first_fit)
        return self

    def _check_data(
        self, X: Any, y: Any, sample_weight: Any, is_first_fit: bool
    ) -> tuple[Any, Array, Array | None]:
        X, y = validate_input(
            self,
            X,
            read_labels(y, "y"),
            accept_sparse="csr",
            dtype=FLOATS if is_first_fit else self.coef_.dtype,
            order="C",
            reset=is_first_fit,
        )
        check_classification_targets(y)
        return X, y, check_weights(sample_weight, X)

    def _train(
        self,
        X: Any,
        codes: Array,
        classes: Array,
        weight: Array | None,
        max_passes: int,
        is_first_fit: bool,
    ) -> None:
        """Train copies of the learners, and keep what came out."""
        learners = self._learners_for(X, len(classes), is_first_fit)
        verbose = bool(self.verbose)
        options = PassOptions(
            float(self.eta0), int(max_passes), bool(self.shuffle), self.n_jobs, verbose
        )
        self.mistakes_, interrupt = train_learners(
            learners, X, codes, weight, options, classes
        )
        report_interrupt(interrupt, f"in pass {len(self.mistakes_) + 1}", 5)
        self.n_iter_ = len(self.mistakes_)
        self.converged_ = interrupt is None and not self.mistakes_[-1].any()
        self.classes_, self._variant = classes, self.variant
        self._learners: list[Learner] = learners
        weights = np.stack([learner.final_weights() for learner in learners])
        self.coef_ = weights[:, :-1].copy()
        self.intercept_ = weights[:, -1].copy()
        w = np.ones(len(codes)) if weight is None else weight
        with np.errstate(over="ignore", invalid="ignore"):
            scores = self._scores(X)
        if not np.isfinite(scores).all():
            raise ValueError(
                "`X` must hold numbers whose products with the weights are finite; the "
                f"largest of X is {np.abs(X).max():g}, the largest weight "
                f"{np.abs(self.coef_).max():g}. Scale the columns of `X`."
            )
        self._slope = fit_slope(scores, codes, w)

    def _learners_for(
        self, X: Any, n_classes: int, is_first_fit: bool
    ) -> list[Learner]:
        """Return new learners or copies of the old: a failure must not touch those."""
        if is_first_fit:
            (seed,) = draw_seeds(self.random_state, 1)
            n, scale = n_classes if n_classes > 2 else 1, abs(float(self.init_scale))
            return new_learners(n, X.shape[1], X.dtype, scale, self.variant, seed)
        learners = deepcopy(self._learners)
        if self.variant != self._variant:
            for learner in learners:
                learner.tracker = WEIGHT_TRACKERS[self.variant]()
        return learners

    def _convergence_message(self) -> str:
        last = self.mistakes_[-1]
        which = f" ({last.tolist()} by class)" if len(last) > 1 else ""
        return (
            f"The last of {self.n_iter_} passes made {last.sum()} mistakes{which}: the "
            "perceptron has not converged. If the classes can be separated by a plane, "
            "raise `max_iter`; if not, set variant='pocket' or 'averaged', add "
            "features, or use a multi-layer perceptron."
        )
