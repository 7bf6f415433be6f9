"""Output: the layer whose width the targets decide."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.blocks._dense import Dense
from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.composition._chain import Chain
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
    map_specs,
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

    accepts_sparse: ClassVar[bool] = True  # as Dense, which takes its place

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

    A block without one gets the `Dense` at its end.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Output, chain, with_outputs
    >>> with_outputs(chain(Dense(8), Output("tanh")), 3).out_shape((4,))
    (3,)
    >>> [name for name, _ in with_outputs(chain(Dense(8)), 3).blocks]
    ['dense', 'output']
    """

    def change(spec: Spec) -> Spec:
        if not isinstance(spec, Output):
            return spec
        return Dense(units, spec.activation, kernel=spec.kernel, bias=spec.bias)

    block = Chain([("output", block)]) if isinstance(block, Output) else block
    new: Block = map_specs(block, change)
    return _with_last(block, Dense(units)) if new is block else new


def _with_last(block: Block, output: Block) -> Chain:
    """Return the chain of ``block``, or of its parts if it is one, and ``output``."""
    parts: list[tuple[str, Block]] = [("network", block)]
    if type(block) is Chain:
        block.check_values()
        if "output" not in (name for name, _ in block.blocks):
            parts = list(block.blocks)
    return Chain([*parts, ("output", output)])
