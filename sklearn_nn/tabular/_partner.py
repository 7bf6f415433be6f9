"""Partners: estimators that train on the rows of each fold beside the networks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn import get_config
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import ThreadpoolController

from sklearn_nn.base import draw_seeds
from sklearn_nn.core import Array, Loss, shown
from sklearn_nn.losses import (
    AbsoluteError,
    HalfGammaDeviance,
    HalfPoissonDeviance,
    HalfSquaredError,
    PinballLoss,
)
from sklearn_nn.tabular._splits import EncodedTable, Split
from sklearn_nn.tabular._targets import TableClasses

BOOSTING = "hist_gradient_boosting"
BOOSTING_OPTIONS = {
    "learning_rate": 0.08,
    "max_iter": 1000,
    "max_features": 0.5,
    "early_stopping": True,
    "n_iter_no_change": 20,
}
MOST_LEVELS = 255  # of a categorical column, as scikit-learn's trees read it
BOOSTED_LOSSES = {
    HalfSquaredError: "squared_error",
    AbsoluteError: "absolute_error",
    HalfPoissonDeviance: "poisson",
    HalfGammaDeviance: "gamma",
    PinballLoss: "quantile",
}


def is_partner_of_classes(value: Any) -> bool:
    """Whether ``value`` is a classifier that tells probabilities."""
    return (
        _is_estimator(value)
        and is_classifier(value)
        and hasattr(value, "predict_proba")
    )


def is_partner_of_numbers(value: Any) -> bool:
    """Whether ``value`` is a regressor."""
    return _is_estimator(value) and is_regressor(value)


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "__sklearn_tags__") and not isinstance(value, type)


@dataclass(frozen=True, eq=False)
class Partners:
    """Trained clones of a partner, one for each split, and what they predict.

    ``out_of_fold`` (n, m) are predictions as of `targets.each`, of each row by those
    clones that it validates, the mean over them; NaN for a row that validates none.
    """

    estimators: Sequence[Any] = ()
    out_of_fold: Array | None = None

    @classmethod
    def fit(
        cls, partner: Any, table: EncodedTable, encoder: Any, targets: Any, seed: int
    ) -> Self:
        """Train a clone of the partner on the train rows of each split.

        Splits that are one and the same, as with `X_val`, share a clone.
        """
        is_boosting = isinstance(partner, str)
        model = _boosting(targets, table, encoder) if is_boosting else partner
        splits = list({id(split): split for split in table.splits}.values())
        seeds = draw_seeds(seed, len(splits))
        clones = [_seeded(clone(model), own) for own in seeds]
        sums, counts = np.zeros((len(table.X), targets.n_raw)), np.zeros(len(table.X))
        try:
            with _one_thread():
                for estimator, split in zip(clones, splits, strict=True):
                    stops = is_boosting and has_fit_parameter(estimator, "X_val")
                    _fit(estimator, split, table, stops)
                    found = _predict(estimator, table.X[split.val], targets)
                    if not np.isfinite(found).all():
                        raise ValueError("The predictions of rows must be finite.")
                    sums[split.val] += found
                    counts[split.val] += 1
        except Exception as error:
            error.add_note(f"It was raised by `partner`={shown(partner)}.")
            raise
        sums[counts == 0] = np.nan
        return cls(clones, sums / np.maximum(counts, 1)[:, None])

    def weight(
        self, own: Array, table: EncodedTable, rows: Array, targets: Any
    ) -> float:
        """Return the weight with which the ``rows`` that validated have least loss.

        It is 0 if the mean gain is not larger than its standard error: what few rows
        tell may be chance, and without partners the model is smaller.
        Shapes: own (n, m), what the networks predict of each row; rows (k,).

        References
        ----------
        Wolpert, "Stacked generalization", Neural Networks 5, 1992.

        Breiman, Friedman, Olshen and Stone, "Classification and regression trees",
        1984: the rule of one standard error.
        """
        if self.out_of_fold is None or len(rows) < 2:
            return 0.0
        own, other, Y = own[rows], self.out_of_fold[rows], table.Y[rows]
        w = np.ones(len(rows)) if table.w is None else table.w[rows]

        def losses(weight: float) -> Array:
            return targets.losses(Y, mixed(own, other, weight))

        def loss(weight: float) -> float:
            return float(np.average(losses(weight), weights=w))

        found = float(minimize_scalar(loss, bounds=(0, 1), method="bounded").x)
        best = min(found, 1.0, key=loss)  # the search never comes to the bounds
        gains = losses(0.0) - losses(best)
        gain = np.average(gains, weights=w)
        spread = np.sum((w * (gains - gain)) ** 2) * len(w) / (len(w) - 1)
        return best if gain > np.sqrt(spread) / w.sum() else 0.0


class Mixture(NamedTuple):
    """Predictions of networks, and those of partners, which have a weight in [0, 1].

    Shapes: networks (k, n, m), partners (l, n, m); l may be 0 where the weight is.
    """

    weight: float
    networks: Array
    partners: Array

    @classmethod
    def of(
        cls, networks: Array, estimators: Sequence[Any], weight: float, X: Array, t: Any
    ) -> Self:
        """Let the estimators predict the encoded rows X, of the targets t."""
        if not weight:
            return cls(0.0, networks, networks[:0])
        with _one_thread():
            partners = [_predict(estimator, X, t) for estimator in estimators]
        return cls(weight, networks, np.stack(partners))

    @property
    def mean(self) -> Array:
        """Return the mean over networks and the mean over partners, mixed: (n, m)."""
        return self._combine(lambda each: each.mean(axis=0, dtype=np.float64), 1)

    @property
    def variance(self) -> Array:
        """Return the variance of one network mixed with one partner: (n, m)."""
        return self._combine(lambda each: each.var(axis=0, dtype=np.float64), 2)

    def _combine(self, reduce: Callable[[Array], Array], power: int) -> Array:
        if not self.weight:
            return reduce(self.networks)
        own, other = reduce(self.networks), reduce(self.partners)
        return (1 - self.weight) ** power * own + self.weight**power * other


def mixed(own: Array, other: Any, weight: float) -> Array:
    """Return the predictions of networks, and of partners if there are any, mixed."""
    return (1 - weight) * own + weight * other if weight else own


def objection_to(partner: Any, table: EncodedTable, targets: Any) -> str | None:
    """Return why the partner cannot train on the table; None if it can."""
    is_boosting = isinstance(partner, str)
    takes_weights = is_boosting or has_fit_parameter(partner, "sample_weight")
    reason = None
    if not len(table.splits[0].val):
        reason = (
            "needs rows that validate, which decide on its weight, and there are none."
            " Fit 16 rows or more with `n_bags` of 2 or more, with a "
            "`validation_fraction` above 0, or with `X_val` and `y_val`"
        )
    elif table.w is not None and not takes_weights:
        reason = (
            "takes no `sample_weight` in fit, and rows or classes have weights. Leave "
            "them out, pass an estimator that takes them"
        )
    elif isinstance(targets, TableClasses):
        if any(np.ptp(table.Y[split.train]) == 0 for split in table.splits):
            reason = (
                "needs rows of two classes to train on, and in a fold there are those "
                "of one. Pass more rows of the others"
            )
    else:
        reason = _objection_to_numbers(partner, table, targets.loss)
    return reason and f"`partner`={shown(partner)} {reason}, or set partner=None."


def _objection_to_numbers(partner: Any, table: EncodedTable, loss: Loss) -> str | None:
    if loss.raw_per_target > 1:
        return (
            f"predicts one number for each output, and `loss`={shown(loss)} asks for "
            "several. Fit a model for each quantile"
        )
    if isinstance(partner, str):
        if type(loss) in BOOSTED_LOSSES:
            return None
        return (
            f"has no loss like `loss`={shown(loss)}. Pass an estimator that has one, "
            "take another loss"
        )
    n_outputs = table.Y.shape[1]
    if n_outputs == 1 or get_tags(partner).target_tags.multi_output:
        return None
    return (
        f"predicts one output, and `y` has {n_outputs}. Wrap it in scikit-learn's "
        "MultiOutputRegressor"
    )


def _boosting(targets: Any, table: EncodedTable, encoder: Any) -> Any:
    """Return boosted trees for the targets, which know the categories."""
    from sklearn.ensemble import (  # it takes its time
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    sizes = encoder.embedding_sizes_
    codes = range(table.X.shape[1] - len(sizes), table.X.shape[1])
    few = [i for i, n in zip(codes, sizes, strict=True) if n <= MOST_LEVELS]
    options = BOOSTING_OPTIONS | {"categorical_features": few or None}
    if isinstance(targets, TableClasses):
        return HistGradientBoostingClassifier(**options)
    model = HistGradientBoostingRegressor(**options, **_boosted(targets.loss))
    if table.Y.shape[1] == 1:
        return model
    if get_config().get("enable_metadata_routing"):
        model.set_fit_request(sample_weight=True)
    return MultiOutputRegressor(model)


def _boosted(loss: Loss) -> dict[str, Any]:
    options: dict[str, Any] = {"loss": BOOSTED_LOSSES[type(loss)]}
    if isinstance(loss, PinballLoss):
        options["quantile"] = float(np.ravel(loss.quantile)[0])
    return options


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep the loops of libraries that are loaded by now to one thread of OpenMP.

    Its threads wait for each other after every loop: where other processes want the
    cores, two of them take twenty times as long as one. The limit is this thread's.
    """
    pools = ThreadpoolController().select(user_api="openmp").lib_controllers
    found = [pool.num_threads for pool in pools]
    try:
        _set_threads(pools, [1] * len(pools))
        yield
    finally:
        try:
            _set_threads(pools, found)
        except BaseException:  # Ctrl-C, again: it must be done all the same
            _set_threads(pools, found)
            raise


