"""BaseNetwork: from a network of blocks and an optimizer to block and recipe."""

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.base import FLOATS, TRAINING_RULES, BaseNN
from sklearn_nn.blocks import Step, with_columns, with_outputs
from sklearn_nn.core import (
    Block,
    InvalidParameterError,
    Network,
    OneOf,
    Optimizer,
    Rule,
    Schedule,
    Shape,
    Spec,
    Summary,
    any_of,
    check_params,
    compile_network,
    instance_of,
    integer,
    make_generator,
    number,
    summarize,
    walk,
)
from sklearn_nn.network._network_input import NetworkInput, default_network
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Adaptive, Constant, InverseScaling
from sklearn_nn.training import Data, Monitor, Prune, Pruning, TrainingState, prune

SCHEDULES: Mapping[str, Schedule] = {
    "constant": Constant(),
    "invscaling": InverseScaling(),
    "adaptive": Adaptive(),
}
RULES: Mapping[str, Rule] = {
    **TRAINING_RULES,
    "network": any_of(
        OneOf((None,)),
        instance_of(Block, "a block of sklearn_nn.blocks, such as chain(...)"),
    ),
    "optimizer": any_of(
        OneOf(("adam", "sgd", "lbfgs")),
        instance_of(Optimizer, "an optimizer of sklearn_nn.optimizers"),
    ),
    "schedule": any_of(
        OneOf(tuple(SCHEDULES)),
        instance_of(Schedule, "a schedule of sklearn_nn.schedules"),
    ),
    "learning_rate": number(0, np.inf, "()"),
    "pruning": any_of(
        OneOf((None,)), instance_of(Pruning, "a Pruning of sklearn_nn.training")
    ),
}


