"""GRU: a state that one gate resets and another updates."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.recurrent._cell import Arrays, TimeStep
from sklearn_nn.blocks.recurrent._recurrent import Recurrent
from sklearn_nn.blocks.recurrent._tape import merge_steps
from sklearn_nn.core import Array, Param, ParamTree, Shape, Views, Workspace, zeros


@dataclass(eq=False, repr=False)
class GRU(Recurrent):
    """Gated recurrent unit: ``h_t = z * h_(t-1) + (1 - z) * n``.

    With ``a = x_t @ W + b`` and ``m = h_(t-1) @ U`` cut into three parts each, the
    gates are ``r, z = sigmoid(a_r + m_r), sigmoid(a_z + m_z)`` and the candidate is
    ``n = tanh(a_n + r * (m_n + c))``. The gate r resets what U has made of the state,
    as in cuDNN and torch; in the first paper it resets the state that U reads. The
    columns of W, U and b come in the order r, z, n. The weights of each gate start for
    themselves: W uniform after Glorot, U orthogonal; b and c at zero. ``h_0 = 0``.

    Shapes: x (..., time, d), W (d, 3 * units), U (units, 3 * units), b (3 * units,),
    c (units,), y (..., units) or (..., time, units).

    A step that does not exist (padding) leaves the state as it is; with
    ``return_sequences`` y is zero there.

    Parameters
    ----------
    units : int, default=32
        Width of h.
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
    Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk and Bengio, "Learning
    phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014.

    Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent
    neural networks", NeurIPS 2016, for the dropout.

    Examples
    --------
    >>> from sklearn_nn.blocks import GRU
    >>> GRU(16, return_sequences=True).out_shape((10, 3))
    (10, 16)
    """

    gates: ClassVar[int] = 3
    sigmoid_gates: ClassVar[int] = 2
    kept: ClassVar[int] = 4
    separate_gradients: ClassVar[bool] = True

    def param_tree(self, in_shape: Shape) -> ParamTree:
        c = Param((self.units,), zeros, group="bias")
        return {**super().param_tree(in_shape), "c": c}

    def add_gradient(
        self, g: Views, steps: slice, d_xW: Array, d_hU: Array, ws: Workspace
    ) -> None:
        super().add_gradient(g, steps, d_xW, d_hU, ws)
        rows = merge_steps(d_hU)
        ones, part = ws.constant(1.0, rows.shape[-2:-1]), ws.out("g.c", g.c.shape)
        g.c += np.matmul(ones, rows[..., 2 * self.units :], out=part)

    def split_kept(self, kept: Array) -> Arrays:
        return kept[:2], *kept

    def scratch(self, shape: Shape, ws: Workspace) -> Any:
        d_gates, slope = [ws.out(k, (2, *shape)) for k in ("d_gates", "slope")]
        dn, rest = ws.out("dn", shape), ws.out("rest", shape)
        half, one = ws.constant(0.5, (2, *shape)), ws.constant(1.0, shape)
        return half, one, slope, d_gates, tuple(d_gates), dn, rest

    def step(
        self, p: Views, xW: Array, hU: Array, gates: Array, now: TimeStep, scratch: Any
    ) -> None:
        (h_before,), (h,), (s, r, z, n, m) = now[1:]
        half, u = scratch[0], self.units
        np.add(hU[..., 2 * u :], p.c[..., None, :], out=m)
        hU += xW
        np.tanh(gates[:2], out=s)
        s *= half
        s += half
        np.multiply(r, m, out=n)
        n += xW[..., 2 * u :]
        np.tanh(n, out=n)
        np.subtract(h_before, n, out=h)
        h *= z
        h += n  # z * h_before + (1 - z) * n

    def step_backward(
        self, d: Arrays, now: TimeStep, d_xW: Array, d_hU: Array, scratch: Any
    ) -> Array:
        (h_before,), _, (s, r, z, n, m) = now[1:]
        _, one, slope, d_gates, (dr, dz), dn, rest = scratch
        dh: Array = d[0]
        np.multiply(dh, z, out=rest)
        np.subtract(dh, rest, out=dn)
        np.multiply(n, n, out=dr)
        np.subtract(one, dr, out=dr)
        dn *= dr  # dh * (1 - z) * (1 - n**2)
        np.multiply(dn, m, out=dr)
        np.subtract(h_before, n, out=dz)
        dz *= dh
        np.multiply(s, s, out=slope)
        np.subtract(s, slope, out=slope)
        d_gates *= slope
        d_xW[:2] = d_gates
        d_hU[:2] = d_gates
        d_xW[2] = dn
        dn *= r
        d_hU[2] = dn
        return rest