def _set_threads(pools: Sequence[Any], numbers: Sequence[int]) -> None:
    for pool, number in zip(pools, numbers, strict=True):
        pool.set_num_threads(number)


def _seeded(estimator: Any, seed: int) -> Any:
    """Give the estimator, and those in it, the seed where they have none."""
    params = estimator.get_params()
    free = [n for n in params if n.split("__")[-1] == "random_state"]
    return estimator.set_params(**{n: seed for n in free if params[n] is None})


def _fit(estimator: Any, split: Split, table: EncodedTable, stops: bool) -> None:
    """Fit to the train rows; with ``stops`` the others say when to stop."""
    Y = table.Y[:, 0] if table.Y.ndim == 2 and table.Y.shape[1] == 1 else table.Y
    rows, val = split.train, split.val
    options = {} if table.w is None else {"sample_weight": table.w[rows]}
    if stops and is_classifier(estimator):  # it cannot judge classes it never saw
        val = val[np.isin(Y[val], Y[rows])]
    if stops and len(val):
        options |= {"X_val": table.X[val], "y_val": Y[val]}
        if table.w is not None:
            options["sample_weight_val"] = table.w[val]
    estimator.fit(table.X[rows], Y[rows], **options)


def _predict(estimator: Any, X: Array, targets: Any) -> Array:
    """Return predictions as of `targets.each`: (n, m), of float64."""
    if not isinstance(targets, TableClasses):
        found = np.asarray(estimator.predict(X), np.float64)
        return found.reshape(len(X), targets.n_raw)
    p = np.zeros((len(X), targets.n_raw))  # of a class that did not train it, none
    p[:, estimator.classes_] = estimator.predict_proba(X)
    return p
