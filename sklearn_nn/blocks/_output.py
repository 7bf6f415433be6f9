"""Output: the layer whose width the targets decide."""

from copy import copy
from dataclasses import dataclass
from typing import Any

from sklearn_nn.blocks._activations import Activation
from sklearn_nn.blocks._dense import Dense
from sklearn_nn.core import (
    Array,
    Block,
    InvalidParameterError,
    ParamTree,
    Rng,
    Shape,
    Spec,
    Views,
    Workspace,
)


@dataclass(eq=False, repr=False)
class Output(Block):
    """A `Dense` that gets its width from the targets when an estimator is fitted.

    `NetworkClassifier` and `NetworkRegressor` append one to a network without it. The
    loss reads what it returns: it needs no softmax or sigmoid.

    Parameters
    ----------
    activation : str or Activation, default="identity"
        As in `Dense`.
    kernel : array-like of shape (d_in, n_outputs), default=None
        Weights to start from; None draws them.
    bias : array-like of shape (n_outputs,), default=None
        Biases to start from; None draws them.

    Examples
    --------
    >>> from sklearn_nn import NetworkClassifier
    >>> from sklearn_nn.blocks import Dense, Output, chain
    >>> net = NetworkClassifier(chain(Dense(8, "relu"), Output()), max_iter=20)
    >>> net.initialize(n_features=4, classes=["a", "b", "c"]).n_params_
    67
    """

    activation: str | Activation = "identity"
    kernel: Any = None
    bias: Any = None

    def out_shape(self, in_shape: Shape) -> Shape:
        raise InvalidParameterError(
            "Output gets its width from the targets, so it can be used only in the "
            "`network` of NetworkClassifier and NetworkRegressor. Use Dense(units)."
        )

    def param_tree(self, in_shape: Shape) -> ParamTree:
        self.out_shape(in_shape)
        return {}

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        self.out_shape(ws.in_shape)
        return x

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        self.out_shape(ws.in_shape)
        return None


def with_outputs(block: Block, units: int) -> Block:
    """Return ``block`` with a `Dense` of ``units`` for every `Output`.

    What has no `Output` inside is returned as it is.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Output, chain, with_outputs
    >>> with_outputs(chain(Dense(8), Output()), 3).out_shape((4,))
    (3,)
    """
    new: Block = _replaced(block, units)
    return new


def _replaced(value: Any, units: int) -> Any:
    """Return a spec or a list of specs with its outputs replaced; itself if none."""
    if isinstance(value, Output):
        spec = value
        return Dense(units, spec.activation, kernel=spec.kernel, bias=spec.bias)
    if isinstance(value, (list, tuple)):
        new = [_replaced(item, units) for item in value]
        changed = any(a is not b for a, b in zip(new, value, strict=True))
        return type(value)(new) if changed else value
    if not isinstance(value, Spec):
        return value
    fields = {name: _replaced(item, units) for name, item in vars(value).items()}
    if all(fields[name] is item for name, item in vars(value).items()):
        return value
    twin = copy(value)
    twin.__dict__.update(fields)
    return twin
