"""BaseNN: check, encode, compile, train, keep, for every estimator with a network."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_nn.base._callbacks import CallbackMonitor, CallbackSupportMixin
from sklearn_nn.base._encoding import Targets, check_weights
from sklearn_nn.base._fit_arguments import Given
from sklearn_nn.base._parameter_rules import FLOATS
from sklearn_nn.base._report import TrainingReport, check_diverged, limit_reached
from sklearn_nn.base._validation_set import evaluator, hold_out
from sklearn_nn.base._warm_start import go_on_with, new_generator
from sklearn_nn.base._weights import NamedWeights
from sklearn_nn.core import (
    Array,
    Block,
    Clock,
    Network,
    Optimizer,
    OptimizerState,
    Rng,
    Schedule,
    Shape,
    compile_network,
)
from sklearn_nn.training import (
    Data,
    KeepBest,
    Monitor,
    Outcome,
    Patience,
    Printer,
    Recipe,
    TrainingState,
    Validation,
    minimize_lbfgs,
    train,
)


@dataclass(eq=False, repr=False)
class BaseNN(NamedWeights, TrainingReport, CallbackSupportMixin, BaseEstimator, ABC):
    """What all estimators with a network share; the public ones add their parameters.

    Fitted state beside the public attributes: ``_network`` (block, shape, parameters),
    ``_targets`` (the encoder of y) and, after ``partial_fit`` or with ``warm_start``,
    ``_state``, with which training goes on as if it had not stopped.
    """

    _: KW_ONLY
    alpha: float = 0.0001
    batch_size: Any = "auto"
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    n_iter_no_change: float = 10
    verbose: Any = False
    warm_start: bool = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    max_fun: int = 15000
    dtype: Any = None

    _y_numeric: ClassVar[bool]
    _rate_name: ClassVar[str] = "learning_rate_init"

    def _fit(self, given: Given) -> None:
        """Check, encode, compile, train, keep."""
        self._check_params()
        go_on = bool(self.warm_start or given.incremental)
        fresh = not (go_on and hasattr(self, "_network"))
        X, y, weight = self._check_data(given, fresh)
        self._targets: Any = self._read_targets(y, given, fresh)
        Y = self._targets.encode(y, X.dtype)
        kept = None if fresh else self._kept_state()
        # Training that goes on draws nothing new, and making a generator takes time.
        seeded = kept is None or self.early_stopping
        seed, split_seed = self._seeds() if seeded else (0, 0)
        rows, val = self._validation_set(given, X, y, Y, weight, split_seed)
        weight = self._with_class_weight(y, weight, given.incremental)
        data = Data.of(X, Y, weight, rows)
        net, state = self._start(X, seed, fresh, kept)
        self._network = net
        self._describe(fresh)
        callbacks = self._callbacks(given)
        n_epochs = 1 if given.incremental else self.max_iter
        monitors = self._monitors(net, state, val, fresh, n_epochs)
        outcome = self._train(net, state, data, [*monitors, *callbacks], given)
        self._keep(outcome, state, monitors, go_on)
        best, rate = self.best_validation_score_, self._rate_name
        is_kept = best is not None and bool(np.isfinite(best))
        way_out = f"Lower `{rate}`, or scale the columns of `X`."
        check_diverged([self._network], is_kept, outcome, way_out)
        for callback in callbacks:
            callback.end(self._network)
        if not (outcome.stopped or outcome.interrupted or given.incremental):
            warnings.warn(
                limit_reached(self, outcome), ConvergenceWarning, stacklevel=5
            )

    # -- what the estimators tell

    @abstractmethod
    def _check_params(self) -> None:
        """Raise InvalidParameterError if a parameter breaks its rule."""

    @abstractmethod
    def _read_targets(self, y: Any, given: Given, fresh: bool) -> Targets:
        """Return the encoder of ``y``; an old one if training goes on."""

    @abstractmethod
    def _make_block(self, n_raw: int, in_shape: Shape) -> Block:
        """Return the block with ``n_raw`` outputs for rows of ``in_shape``."""

    @abstractmethod
    def _optimizer(self) -> Optimizer | None:
        """Return the rule for steps by batches; None for L-BFGS."""

    @abstractmethod
    def _schedule(self) -> Schedule:
        """Return how the rate changes while training by batches."""

    def _with_class_weight(
        self, y: Any, weight: Array | None, incremental: bool
    ) -> Array | None:
        """Return the row weights times those of the classes."""
        return weight

    # -- check and encode

    def _check_data(self, given: Given, fresh: bool) -> tuple[Any, Any, Array | None]:
        if given.incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it has no validation"
                " set that lasts. Set early_stopping=False."
            )
        dtype = (self.dtype or FLOATS) if fresh else self._network.params.dtype
        X, y = self._check_X_y(given.X, given.y, dtype, fresh)
        return X, y, check_weights(given.sample_weight, X)

    def _check_X_y(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self,
            X,
            y,
            dtype=dtype,
            order="C",
            multi_output=True,
            y_numeric=self._y_numeric,
            reset=reset,
            **self._array_rules(),
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _check_X(self, X: Any, dtype: Any) -> Any:
        return validate_data(
            self, X, dtype=dtype, order="C", reset=False, **self._array_rules()
        )

    def _array_rules(self) -> dict[str, Any]:
        """Return which arrays scikit-learn's checks shall let pass."""
        return {"accept_sparse": "csr"}

    def _seeds(self) -> tuple[int, int]:
        """Draw the seeds of the generator and of the validation split.

        Both are drawn always, so that with an integer ``random_state`` every fit of a
        warm start splits alike.
        """
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        return int(seeds[0]), int(seeds[1])

    def _validation_set(
        self,
        given: Given,
        X: Any,
        y: Any,
        Y: Array,
        weight: Array | None,
        seed: int,
    ) -> tuple[Array | None, Data | None]:
        """Return the rows to train on (None: all), and the validation data, if any."""
        rows, val = None, self._given_validation_set(given, X.dtype)
        if val is None and self.early_stopping:
            strata, share = self._targets.strata(y), self.validation_fraction
            rows, held = hold_out(len(Y), weight, strata, share, seed)
            val = Data.of(X, Y, weight, held)
        if val is not None and len(val) < 2:
            raise ValueError(
                f"The validation set is too small: {len(val)} row(s) of positive "
                "weight; a score needs 2. Raise `validation_fraction`, or pass `X_val` "
                "and `y_val` with more rows."
            )
        return rows, val

    def _given_validation_set(self, given: Given, dtype: Any) -> Data | None:
        """Return the user's own validation data, if any."""
        if not given.validates:
            return None
        try:
            X_val, y_val = self._check_X_y(given.X_val, given.y_val, dtype, False)
            w_val = check_weights(given.sample_weight_val, X_val)
            return Data.of(X_val, self._targets.encode(y_val, dtype), w_val)
        except ValueError as error:
            error.add_note("In the validation data, `X_val` and `y_val`.")
            raise

    # -- compile

    def _start(
        self, X: Any, seed: int, fresh: bool, kept: TrainingState | None
    ) -> tuple[Network, TrainingState]:
        """Return a network and a state to train on.

        Where training goes on they are copies: a failure must not touch the model.
        """
        in_shape = X.shape[1:] if fresh else self._network.in_shape
        block = self._make_block(self._targets.n_raw, in_shape)
        if fresh:
            rng = new_generator(seed)
            # What set_params changes later must not change the fitted network.
            net = compile_network(deepcopy(block), in_shape, X.dtype, rng)
            return net, self._new_state(net, rng, samples=0)
        net = go_on_with(self._network, block)
        if kept is not None:
            return net, kept.copy()
        return net, self._new_state(net, new_generator(seed), samples=self.t_)

    def _kept_state(self) -> TrainingState | None:
        """Return the state that the last training left, if it suits the solver."""
        state: TrainingState | None = getattr(self, "_state", None)
        if state is None or state.optimizer.slots.keys() != set(self._slot_names()):
            return None
        return state

    def _new_state(self, net: Network, rng: Rng, samples: int) -> TrainingState:
        slots = {name: np.zeros_like(net.trained) for name in self._slot_names()}
        return TrainingState(OptimizerState(0, slots), rng, Clock(samples=samples))

    def _slot_names(self) -> tuple[str, ...]:
        """Name the vectors that the solver keeps from step to step."""
        optimizer = self._optimizer()  # L-BFGS keeps its memory to itself
        return () if optimizer is None else optimizer.slot_names()

    # -- train

    def _train(
        self,
        net: Network,
        state: TrainingState,
        data: Data,
        monitors: list[Monitor],
        given: Given,
    ) -> Outcome:
        loss, first = self._targets.loss, len(self.history_["epoch"]) + 1
        n_epochs = 1 if given.incremental else self.max_iter
        optimizer = self._optimizer()
        if optimizer is not None:
            recipe = self._recipe(optimizer, len(data))
            return train(net, loss, data, recipe, state, monitors, n_epochs, first)
        return minimize_lbfgs(
            net,
            loss,
            data,
            self.alpha,
            monitors,
            max_iter=n_epochs,
            max_fun=self.max_fun,
            tol=self.tol,
            first_epoch=first,
        )

    def _recipe(self, optimizer: Optimizer, n: int) -> Recipe:
        """Return how to train by batches on ``n`` rows."""
        return Recipe(
            optimizer,
            self._schedule(),
            getattr(self, self._rate_name),
            self.alpha,
            min(200 if self.batch_size == "auto" else self.batch_size, n),
            bool(self.shuffle),
        )

    def _has_partial_fit(self) -> bool:
        """Whether training goes by batches; raise AttributeError if not."""
        if self._optimizer() is None:
            raise AttributeError(
                "partial_fit is only available for solvers that go by batches; "
                "'lbfgs' needs all rows at once."
            )
        return True

    def _monitors(
        self,
        net: Network,
        state: TrainingState,
        val: Data | None,
        fresh: bool,
        n_epochs: int,
    ) -> list[Monitor]:
        monitors: list[Monitor] = []
        start, stops = -np.inf, self.early_stopping
        if val is not None:
            evaluate = evaluator(self._targets, val)
            monitors.append(Validation(evaluate))
            if stops:
                # A warm start must not end with worse weights than it began with.
                start = start if fresh else max(start, evaluate(net)[1])
                monitors.append(KeepBest(net, start))
        if self.verbose:
            monitors.append(Printer())
        if stops or self._optimizer() is not None:
            watch = "validation_score" if stops else "loss"
            schedule, n_stall = self._schedule(), self.n_iter_no_change
            monitors.append(Patience(watch, self.tol, n_stall, schedule, state))
        if stops:
            self.best_validation_score_ = state.best = start
        return monitors

    def _callbacks(self, given: Given) -> list[CallbackMonitor]:
        """Return the monitor that tells scikit-learn's callbacks, if it has them."""
        if not hasattr(self, "_init_callback_context"):
            return []
        w = given.sample_weight
        told = {
            "X": given.X,
            "y": given.y,
            "metadata": None if w is None else {"sample_weight": w},
        }
        if given.incremental:
            return [CallbackMonitor(self, "partial_fit", 1, told)]
        return [CallbackMonitor(self, "fit", self.max_iter, told)]

    # -- keep

    def _keep(
        self,
        outcome: Outcome,
        state: TrainingState,
        monitors: list[Monitor],
        go_on: bool,
    ) -> None:
        for epoch in outcome.epochs[self.n_iter_ :]:  # the callbacks saw the others
            self._publish(epoch)
        for monitor in monitors:
            if isinstance(monitor, KeepBest):  # it forgets what was before a pruning
                self.best_validation_score_ = monitor.best_score
        self.t_ = state.clock.samples
        self.__dict__.pop("_state", None)
        if go_on and not outcome.diverged:  # moments that are NaN would stay so
            self._state = state

    # -- predict

    def _raw(self, X: Any) -> Array:
        """Return the raw outputs for ``X``: (n, n_raw). Safe in threads."""
        check_is_fitted(self, "n_outputs_")
        net = self._network
        return net.infer(self._check_X(X, net.params.dtype))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
