"""BaseTabular: a raw table in, an ensemble of networks trained at once."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_nn.core import (
    Array,
    Clock,
    Rule,
    check_params,
    compile_network,
)
from sklearn_nn.estimators._base import Given
from sklearn_nn.estimators._callbacks import CallbackMonitor, CallbackSupportMixin
from sklearn_nn.estimators._encoding import check_weights
from sklearn_nn.estimators._report import check_diverged
from sklearn_nn.estimators._tabular_network import (
    importances,
    make_block,
    segments_of,
    start_from_rows,
)
from sklearn_nn.estimators._tabular_plan import AUTO, TABULAR_RULES, Plan
from sklearn_nn.estimators._tabular_splits import (
    Split,
    Table,
    join,
    split_rows,
)
from sklearn_nn.estimators._tabular_validation import (
    member_evaluator,
    validation_batch,
)
from sklearn_nn.optimizers import AdamW
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.schedules import CosineLog, FlatCosine
from sklearn_nn.training import (
    Course,
    Epoch,
    KeepBestMembers,
    MemberData,
    Monitor,
    Printer,
    Recipe,
    TrainingState,
    train_together,
)

# Members that are trained side by side in one network: few, so that what a step
# computes stays in the cache.
FLOATS_OF_A_GROUP = 1 << 15
WAY_OUT = "Lower `learning_rate`, or look for extreme values in `X` and `y`."


@dataclass(eq=False, repr=False)
class BaseTabular(CallbackSupportMixin, BaseEstimator, ABC):
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
    batch_size: Any = AUTO
    n_iter_no_change: Any = AUTO
    validation_fraction: float = 0.2
    scoring: Any = AUTO
    max_time: Any = None
    n_jobs: Any = None
    random_state: Any = None
    verbose: Any = False

    presets: ClassVar[Mapping[str, Plan]]
    rules: ClassVar[Mapping[str, Rule]] = TABULAR_RULES

    def _fit(self, given: Given) -> None:
        """Check, encode, compile, train, keep."""
        check_params(self, self.rules)
        plan = Plan.of(self, self.presets)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        table = self._read(given, plan, seed)
        courses = self._courses(table, plan, np.random.SeedSequence(seed))
        self._networks = [course.net for course in courses]
        self.history_: dict[str, list[Any]] = {f.name: [] for f in fields(Epoch)}
        callbacks = self._callbacks(given, plan)
        monitors: list[Monitor] = [Printer()] if self.verbose else []
        outcome = train_together(
            courses,
            None,
            [*monitors, *callbacks],
            plan.max_epochs,
            effective_n_jobs(self.n_jobs),
            np.inf if self.max_time is None else self.max_time,
        )
        if not callbacks:
            for epoch in outcome.epochs:
                self._publish(epoch)
        best = [monitor.best_scores for monitor in _best_of(courses)]
        is_kept = bool(best) and bool(np.isfinite(np.concatenate(best)).all())
        check_diverged(self._networks, is_kept, outcome, WAY_OUT)
        self._keep(table, courses, plan)
        for callback in callbacks:
            callback.end(None)

    # -- what the estimators tell

    @abstractmethod
    def _check_y(self, y: Any) -> Any:
        """Return the targets as an array."""

    @abstractmethod
    def _read_targets(self, y: Any, w: Array | None, plan: Plan) -> Any:
        """Return the encoder of ``y``."""

    def _weigh(self, y: Any, w: Array | None) -> Array | None:
        """Return the row weights times those of the classes."""
        return w

    # -- check and encode

    def _read(self, given: Given, plan: Plan, seed: int) -> Table:
        X, y, w = self._check(given.X, given.y, given.sample_weight, reset=True)
        self._targets = self._read_targets(y, w, plan)
        w = self._weigh(y, w)
        kept = None if w is None or w.all() else np.flatnonzero(w)
        self._encoder = TableEncoder(categorical_features=self.categorical_features)
        Z = self._encoder.fit(X, rows=kept).transform(X)
        Y = self._targets.encode(y, Z.dtype)
        if kept is not None and w is not None:
            Z, Y, y, w = Z[kept], Y[kept], y[kept], w[kept]
        n_bags = int(plan.n_bags)
        if not given.validates:
            strata, fraction = self._targets.strata(y), self.validation_fraction
            splits = split_rows(len(Z), strata, n_bags, fraction, seed)
            return Table(Z, Y, w, len(Z), splits)
        X_val, y_val, w_val = self._check(
            given.X_val, given.y_val, given.sample_weight_val, reset=False
        )
        Z_val = self._encoder.transform(X_val)
        Y_val = self._targets.encode(y_val, Z.dtype)
        return join((Z, Y, w), (Z_val, Y_val, w_val), n_bags)

    def _check(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> Any:
        validate_data(self, X, y, skip_check_array=True, reset=reset)
        y = self._check_y(y)
        check_consistent_length(X, y)
        return X, y, check_weights(sample_weight, X)

    # -- compile

    def _courses(
        self, table: Table, plan: Plan, seeds: np.random.SeedSequence
    ) -> list[Course]:
        """Return the trainings of all groups of members."""
        members = _repeated(table.splits, plan.n_members)
        size = plan.rows_of_a_batch(min(len(split.train) for split in members))
        at_once = max(
            1, FLOATS_OF_A_GROUP // (size * max(plan.hidden_layer_sizes, default=1))
        )
        groups = [members[i : i + at_once] for i in range(0, len(members), at_once)]
        block = make_block(plan, self._encoder, table.X_train, self._targets.n_raw)
        return [
            self._course(block, table, plan, group, size, seed)
            for group, seed in zip(groups, seeds.spawn(len(groups)), strict=True)
        ]

    def _course(
        self,
        block: Any,
        table: Table,
        plan: Plan,
        group: list[Split],
        size: int,
        seed: np.random.SeedSequence,
    ) -> Course:
        rng = np.random.Generator(np.random.PCG64DXSM(seed))
        X, Y, w = table.X, table.Y, table.w
        net = compile_network(block, X.shape[1:], X.dtype, rng, members=len(group))
        start_from_rows(net, table.X_train, rng)
        optimizer = AdamW(0.9, 0.95, 1e-8, plan.weight_decay, FlatCosine())
        recipe = Recipe(
            optimizer,
            CosineLog(plan.cycles),
            plan.learning_rate,
            0.0,
            size,
            True,
            segments_of(net.layout),
        )
        data = MemberData.of(X, Y, w, [split.train for split in group])
        state = TrainingState(optimizer.init(net.trained), rng, Clock())
        monitors = []
        if len(group[0].val):
            batch = validation_batch(X, Y, w, [split.val for split in group])
            evaluate = member_evaluator(self._targets, batch, plan.scoring)
            monitors.append(KeepBestMembers(net, evaluate, plan.n_iter_no_change))
        return Course(net, self._targets.loss, data, recipe, state, monitors)

    # -- train

    def _callbacks(self, given: Given, plan: Plan) -> list[CallbackMonitor]:
        """Return the monitor that tells scikit-learn's callbacks, if it has them."""
        if not hasattr(self, "_init_callback_context"):
            return []
        w = given.sample_weight
        metadata = None if w is None else {"sample_weight": w}
        told = {"X": given.X, "y": given.y, "metadata": metadata}
        return [CallbackMonitor(self, "fit", plan.max_epochs, told)]

    def _publish(self, epoch: Epoch) -> None:
        """Add an epoch to the fitted attributes."""
        for name, value in vars(epoch).items():
            self.history_[name].append(value)
        self.n_iter_ = len(self.history_["epoch"])

    def _snapshot(self, net: Any) -> dict[str, Any]:
        """Return copies of what training goes on to change, for callbacks to keep."""
        history = {name: list(column) for name, column in self.history_.items()}
        networks = [network.copy() for network in self._networks]
        return {"_networks": networks, "history_": history}

    # -- keep

    def _keep(self, table: Table, courses: list[Course], plan: Plan) -> None:
        best = _best_of(courses)
        scores, epochs = [np.empty(0)], [np.empty(0, int)]
        self.best_scores_ = np.concatenate(scores + [m.best_scores for m in best])
        self.best_epochs_ = np.concatenate(epochs + [m.best_epochs for m in best])
        self.n_iter_ = len(self.history_["epoch"])
        self.n_params_ = sum(net.layout.n_trained for net in self._networks)
        self.feature_importances_ = importances(
            self._networks, self._encoder, table.X_train
        )

    def _validate(self, table: Table, n_members: int) -> tuple[Array, Array]:
        """Return raw outputs of each network for its validation rows, and those rows.

        Shapes: (m, n_raw), (m,); the rows of one network come after those of another.
        """
        splits = iter(_repeated(table.splits, n_members))
        raws, rows = [np.empty((0, self._targets.n_raw))], [np.empty(0, int)]
        for net in self._networks:
            own = [next(splits).val for _ in range(net.members or 1)]
            if len(own[0]):
                batch = validation_batch(table.X, table.Y, None, own)
                raw = net.infer(batch.X)
                raws += [raw[i, : len(val)] for i, val in enumerate(own)]
                rows += own
        return np.concatenate(raws), np.concatenate(rows)

    @property
    def loss_curve_(self) -> list[float]:
        """Return the training loss of every epoch, the mean over members."""
        return self.history_["loss"]

    # -- predict

    def _raw(self, X: Any) -> Array:
        """Return the raw outputs of all members: (k, n, n_raw). Safe in threads."""
        check_is_fitted(self, "n_iter_")
        if getattr(X, "ndim", 2) == 2:  # the encoder has more to say of other arrays
            validate_data(self, X, skip_check_array=True, reset=False)
        Z = self._encoder.transform(X)
        return np.concatenate([net.infer(Z) for net in self._networks])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _repeated(splits: list[Split], n_members: int) -> list[Split]:
    """Return the split of each network."""
    return [split for split in splits for _ in range(n_members)]


def _best_of(courses: list[Course]) -> list[KeepBestMembers]:
    """Return the monitors that know the best epochs."""
    monitors = [monitor for course in courses for monitor in course.monitors]
    return [monitor for monitor in monitors if isinstance(monitor, KeepBestMembers)]
