"""BaseNN: check, encode, compile, train, keep, for every estimator with a network."""

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.base._callbacks import CallbackMonitor, CallbackSupportMixin
from sklearn_nn.base._input import (
    VALIDATION,
    FitArguments,
    check_weights,
    named_with,
    validate_input,
)
from sklearn_nn.base._parameter_rules import FLOATS, draw_seeds
from sklearn_nn.base._report import TrainingReport
from sklearn_nn.base._targets import Targets
from sklearn_nn.base._validation_set import hold_out, make_evaluator
from sklearn_nn.base._weights import NamedWeights
from sklearn_nn.core import (
    Array,
    Block,
    Clock,
    InvalidParameterError,
    Network,
    Optimizer,
    OptimizerState,
    ParamLayout,
    PartsInHTML,
    Rng,
    Schedule,
    Shape,
    VersionedState,
    compile_network,
    is_same,
    make_generator,
    plain,
    plain_spec,
    shown,
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
class BaseNN(
    NamedWeights,
    TrainingReport,
    CallbackSupportMixin,
    VersionedState,
    PartsInHTML,
    BaseEstimator,
    ABC,
):
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

    def _fit(self, arguments: FitArguments) -> None:
        """Check, encode, compile, train, keep."""
        self._check_params()
        keep_state = bool(self.warm_start or arguments.incremental)
        is_first_fit = not (keep_state and hasattr(self, "_network"))
        X, y, weight = self._check_data(arguments, is_first_fit)
        self._targets: Any = self._make_targets(y, arguments, is_first_fit)
        Y = self._targets.encode(y, X.dtype)
        old_state = None if is_first_fit else self._state_to_resume()
        # Training that goes on draws nothing new, and making a generator takes time.
        seeded = old_state is None or self.early_stopping
        seed, split_seed = self._draw_seeds() if seeded else (0, 0)
        rows, val = self._validation_set(arguments, X, y, Y, weight, split_seed)
        weight = self._apply_class_weight(y, weight, arguments.incremental)
        data = Data.of(X, Y, weight, rows)
        net, state = self._make_network(X, seed, is_first_fit, old_state)
        self._network = net
        self._init_fitted_attributes(is_first_fit)
        callbacks = self._callbacks(arguments)
        n_epochs = 1 if arguments.incremental else int(self.max_iter)
        monitors = self._monitors(net, state, val, is_first_fit, n_epochs)
        outcome = self._train(net, state, data, [*monitors, *callbacks], arguments)
        self._store_results(outcome, state, monitors, keep_state)
        if arguments.incremental:
            self._forget_epochs()
        message = self._check_outcome(outcome, data, arguments.incremental)
        for callback in callbacks:
            callback.end(self._network)
        if message is not None:
            warnings.warn(message, ConvergenceWarning, stacklevel=5)

    # -- what the estimators tell

    @abstractmethod
    def _check_params(self) -> None:
        """Raise InvalidParameterError if a parameter breaks its rule."""

    @abstractmethod
    def _read_y(self, y: Any) -> Any:
        """Return the targets as an array; raise if they are of no use."""

    @abstractmethod
    def _make_targets(
        self, y: Any, arguments: FitArguments, is_first_fit: bool
    ) -> Targets:
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

    def _apply_class_weight(
        self, y: Any, weight: Array | None, incremental: bool
    ) -> Array | None:
        """Return the row weights times those of the classes."""
        return weight

    # -- check and encode

    def _check_data(
        self, arguments: FitArguments, is_first_fit: bool
    ) -> tuple[Any, Any, Array | None]:
        if arguments.incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it has no validation"
                " set that lasts. Set early_stopping=False."
            )
        dtype = (self.dtype or FLOATS) if is_first_fit else self._known_dtype()
        X, y = self._check_X_y(arguments.X, arguments.y, dtype, is_first_fit)
        return X, y, check_weights(arguments.sample_weight, X)

    def _known_dtype(self) -> Any:
        """Return the type of the network; raise if `dtype` asks for another one."""
        known = self._network.params.dtype
        if self.dtype is not None and np.dtype(self.dtype) != known:
            raise InvalidParameterError(
                f"`dtype` of {type(self).__name__} must stay {known} where training "
                f"goes on; got {shown(self.dtype)}. Set warm_start=False to begin anew."
            )
        return known

    def _check_X_y(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        X, y = validate_input(
            self,
            X,
            self._read_y(y),
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
        return validate_input(
            self, X, dtype=dtype, order="C", reset=False, **self._array_rules()
        )

    def _array_rules(self) -> dict[str, Any]:
        """Return which arrays scikit-learn's checks shall let pass."""
        return {"accept_sparse": "csr"}

    def _draw_seeds(self) -> list[int]:
        """Draw the seeds of the generator and of the validation split.

        Both are drawn always, so that with an integer ``random_state`` every fit of a
        warm start splits alike.
        """
        return draw_seeds(self.random_state, 2)

    def _validation_set(
        self,
        arguments: FitArguments,
        X: Any,
        y: Any,
        Y: Array,
        weight: Array | None,
        seed: int,
    ) -> tuple[Array | None, Data | None]:
        """Return the rows to train on (None: all), and the validation data, if any."""
        rows, val = None, self._given_validation_set(arguments, X.dtype)
        if val is None and self.early_stopping:
            stratify_labels, share = (
                self._targets.stratify_labels(y),
                float(self.validation_fraction),
            )
            rows, held = hold_out(len(Y), weight, stratify_labels, share, seed)
            val = Data.of(X, Y, weight, held)
        if val is not None and len(val) < 2:
            raise ValueError(
                f"The validation set is too small: {len(val)} row(s) of positive "
                "weight; a score needs 2. Raise `validation_fraction`, or pass `X_val` "
                "and `y_val` with more rows."
            )
        return rows, val

    def _given_validation_set(self, arguments: FitArguments, dtype: Any) -> Data | None:
        """Return the user's own validation data, if any."""
        if not arguments.validates:
            return None
        with named_with(VALIDATION):
            X, y = self._check_X_y(arguments.X_val, arguments.y_val, dtype, False)
            w = check_weights(arguments.sample_weight_val, X)
            return Data.of(X, self._targets.encode(y, dtype), w)

    # -- compile

    def _make_network(
        self, X: Any, seed: int, is_first_fit: bool, old_state: TrainingState | None
    ) -> tuple[Network, TrainingState]:
        """Return a network and a state to train on.

        Where training goes on they are copies: a failure must not touch the model.
        """
        in_shape = X.shape[1:] if is_first_fit else self._network.in_shape
        block = self._make_block(self._targets.n_raw, in_shape)
        if is_first_fit:
            rng = make_generator(seed)
            # What set_params changes later must not change the fitted network.
            net = compile_network(deepcopy(plain_spec(block)), in_shape, X.dtype, rng)
            return net, self._new_state(net, rng, samples=0)
        net = resume_network(self._network, block)
        if old_state is not None:
            return net, old_state.copy()
        return net, self._new_state(net, make_generator(seed), samples=self.t_)

    def _state_to_resume(self) -> TrainingState | None:
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
        arguments: FitArguments,
    ) -> Outcome:
        loss, first = self._targets.loss, self._next_epoch()
        n_epochs = 1 if arguments.incremental else int(self.max_iter)
        optimizer = plain_spec(self._optimizer())
        if optimizer is not None:
            recipe = self._recipe(optimizer, len(data))
            return train(net, loss, data, recipe, state, monitors, n_epochs, first)
        return minimize_lbfgs(
            net,
            loss,
            data,
            float(self.alpha),
            monitors,
            max_iter=n_epochs,
            max_fun=int(self.max_fun),
            tol=float(self.tol),
            first_epoch=first,
        )

    def _recipe(self, optimizer: Optimizer, n: int) -> Recipe:
        """Return how to train by batches on ``n`` rows."""
        return Recipe(
            optimizer,
            plain_spec(self._schedule()),
            float(getattr(self, self._rate_name)),
            float(self.alpha),
            min(200 if self.batch_size == "auto" else int(self.batch_size), n),
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
        is_first_fit: bool,
        n_epochs: int,
    ) -> list[Monitor]:
        monitors: list[Monitor] = []
        start, stops = -np.inf, self.early_stopping
        if val is not None:
            evaluate = make_evaluator(self._targets, val)
            monitors.append(Validation(evaluate))
            if stops:
                # A warm start must not end with worse weights than it began with.
                start = start if is_first_fit else max(start, evaluate(net)[1])
                monitors.append(KeepBest(net, start))
        if self.verbose:
            monitors.append(Printer())
        if stops or self._optimizer() is not None:
            watch = "validation_score" if stops else "loss"
            schedule = plain_spec(self._schedule())
            tol, n_stall = float(self.tol), plain(self.n_iter_no_change)
            monitors.append(Patience(watch, tol, n_stall, schedule, state))
        if stops:
            self.best_validation_score_ = state.best = start
        return monitors

    def _callbacks(self, arguments: FitArguments) -> list[CallbackMonitor]:
        """Return the monitor that tells scikit-learn's callbacks, if it has them."""
        if not hasattr(self, "_init_callback_context"):
            return []
        w = arguments.sample_weight
        callback_arguments = {
            "X": arguments.X,
            "y": arguments.y,
            "metadata": None if w is None else {"sample_weight": w},
        }
        if arguments.incremental:
            return [CallbackMonitor(self, "partial_fit", 1, callback_arguments)]
        return [CallbackMonitor(self, "fit", self.max_iter, callback_arguments)]

    # -- keep

    def _store_results(
        self,
        outcome: Outcome,
        state: TrainingState,
        monitors: list[Monitor],
        keep_state: bool,
    ) -> None:
        for epoch in outcome.epochs[self.n_iter_ :]:  # the callbacks saw the others
            self._record_epoch(epoch)
        self.n_iter_ = len(outcome.epochs)
        for monitor in monitors:
            if isinstance(monitor, KeepBest):  # it forgets what was before a pruning
                self.best_validation_score_ = monitor.best_score
        self.t_ = state.clock.samples
        self.__dict__.pop("_state", None)
        if keep_state and not outcome.diverged:  # moments that are NaN would stay so
            self._state = state

    # -- predict

    def _raw_predict(self, X: Any) -> Array:
        """Return the raw outputs for ``X``: (n, n_raw). Safe in threads."""
        check_is_fitted(self, "n_outputs_")
        net = self._network
        return net.infer(self._check_X(X, net.params.dtype))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def resume_network(old: Network, block: Block) -> Network:
    """Return a network of ``block`` with a copy of the parameters of ``old``."""
    if is_same(block, old.block):
        return old.copy(share_buffers=True)
    block = plain_spec(block)
    layout = ParamLayout(block.param_tree(old.in_shape))
    if list(layout.shapes.items()) != list(old.layout.shapes.items()):
        raise ValueError(
            "Training can only go on with the layers it began with, "
            f"{old.layout.shapes}; the parameters now ask for {layout.shapes}. Set "
            "warm_start=False to begin anew."
        )
    params, kept = old.params.copy(), old.connections
    return Network(deepcopy(block), old.in_shape, params, None, layout, kept)
