"""LSTM: a state that gates let in, keep and let out."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.recurrent._cell import Arrays, TimeStep, by_gate
from sklearn_nn.blocks.recurrent._recurrent import Recurrent
from sklearn_nn.core import Array, Param, ParamTree, Rng, Shape, Views, Workspace


@dataclass(eq=False, repr=False)
class LSTM(Recurrent):
    """Long short-term memory: ``c_t = f * c_(t-1) + i * g``, ``h_t = o * tanh(c_t)``.

    With ``a = x_t @ W + h_(t-1) @ U + b`` cut into four parts, the gates are
    ``i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)`` and the candidate is
    ``g = tanh(a_g)``. The columns of W, U and b come in the order i, f, o, g. The
    weights of each gate start for themselves: W uniform after Glorot, U orthogonal; b
    starts at zero, that of f at 1. ``h_0 = c_0 = 0``.

    Shapes: x (..., time, d), W (d, 4 * units), U (units, 4 * units), b (4 * units,),
    y (..., units) or (..., time, units).

    A step that does not exist (padding) leaves the states as they are; with
    ``return_sequences`` y is zero there.

    Parameters
    ----------
    units : int, default=32
        Width of h and of c.
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
    Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9, 1997.

    Gers, Schmidhuber and Cummins, "Learning to forget: continual prediction with LSTM",
    Neural Computation 12, 2000.

    Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent
    neural networks", NeurIPS 2016, for the dropout.

    Examples
    --------
    >>> from sklearn_nn.blocks import LSTM
    >>> LSTM(16, return_sequences=True).out_shape((10, 3))
    (10, 16)
    """

    gates: ClassVar[int] = 4
    sigmoid_gates: ClassVar[int] = 3
    states: ClassVar[int] = 2
    kept: ClassVar[int] = 5

    def param_tree(self, in_shape: Shape) -> ParamTree:
        tree = super().param_tree(in_shape)
        b = Param((4 * self.units,), unit_forget_bias, group="bias")
        return {**tree, "b": b}

    def split_kept(self, kept: Array) -> Arrays:
        return kept[:4], kept[:3], *kept

    def scratch(self, shape: Shape, ws: Workspace) -> Any:
        d_gates, slope = [ws.out(k, (4, *shape)) for k in ("d_gates", "slope")]
        half, one = ws.constant(0.5, (3, *shape)), ws.constant(1.0, shape)
        return half, one, slope, slope[:3], slope[3], d_gates, tuple(d_gates)

    def step(
        self, p: Views, xW: Array, hU: Array, gates: Array, now: TimeStep, scratch: Any
    ) -> None:
        (_, c_before), (h, c), (all_gates, s, i, f, o, g, tanh_c) = now[1:]
        half = scratch[0]
        hU += xW
        np.tanh(gates, out=all_gates)
        s *= half
        s += half
        np.multiply(f, c_before, out=c)
        c += np.multiply(i, g, out=tanh_c)
        np.tanh(c, out=tanh_c)
        np.multiply(o, tanh_c, out=h)

    def step_backward(
        self, d: Arrays, now: TimeStep, d_xW: Array, d_hU: Array, scratch: Any
    ) -> None:
        (_, c_before), (h, _), (all_gates, s, i, f, o, g, tanh_c) = now[1:]
        _, one, slope, slope_s, slope_g, d_gates, (di, df, do, dg) = scratch
        dh, dc = d
        through = np.multiply(h, tanh_c, out=di)
        np.subtract(o, through, out=through)
        through *= dh
        dc += through  # dh * o * (1 - tanh(c)**2), as h = o * tanh(c)
        np.multiply(dc, g, out=di)
        np.multiply(dc, c_before, out=df)
        np.multiply(dh, tanh_c, out=do)
        np.multiply(dc, i, out=dg)
        dc *= f
        np.multiply(all_gates, all_gates, out=slope)
        np.subtract(s, slope_s, out=slope_s)
        np.subtract(one, slope_g, out=slope_g)
        np.multiply(d_gates, slope, out=d_xW)


def unit_forget_bias(rng: Rng, out: Array) -> None:
    """Fill with zeros, and with ones the bias of f, the second gate."""
    out[...] = 0
    by_gate(out, LSTM.gates)[1] = 1