@dataclass(eq=False, repr=False)
class BaseNetwork(NetworkInput, BaseNN):
    """What the estimators for networks of blocks share."""

    network: Any = None
    _: KW_ONLY
    optimizer: Any = "adam"
    schedule: Any = "constant"
    learning_rate: float = 0.001
    pruning: Any = None

    _rules: ClassVar[Mapping[str, Rule]] = RULES
    _rate_name: ClassVar[str] = "learning_rate"

    def summary(self) -> Summary:
        """Return a table of the blocks: kind, shape of the output, parameters.

        Returns
        -------
        summary : Summary
            It prints as a table, and shows as one in a notebook.

        Raises
        ------
        NotFittedError
            Before `fit` or `initialize`: the shapes follow from the data.
        """
        check_is_fitted(self, "n_outputs_")
        return summarize(self._network)

    def prune(self, density: float, scope: str = "global") -> Self:
        """Take the smallest weights out of the fitted network.

        They stay out when training goes on, with ``warm_start=True`` or `partial_fit`.

        Parameters
        ----------
        density : float
            Share of the weights that is left, in (0, 1].
        scope : {"global", "layer"}, default="global"
            Whether all weights are compared, or those of each array, see
            `sklearn_nn.training.Pruning`.

        Returns
        -------
        self : object
            The estimator.
        """
        check_is_fitted(self, "n_outputs_")
        Pruning(density, scope=scope).check_values()
        net, state = self._network.copy(), getattr(self, "_state", None)
        prune(net, density, scope, None if state is None else state.optimizer)
        self._network = net
        return self

    def _get_params_html(self, *args: Any, **kwargs: Any) -> Any:
        """Add the summary to what scikit-learn shows, also where this is a step."""
        params = super()._get_params_html(*args, **kwargs)
        if "_network" in vars(self):
            inner, table = params._repr_html_inner, self.summary()._repr_html_()
            params._repr_html_inner = lambda: inner() + table
        return params

    # -- what BaseNN asks

    def _check_params(self) -> None:
        check_params(self, self._rules)
        for value in (getattr(self, name) for name in self._rules):
            if isinstance(value, Spec):
                value.check_values()

    def _make_block(self, n_raw: int, in_shape: Shape) -> Block:
        names = getattr(self, "feature_names_in_", None)
        block = default_network() if self.network is None else self.network
        block = block if names is None else with_columns(block, names)
        block = with_outputs(block, n_raw)
        if (got := block.out_shape(in_shape)) != (n_raw,):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must return rows of shape "
                f"({n_raw},), one number per output; it returns rows of shape {got}. "
                "Reduce the other axes before the last layer, with Flatten(), "
                "GlobalAveragePool() or return_sequences=False."
            )
        return block

    def _optimizer(self) -> Optimizer | None:
        if isinstance(self.optimizer, Optimizer):
            return self.optimizer
        if self.optimizer == "lbfgs":
            return None
        return SGD() if self.optimizer == "sgd" else Adam()

    def _schedule(self) -> Schedule:
        if isinstance(self.schedule, Schedule):
            return self.schedule
        return SCHEDULES[self.schedule]

    def _make_network(
        self, X: Any, seed: int, is_first_fit: bool, old_state: TrainingState | None
    ) -> tuple[Network, TrainingState]:
        net, state = super()._make_network(X, seed, is_first_fit, old_state)
        if any(has_step(spec) for spec in walk(net.block)):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must not have step functions to "
                "be trained: their derivative is 0 everywhere. Use another activation, "
                "or initialize() for a network whose weights are given."
            )
        if self._optimizer() is None and is_stochastic(net, X):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must have no noise and no "
                "statistics of batches with optimizer='lbfgs', which needs the same "
                "loss at every evaluation. Leave out Dropout and BatchNorm, or use "
                "'adam' or 'sgd'."
            )
        if self._optimizer() is None and self.pruning is not None:
            raise InvalidParameterError(
                f"`pruning` of {type(self).__name__} must be None with "
                "optimizer='lbfgs', which knows no epochs. Use 'adam' or 'sgd', or "
                "prune() after the training."
            )
        self._check_nan(X, net)
        return net, state

    def _monitors(
        self,
        net: Network,
        state: TrainingState,
        val: Data | None,
        is_first_fit: bool,
        n_epochs: int,
    ) -> list[Monitor]:
        monitors = super()._monitors(net, state, val, is_first_fit, n_epochs)
        if self.pruning is None or n_epochs < self.max_iter:  # that is partial_fit
            return monitors
        # It comes first: the others look at the network that is left.
        return [Prune(net, self.pruning, state, self.max_iter), *monitors]

    # -- given weights

    def _initialize(self, n_features: Any, targets: Any) -> None:
        self._check_params()
        sizes = n_features if isinstance(n_features, tuple) else (n_features,)
        if not sizes or not all(map(integer(1).allows, sizes)):
            raise InvalidParameterError(
                "`n_features` must be an integer of at least 1, or a tuple of them for "
                f"rows with more axes; got {n_features!r}."
            )
        shape = tuple(map(int, sizes))
        self._set_row_shape(shape if len(shape) > 1 else None)
        self.__dict__.pop("feature_names_in_", None)
        self.n_features_in_ = math.prod(shape)
        self._targets, dtype = targets, self.dtype or FLOATS[0]
        block = deepcopy(self._make_block(targets.n_raw, shape))
        rng = make_generator(self._draw_seeds()[0])
        self._network = compile_network(block, shape, dtype, rng)
        self.__dict__.pop("_state", None)
        self._init_fitted_attributes(True)


def has_step(spec: Spec) -> bool:
    """Whether ``spec`` is a step function, or a block with one as activation."""
    named = [v for name, v in vars(spec).items() if name.endswith("activation")]
    return isinstance(spec, Step) or "step" in [v for v in named if isinstance(v, str)]


class RecordingGenerator:
    """Stands for a generator; it notes if it is asked for anything."""

    was_used = False

    def __getattr__(self, name: str) -> Any:
        self.was_used = True
        return getattr(np.random.default_rng(0), name)


def is_stochastic(net: Network, X: Any) -> bool:
    """Whether a forward of ``net`` in training draws numbers or keeps statistics."""
    if net.layout.n_trained < net.layout.size:
        return True
    rng: Any = RecordingGenerator()
    net.copy().forward(X[:2], rng)
    return rng.was_used
