"""Piecewise linear encodings of numeric features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.numbers._bins import (
    BINS,
    bin_counts,
    bin_ramps,
    check_columns,
    encode_pieces,
    pieces_vjp,
)
from sklearn_nn.blocks.numbers._linear import GROUP, NumericEmbedding, with_ones
from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    Init,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    integer,
)


@dataclass(eq=False, repr=False)
class PiecewiseLinearEncoding(Block):
    """``y_t = clip((x - e_t) / (e_{t+1} - e_t), 0, 1)`` for each bin of each column.

    Bins below x give 1, those above 0, its own how far x is through it. The first bin
    of a column is not clipped below and the last not above, so that x can be told
    outside of them. Nothing is trained.

    Shapes: x (..., f), y (..., number of bins of all columns).

    Parameters
    ----------
    bins : list of array-like, default=None
        The ascending edges of the bins of each column; `quantile_bins` computes them.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022.

    Examples
    --------
    >>> from sklearn_nn.blocks import PiecewiseLinearEncoding
    >>> PiecewiseLinearEncoding(bins=[[0, 1, 2, 4], [-1, 1]]).out_shape((2,))
    (4,)
    """

    bins: Sequence[Any] | None = None

    rules: ClassVar[Mapping[str, Rule]] = {"bins": BINS}

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        check_columns(self, in_shape)
        return (*in_shape[:-1], int(sum(bin_counts(self))))

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        counts = bin_counts(self)
        column = np.repeat(np.arange(len(counts)), counts)
        y = ws.out("y", (*x.shape[:-1], len(column)))
        np.take(x, column, axis=-1, out=y, mode="clip")  # "raise" would make a copy
        ramps = bin_ramps(self, ws)
        encode_pieces(y, ramps, y)
        ws.saved = y, ramps, np.cumsum(counts) - counts
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        if not need_dx:
            return None
        y, ramps, starts = ws.saved
        slope = pieces_vjp(y, ramps, ws)
        slope *= dy
        dx = ws.out("dx", (*dy.shape[:-1], len(starts)))
        return np.add.reduceat(slope, starts, axis=-1, out=dx)


@dataclass(eq=False, repr=False)
class PiecewiseLinearEmbedding(NumericEmbedding):
    """``y_j = activation([q, x_j, 1] @ W_j)`` with q the `PiecewiseLinearEncoding`.

    The weights of q start at zero, so that the function is at first a line, and the
    others uniform within ``1 / sqrt(units)`` of 0. Parameters are of the group
    "numeric": trained and not penalized.

    Shapes: x (..., f), W (f, most bins of a column + 2, units), y (..., f * units), or
    (..., f, units) if not ``flat``.

    Parameters
    ----------
    bins : list of array-like, default=None
        The ascending edges of the bins of each column; `quantile_bins` computes them.
    units : int, default=16
        Length of a feature's vector.
    activation : str or Activation, default="identity"
        As of `Dense`.
    flat : bool, default=True
        Whether the vectors of a row stand in one line; if not, they become a sequence,
        for attention over the features.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022. Gorishniy, Kotelnikov and Babenko, "TabM: advancing
    tabular deep learning with parameter-efficient ensembling", ICLR 2025.
    """

    bins: Sequence[Any] | None = None
    units: int = 16
    activation: str | Activation = "identity"
    flat: bool = True

    rules: ClassVar[Mapping[str, Rule]] = {
        "bins": BINS,
        "units": integer(1),
        "flat": Boolean(),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        shape = super().out_shape(in_shape)
        check_columns(self, in_shape)
        return shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        h = max(bin_counts(self)) + 2
        init = _flat_ramps(self.units**-0.5)
        return {"W": Param((in_shape[-1], h, self.units), init, GROUP, summed=-2)}

    def encode(self, p: Views, x: Array, ws: Workspace) -> Array:
        ramps = bin_ramps(self, ws, padded=True)
        h = ramps.shape[2] + 1
        q = with_ones((*x.shape[:-1], h, x.shape[-1]), "q", ws)
        q[..., h - 1, :] = x
        encode_pieces(x[..., None, :], ramps, q[..., : h - 1, :])
        ws.saved = q[..., : h - 1, :], ramps
        return q

    def vjp(self, p: Views, g: Views, dq: Array, ws: Workspace) -> Array:
        q, ramps = ws.saved
        dq[..., :-2, :] *= pieces_vjp(q, ramps, ws)
        dx = ws.out("dx", (*dq.shape[:-2], dq.shape[-1]))
        return np.sum(dq[..., :-1, :], axis=-2, out=dx)


def _flat_ramps(bound: float) -> Init:
    """Return an initializer of zeros, but for the two last rows."""

    def init(rng: np.random.Generator, out: Array) -> None:
        out[..., :-2, :] = 0
        out[..., -2:, :] = rng.uniform(-bound, bound, out[..., -2:, :].shape)

    return init
