"""BaseNetwork: from a network of blocks and an optimizer to block and recipe."""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.blocks import (
    Chain,
    Dense,
    Step,
    chain,
    with_columns,
    with_outputs,
)
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
    number,
    summarize,
)
from sklearn_nn.estimators._base import BaseNN, new_generator
from sklearn_nn.estimators._params import FLOATS, TRAINING_RULES
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Adaptive, Constant, InverseScaling

OPTIMIZERS: Mapping[str, Optimizer | None] = {
    "adam": Adam(),
    "sgd": SGD(),
    "lbfgs": None,
}
SCHEDULES: Mapping[str, Schedule] = {
    "constant": Constant(),
    "invscaling": InverseScaling(),
    "adaptive": Adaptive(),
}
RULES: Mapping[str, Rule] = {
    **TRAINING_RULES,
    "network": any_of(
        OneOf((None,)), instance_of(Block, "a block of sklearn_nn.blocks")
    ),
    "optimizer": any_of(
        OneOf(tuple(OPTIMIZERS)),
        instance_of(Optimizer, "an optimizer of sklearn_nn.optimizers"),
    ),
    "schedule": any_of(
        OneOf(tuple(SCHEDULES)),
        instance_of(Schedule, "a schedule of sklearn_nn.schedules"),
    ),
    "learning_rate": number(0, np.inf, "()"),
}


@dataclass(eq=False, repr=False)
class BaseNetwork(BaseNN):
    """What the estimators for networks of blocks share.

    Fitted state beside that of BaseNN: ``_row_shape``, the shape of a row of X if it
    had more than one axis.
    """

    network: Any = None
    _: KW_ONLY
    optimizer: Any = "adam"
    schedule: Any = "constant"
    learning_rate: float = 0.001

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

    def _html_repr(self) -> str:
        html: str = super()._html_repr()
        fitted = "_network" in vars(self)
        return html + self.summary()._repr_html_() if fitted else html

    # -- what BaseNN asks

    def _check_params(self) -> None:
        check_params(self, self._rules)
        for value in (getattr(self, name) for name in self._rules):
            if isinstance(value, Spec) and not isinstance(value, Block):
                value.check_values()

    def _make_block(self, n_raw: int, in_shape: Shape) -> Block:
        block = self._network_with_columns()
        outputs = with_outputs(block, n_raw)
        if outputs is block:
            outputs = _appended(block, Dense(n_raw))
        if (got := outputs.out_shape(in_shape)) != (n_raw,):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must return rows of shape "
                f"({n_raw},), one number per output; it returns rows of shape {got}. "
                "Reduce the other axes before the last layer, with Flatten(), "
                "GlobalAveragePool() or return_sequences=False."
            )
        return outputs

    def _network_with_columns(self) -> Block:
        if self.network is None:
            return chain(Dense(100, "relu"))
        names = getattr(self, "feature_names_in_", None)
        return self.network if names is None else with_columns(self.network, names)

    def _optimizer(self) -> Optimizer | None:
        if isinstance(self.optimizer, Optimizer):
            return self.optimizer
        return OPTIMIZERS[self.optimizer]

    def _schedule(self) -> Schedule:
        if isinstance(self.schedule, Schedule):
            return self.schedule
        return SCHEDULES[self.schedule]

    def _check_trainable(self, net: Network, X: Any) -> None:
        values = [net.block, *net.block.get_params().values()]
        if any(isinstance(v, Step) or is_word(v, "step") for v in values):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must not have step functions to "
                "be trained: their derivative is 0 everywhere. Use another activation, "
                "or initialize() for a network whose weights are given."
            )
        if self._optimizer() is None and is_noisy(net, X):
            raise InvalidParameterError(
                f"`network` of {type(self).__name__} must have no noise and no "
                "statistics of batches with optimizer='lbfgs', which needs the same "
                "loss at every evaluation. Leave out Dropout and BatchNorm, or use "
                "'adam' or 'sgd'."
            )

    # -- rows with axes of their own

    def _check_X_y(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        table = self._as_table(X, reset)
        X, y = super()._check_X_y(table, y, dtype, reset)
        return self._as_rows(X), y

    def _check_X(self, X: Any, dtype: Any) -> Any:
        return self._as_rows(super()._check_X(self._as_table(X, False), dtype))

    def _as_table(self, X: Any, reset: bool) -> Any:
        """Return X with one axis of features, which scikit-learn's checks read."""
        shape = X.shape[1:] if getattr(X, "ndim", 2) > 2 else None
        if reset:
            self._row_shape: Shape | None = shape
        elif shape is not None and shape != (self._row_shape or shape):
            raise ValueError(
                f"The rows of `X` must have the shape {self._row_shape}, as they had "
                f"when the network was fitted; got {shape}."
            )
        return X if shape is None else X.reshape(len(X), math.prod(shape))

    def _as_rows(self, X: Any) -> Any:
        if self._row_shape is None or issparse(X):
            return X
        return X.reshape(len(X), *self._row_shape)

    def _array_rules(self) -> dict[str, Any]:
        nan = any(getattr(b, "accepts_nan", False) for b in self._blocks())
        return {
            "accept_sparse": "csr" if self._accepts_sparse() else False,
            "ensure_all_finite": "allow-nan" if nan else True,
        }

    def _accepts_sparse(self) -> bool:
        if not isinstance(self.network, Block):
            return True
        try:
            return bool(self.network.accepts_sparse)
        except (TypeError, ValueError):  # `fit` tells what is wrong with the network
            return False

    def _blocks(self) -> list[Any]:
        network = self.network
        if not isinstance(network, Block):
            return []
        return [network, *network.get_params().values()]

    # -- given weights

    def _initialize(self, n_features: Any, targets: Any) -> None:
        self._check_params()
        shape = n_features if isinstance(n_features, tuple) else (n_features,)
        self._row_shape = shape if len(shape) > 1 else None
        self.__dict__.pop("feature_names_in_", None)
        self.n_features_in_ = math.prod(shape)
        self._targets, dtype = targets, self.dtype or FLOATS[0]
        block = self._make_block(targets.n_raw, shape)
        rng = new_generator(self._seeds()[0])
        self._network = compile_network(block, shape, dtype, rng)
        self.__dict__.pop("_state", None)
        self._describe(True)

    def _start(self, X: Any, seed: int, fresh: bool, kept: Any) -> tuple[Network, Any]:
        net, state = super()._start(X, seed, fresh, kept)
        self._check_trainable(net, X)
        return net, state

    def __sklearn_tags__(self) -> Any:
        tags, rules = super().__sklearn_tags__(), self._array_rules()
        tags.input_tags.sparse = bool(rules["accept_sparse"])
        tags.input_tags.allow_nan = rules["ensure_all_finite"] is not True
        tags.input_tags.three_d_array = True
        return tags


def is_word(value: Any, word: str) -> bool:
    """Whether ``value`` is that string."""
    return isinstance(value, str) and value == word


def is_noisy(net: Network, X: Any) -> bool:
    """Whether a forward of ``net`` depends on the generator it gets."""
    twin, few = net.copy(), X[:4]
    calm = twin.forward(few).copy()
    return not np.array_equal(
        calm, twin.forward(few, np.random.default_rng(0)), equal_nan=True
    )


def _appended(block: Block, output: Block) -> Chain:
    """Return the chain of ``block`` and the output layer."""
    names = [name for name, _ in block.blocks] if type(block) is Chain else ["output"]
    if "output" in names:
        return Chain([("network", block), ("output", output)])
    return Chain([*block.blocks, ("output", output)])
