"""BaseTabular: a raw table in, an ensemble of networks trained at once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.base import (
    VALIDATION,
    CallbackMonitor,
    CallbackSupportMixin,
    FitArguments,
    check_diverged,
    check_groups,
    check_readable,
    check_same_length,
    check_weights,
    draw_seeds,
    named_with,
    report_interrupt,
    write_epoch,
)
from sklearn_nn.core import (
    Array,
    PartsInHTML,
    Rule,
    VersionedState,
    check_params,
    single_blas_thread,
)
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.tabular._cv_splits import split_by
from sklearn_nn.tabular._input import sources_of
from sklearn_nn.tabular._members import (
    MemberGroup,
    group_members,
    keep_best_epoch,
    make_runs,
    validate,
)
from sklearn_nn.tabular._network import importances
from sklearn_nn.tabular._partner import Mixture, Partners, mixed, objection_to
from sklearn_nn.tabular._presets import AUTO, TABULAR_RULES, Settings, is_auto
from sklearn_nn.tabular._splits import EncodedTable, append_validation, split_rows
from sklearn_nn.tabular._validation import mean_by_row
from sklearn_nn.training import (
    Epoch,
    Kept,
    Monitor,
    Printer,
    TimeLimit,
    train_together,
)

ADVICE = "Lower `learning_rate`, or look for extreme values in `X` and `y`."


@dataclass(eq=False, repr=False)
class BaseTabular(
    CallbackSupportMixin, VersionedState, PartsInHTML, BaseEstimator, ABC
):
    """What the estimators for tables share; the public ones add their parameters."""

    preset: str = "default"
    _: KW_ONLY
    categorical_features: Any = "from_dtype"
    n_bags: Any = AUTO
    n_members: Any = AUTO
    max_epochs: Any = AUTO
    hidden_layer_sizes: Any = AUTO
    embedding: Any = AUTO
    activation: Any = AUTO
    share_weights: Any = AUTO
    dropout: Any = AUTO
    weight_decay: Any = AUTO
    learning_rate: Any = AUTO
    cycles: Any = AUTO
    tol: Any = AUTO
    snapshots: Any = AUTO
    batch_size: Any = AUTO
    n_iter_no_change: Any = AUTO
    partner: Any = AUTO
    validation_fraction: float = 0.2
    cv: Any = None
    store_oof_predictions: Any = False
    scoring: Any = AUTO
    max_time: Any = None
    n_jobs: Any = None
    random_state: Any = None
    verbose: Any = False

    presets: ClassVar[Mapping[str, Settings]]
    rules: ClassVar[Mapping[str, Rule]] = TABULAR_RULES

    def _fit(self, arguments: FitArguments) -> None:
        """Check, encode, compile, train, keep."""
        check_params(self, self.rules)
        # The result must not depend on how many threads a product may use.
        with single_blas_thread():
            self._fit_on_one_thread(arguments)

    def _fit_on_one_thread(self, arguments: FitArguments) -> None:
        limit = None if self.max_time is None else TimeLimit(float(self.max_time))
        settings = Settings.of(self, self.presets)
        (seed,) = draw_seeds(self.random_state, 1)
        table = self._make_table(arguments, settings, seed)
        settings = settings.for_numbers(self._encoder.n_numeric_)
        settings = settings.for_rows(table.n_fewest, table.n_val)
        partners = self._train_partners(table, settings, seed)
        groups = group_members(table, settings)
        parts = self._encoder, self._targets, seed
        runs = make_runs(groups, table, settings, *parts)
        self._networks = [training_run.net for training_run in runs]
        self.history_: dict[str, list[Any]] = {f.name: [] for f in fields(Epoch)}
        n_epochs = settings.max_epochs
        callbacks = self._callbacks(arguments, n_epochs)
        best = keep_best_epoch(runs, groups, table, settings, self._targets)
        monitors: list[Monitor] = [] if best is None else [best]
        if self.verbose:
            monitors.append(Printer(n_epochs, limit))
        outcome = train_together(
            runs,
            None,
            [*monitors, *callbacks],
            n_epochs,
            effective_n_jobs(self.n_jobs),
            limit,
        )
        report_interrupt(outcome.interrupt, f"in epoch {len(outcome.epochs) + 1}")
        for epoch in outcome.epochs:
            self._record_epoch(epoch)
        is_kept = best is not None and best.kept.epoch > 0
        check_diverged(self._networks, table.X_train[:64], is_kept, outcome, ADVICE)
        if best is not None and not best.kept.epoch:
            raise ValueError(
                f"`scoring`={settings.scoring!r} must give a number for the validation "
                "rows; it was NaN in every epoch, so that there is no best one. Take "
                "another scorer, or None for the loss."
            )
        kept = Kept() if best is None else best.kept
        if kept.later:
            self._networks += kept.later
            groups *= 2
        self._store_results(table, kept, groups, partners, settings)
        for callback in callbacks:
            callback.end(None)

    # -- what the estimators tell

    @abstractmethod
    def _check_y(self, y: Any) -> Any:
        """Return the targets as an array."""

    @abstractmethod
    def _make_targets(
        self, y: Any, w: Array | None, settings: Settings
    ) -> tuple[Any, Array | None]:
        """Return the encoder of ``y``, and the row weights times those of classes."""

    @abstractmethod
    def _predict_each(self, raw: Array) -> Array:
        """Return the predictions of networks, of which the mean counts."""

    def _calibrate(
        self, table: EncodedTable, raw: Array, rows: Array, settings: Settings
    ) -> None:
        """Learn from validation rows (m,), of outputs (m, n_raw), how sure to be."""

    def _store_validation(self, table: EncodedTable, oof: Array, seen: Array) -> None:
        """Keep what predictions out of the folds (n, ...) say, of the ``seen`` rows."""

    # -- check and encode

    def _make_table(
        self, arguments: FitArguments, settings: Settings, seed: int
    ) -> EncodedTable:
        self._check_splitting(arguments)
        X, y, w = self._check(arguments.X, arguments.y, arguments.sample_weight)
        groups = check_groups(arguments.groups, X)
        self._targets, w = self._make_targets(y, w, settings)
        kept = None if w is None or w.all() else w > 0
        splits = None
        if self.cv is not None:
            splits = split_by(self.cv, X, y, groups, kept)
        places = None if kept is None else np.flatnonzero(kept)
        self._encoder = TableEncoder(categorical_features=self.categorical_features)
        Z = self._encoder.fit_for(self, X, places, 9).transform_for(self, X)
        Y = self._targets.encode(y, Z.dtype)
        if kept is not None and w is not None:
            Z, Y, y, w = Z[kept], Y[kept], y[kept], w[kept]
            groups = None if groups is None else groups[kept]
        n_bags = int(settings.n_bags)
        if not arguments.validates:
            if splits is None:
                labels = self._targets.stratify_labels(y)
                fraction = float(self.validation_fraction)
                splits = split_rows(len(Z), labels, n_bags, fraction, seed, groups)
            return EncodedTable(Z, Y, w, len(Z), splits, kept)
        with named_with(VALIDATION):
            X, y_val, w_val = self._check(
                arguments.X_val, arguments.y_val, arguments.sample_weight_val
            )
            Z_val = self._encoder.transform_for(self, X)
            Y_val = self._targets.encode(y_val, Z.dtype)
        return append_validation((Z, Y, w), (Z_val, Y_val, w_val), n_bags)

    def _check_splitting(self, arguments: FitArguments) -> None:
        """Raise if something that says how to split rows would be ignored."""
        if self.cv is not None and not is_auto(self.n_bags):
            raise ValueError(
                f'`n_bags` must be "auto" with `cv`, whose splits are the bags; got '
                f"{self.n_bags!r}. Leave out one of them."
            )
        of_splits = {
            "groups": arguments.groups is not None,
            "cv": self.cv is not None,
            "store_oof_predictions": bool(self.store_oof_predictions),
        }
        given = [f"`{name}`" for name, is_given in of_splits.items() if is_given]
        if arguments.validates and given:
            raise ValueError(
                f"{' and '.join(given)} must not be given with `X_val`, for its rows "
                "validate and those of `X` are not split. Leave out one or the other."
            )

    def _check(self, X: Any, y: Any, sample_weight: Any) -> Any:
        check_readable(X)
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        y = self._check_y(y)
        check_same_length(X, y)
        return X, y, check_weights(sample_weight, X)

    # -- train

    def _train_partners(
        self, table: EncodedTable, settings: Settings, seed: int
    ) -> Partners:
        """Return what trains beside the networks; nothing if there is no partner."""
        self.partners_: list[Any] = []  # callbacks may ask for predictions
        self.partner_weight_ = 0.0
        if settings.partner is None:
            return Partners()
        objection = objection_to(settings.partner, table, self._targets)
        if objection and not is_auto(self.partner):
            raise ValueError(objection)
        if objection:
            return Partners()
        parts = self._encoder, self._targets, seed
        return Partners.fit(settings.partner, table, *parts)

    def _callbacks(
        self, arguments: FitArguments, n_epochs: int
    ) -> list[CallbackMonitor]:
        """Return the monitor that tells scikit-learn's callbacks, if it has them."""
        if not hasattr(self, "_init_callback_context"):
            return []
        names = "sample_weight", "groups"
        given = {name: getattr(arguments, name) for name in names}
        given = {name: value for name, value in given.items() if value is not None}
        callback_arguments = {
            "X": arguments.X,
            "y": arguments.y,
            "metadata": given or None,
        }
        return [CallbackMonitor(self, "fit", n_epochs, callback_arguments)]

    def _record_epoch(self, epoch: Epoch) -> None:
        """Add an epoch to the fitted attributes."""
        write_epoch(epoch, self.history_)
        self.n_iter_ = len(self.history_["epoch"])

    def _snapshot(self, net: Any) -> dict[str, Any]:
        """Return copies of what training goes on to change, for callbacks to keep."""
        history = {name: list(column) for name, column in self.history_.items()}
        networks = [network.copy() for network in self._networks]
        return {"_networks": networks, "history_": history}

    # -- keep

    def _store_results(
        self,
        table: EncodedTable,
        kept: Kept,
        groups: list[MemberGroup],
        partners: Partners,
        settings: Settings,
    ) -> None:
        self.best_epoch_, self.best_scores_ = kept.epoch, kept.scores
        self.n_iter_ = len(self.history_["epoch"])
        self.n_params_ = sum(net.layout.n_trained for net in self._networks)
        self.feature_importances_ = self._importances(table, settings)
        raw, rows = validate(self._networks, groups, table, self._targets.n_raw)
        self._calibrate(table, raw, rows, settings)
        own = mean_by_row(self._predict_each(raw), rows, len(table.X))
        seen = np.unique(rows)
        if table.w is not None:  # rows of `X_val` may have no weight
            seen = seen[table.w[seen] > 0]
        self.partner_weight_ = partners.weight(own, table, seen, self._targets)
        self.partners_ = list(partners.estimators) if self.partner_weight_ else []
        found = mixed(own, partners.out_of_fold, self.partner_weight_)
        oof = self._targets.of_mean(found)
        self._store_validation(table, oof, seen)
        self.__dict__.pop("oof_predictions_", None)  # of an earlier fit
        if self.store_oof_predictions:
            self.oof_predictions_ = table.for_all_rows(oof)

    def _importances(self, table: EncodedTable, settings: Settings) -> Array:
        """Return the share of each column in what moves the first layer."""
        sources = sources_of(settings.embedding, self._encoder)
        found = importances(self._networks, sources, table.X_train)
        shares = np.zeros(self.n_features_in_)
        shares[: len(found)] = found / (found.sum() or 1.0)
        return shares

    @property
    def loss_curve_(self) -> list[float]:
        """Return the training loss of every epoch, the mean over members."""
        return self.history_["loss"]

    # -- predict

    def _encode(self, X: Any) -> Array:
        check_is_fitted(self, "n_iter_")
        check_readable(X)
        return self._encoder.transform_for(self, X)

    def _infer(self, Z: Array) -> Array:
        """Return the raw outputs of all members: (k, n, n_raw)."""
        return np.concatenate([net.infer(Z, exact=True) for net in self._networks])

    def _raw_predict(self, X: Any) -> Array:
        """Return the raw outputs of all members for the table ``X``."""
        return self._infer(self._encode(X))

    def _predict_parts(self, X: Any) -> Mixture:
        """Return the predictions of all networks and partners. Safe in threads."""
        Z = self._encode(X)
        parts = self.partners_, self.partner_weight_, Z, self._targets
        return Mixture.of(self._predict_each(self._infer(Z)), *parts)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
