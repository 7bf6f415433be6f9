"""BaseMLP: from the parameters of a multi-layer perceptron to block and recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.base import TRAINING_RULES, BaseNN
from sklearn_nn.blocks import Activation, Chain, Dense, Dropout, Logistic
from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    InvalidParameterError,
    OneOf,
    Optimizer,
    Rule,
    Satisfying,
    Schedule,
    Shape,
    Spec,
    any_of,
    check_params,
    instance_of,
    integer,
    number,
)
from sklearn_nn.optimizers import SGD, Adam
from sklearn_nn.schedules import Adaptive, Constant, InverseScaling


def is_widths(value: Any) -> bool:
    """Whether ``value`` is a sequence, maybe empty, of integers of at least 1."""
    is_sequence = isinstance(value, Sequence) or getattr(value, "ndim", 0) == 1
    if not is_sequence or isinstance(value, (str, bytes)):
        return False
    return all(integer(1).allows(width) for width in value)


RULES: Mapping[str, Rule] = {
    **TRAINING_RULES,
    "hidden_layer_sizes": any_of(
        integer(1), Satisfying(is_widths, "a sequence of such integers")
    ),
    "activation": any_of(
        OneOf(("identity", "logistic", "relu", "tanh")),
        instance_of(Activation, "an activation of sklearn_nn.blocks"),
    ),
    "solver": any_of(
        OneOf(("lbfgs", "sgd", "adam")),
        instance_of(Optimizer, "an optimizer of sklearn_nn.optimizers"),
    ),
    "learning_rate": any_of(
        OneOf(("constant", "invscaling", "adaptive")),
        instance_of(Schedule, "a schedule of sklearn_nn.schedules"),
    ),
    "learning_rate_init": number(0, np.inf, "()"),
    "power_t": number(0, np.inf, "[)"),
    "momentum": number(0, 1, "[]"),
    "nesterovs_momentum": Boolean(),
    "beta_1": number(0, 1, "[)"),
    "beta_2": number(0, 1, "[)"),
    "epsilon": number(0, np.inf, "()"),
    "dropout": number(0, 1, "[)"),
}


class LayerViews(list[Array]):
    """Views into the parameter vector; setting an item writes into its view."""

    def __setitem__(self, index: Any, value: Any) -> None:
        view = self[index]
        if isinstance(view, list) or np.shape(value) != view.shape:
            raise ValueError(
                "The parameters of a layer can be replaced one array at a time, by one "
                f"of the same shape; got shape {np.shape(value)} for item {index}."
            )
        view[...] = value


@dataclass(eq=False, repr=False)
class BaseMLP(BaseNN):
    """What the multi-layer perceptrons share; they add the positional parameters."""

    _: KW_ONLY
    solver: Any = "adam"
    learning_rate: Any = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    dropout: float = 0.0

    _rules: ClassVar[Mapping[str, Rule]] = RULES

    @property
    def coefs_(self) -> list[Array]:
        """Return the weight matrices, one per layer: (fan_in, fan_out) each."""
        return self._layer_params("W")

    @coefs_.setter
    def coefs_(self, values: Sequence[Any]) -> None:
        self._set_layer_params("coefs_", values)

    @property
    def intercepts_(self) -> list[Array]:
        """Return the bias vectors, one per layer: (fan_out,) each."""
        return self._layer_params("b")

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Any]) -> None:
        self._set_layer_params("intercepts_", values)

    def _set_layer_params(self, name: str, values: Sequence[Any]) -> None:
        """Copy ``values`` into the views that the attribute ``name`` shows."""
        views, values = getattr(self, name), list(values)
        shapes = [view.shape for view in views]
        if (got := [np.shape(value) for value in values]) != shapes:
            raise ValueError(f"`{name}` must have the shapes {shapes}; got {got}.")
        for view, value in zip(views, values, strict=True):
            view[...] = value

    def _layer_params(self, kind: str) -> LayerViews:
        if "_network" not in vars(self):
            raise AttributeError(
                f"This {type(self).__name__} is not fitted: it has no layers yet."
            )
        net = self._network
        views = net.layout.named_views(net.params).items()
        return LayerViews(view for name, view in views if name.endswith(f"/{kind}"))

    @property
    def n_layers_(self) -> int:
        """Return the number of layers, input and output included."""
        return len(self.coefs_) + 1

    def _check_params(self) -> None:
        check_params(self, self._rules)
        if self.dropout and self.solver == "lbfgs":
            raise InvalidParameterError(
                f"`dropout` of {type(self).__name__} must be 0 with solver='lbfgs', "
                "which needs the same loss at every evaluation; got "
                f"{self.dropout!r}. Use 'adam' or 'sgd'."
            )
        for value in (getattr(self, name) for name in self._rules):
            if isinstance(value, Spec):
                value.check_values()

    def _make_block(self, n_raw: int, in_shape: Shape) -> Block:
        sizes = self.hidden_layer_sizes
        layers: list[tuple[str, Block]] = []
        # Glorot's bound for a function of slope 1/4 is narrower, as in scikit-learn.
        logistic = self.activation == "logistic" or isinstance(
            self.activation, Logistic
        )
        factor = 2.0 if logistic else 6.0
        for i, units in enumerate([sizes] if isinstance(sizes, Integral) else sizes, 1):
            layers.append((f"hidden{i}", Dense(int(units), self.activation, factor)))
            if self.dropout:
                layers.append((f"dropout{i}", Dropout(self.dropout)))
        return Chain([*layers, ("output", Dense(n_raw, init_factor=factor))])

    def _optimizer(self) -> Optimizer | None:
        if isinstance(self.solver, Optimizer):
            return self.solver
        if self.solver == "lbfgs":
            return None
        if self.solver == "sgd":
            return SGD(self.momentum, self.nesterovs_momentum)
        return Adam(self.beta_1, self.beta_2, self.epsilon)

    def _schedule(self) -> Schedule:
        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate
        if self.learning_rate == "invscaling":
            return InverseScaling(self.power_t)
        return Adaptive() if self.learning_rate == "adaptive" else Constant()
