"""SimpleRNN: an affine map of input and state, followed by an activation."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.activations._names import as_activation
from sklearn_nn.blocks.recurrent._cell import Arrays, TimeStep
from sklearn_nn.blocks.recurrent._recurrent import Recurrent
from sklearn_nn.core import Array, Shape, Views, Workspace


@dataclass(eq=False, repr=False)
class SimpleRNN(Recurrent):
    """``h_t = activation(x_t @ W + h_(t-1) @ U + b)``, with ``h_0 = 0``.

    Shapes: x (..., time, d), W (d, units), U (units, units), b (units,), y (..., units)
    or (..., time, units).

    A step that does not exist (padding) leaves the state as it is; with
    ``return_sequences`` y is zero there.

    Parameters
    ----------
    units : int, default=32
        Width of h.
    activation : str or Activation, default="tanh"
        A name that `Dense` takes, or a block such as ``Tanh()``.
    return_sequences : bool, default=False
        Whether y holds h after every step, not after the last one only.
    reverse : bool, default=False
        Whether to begin with the last step. The steps of y stay where they are in x.
    truncate : int, default=None
        Gradients flow back through h over this many steps at most: counted from the
        end, the way is cut every ``truncate`` steps. None is the true gradient.
    dropout : float, default=0.0
        Probability that a feature of a row is zero at all steps, while training.
    recurrent_dropout : float, default=0.0
        Probability that a unit of a row is zero at all steps where U reads it, while
        training.

    Raises
    ------
    ValueError
        If the rows do not have the two axes (time, features).

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14, 1990.

    Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent
    neural networks", NeurIPS 2016, for the dropout.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, SimpleRNN, ToSequence, chain
    >>> net = chain(ToSequence(n_features=2), SimpleRNN(16), Dense(1))
    >>> net.out_shape((10,))
    (1,)
    """

    activation: str | Activation = "tanh"

    def check_values(self) -> None:
        super().check_values()
        as_activation(self.activation).check_values()

    def scratch(self, shape: Shape, ws: Workspace) -> Any:
        return as_activation(self.activation), ws.child("activations")

    def step(
        self, p: Views, xW: Array, hU: Array, gates: Array, now: TimeStep, scratch: Any
    ) -> None:
        activation, ws = scratch
        h = np.add(xW, hU, out=now.after[0])
        activation.apply(h, h, ws.child(now.t))

    def step_backward(
        self, d: Arrays, now: TimeStep, d_xW: Array, d_hU: Array, scratch: Any
    ) -> None:
        activation, ws = scratch
        out = d_xW[0]
        d_sum = activation.vjp(now.after[0], d[0], out, ws.child(now.t))
        if d_sum is not out:
            out[...] = d_sum
