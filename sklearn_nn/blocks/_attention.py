"""Self-attention, and the positions that it does not see by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks._dense import Dense
from sklearn_nn.blocks._dropout import Dropout
from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    integer,
    missing_steps_hint,
    normal,
    number,
    sum_members,
    sum_rows,
    zero_missing,
    zero_steps,
)


@dataclass(eq=False, repr=False)
class SelfAttention(Block):
    """``y = concat_h(softmax(q_h k_h^T / sqrt(e)) v_h) @ W_out + b_out``.

    Each step of a sequence asks all others: queries, keys and values ``q, k, v = x @
    W_qkv + b_qkv`` are cut into ``heads`` parts of length e = d / heads, and a step's
    output is the mean of the values, weighted by how well the keys match its query.
    Steps that do not exist are not attended to; where none exists, the mean is zero.

    Shapes: x (..., time, d), W_qkv (d, 3 d), W_out (d, d), y (..., time, d).

    Parameters
    ----------
    heads : int, default=4
        Number of parts; d must be a multiple of it.
    dropout : float, default=0.0
        Probability in training that a step does not see another, in [0, 1).
    causal : bool, default=False
        Whether a step sees only itself and earlier ones.

    References
    ----------
    Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention
    is all you need", NeurIPS 2017.

    Examples
    --------
    A transformer of one layer, for rows of 20 steps of 3 features:

    >>> from sklearn_nn.blocks import (
    ...     Dense, GlobalAveragePool, LayerNorm, PositionalEncoding, Residual,
    ...     SelfAttention, ToSequence, chain)
    >>> attention = Residual(chain(LayerNorm(), SelfAttention(4)))
    >>> by_step = Residual(chain(LayerNorm(), Dense(64, "gelu"), Dense(16)))
    >>> net = chain(ToSequence(3), Dense(16), PositionalEncoding(), attention, by_step,
    ...             LayerNorm(), GlobalAveragePool(), Dense(1))
    >>> net.out_shape((60,))
    (1,)
    """

    heads: int = 4
    dropout: float = 0.0
    causal: bool = False

    rules: ClassVar[Mapping[str, Rule]] = {
        "heads": integer(1),
        "dropout": number(0, 1, "[)"),
        "causal": Boolean(),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        _check_sequence(self, in_shape)
        if in_shape[-1] % self.heads:
            raise ValueError(
                f"`heads` of SelfAttention must divide the {in_shape[-1]} features "
                f"that it reads; got {self.heads}."
            )
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        qkv, out = self._products(in_shape[-1])
        return {"qkv": qkv.param_tree(in_shape), "out": out.param_tree(in_shape)}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        d = ws.in_shape[-1]
        to_qkv, to_out = self._products(d)
        x, valid = zero_steps(x, ws)
        qkv = to_qkv.forward(p.qkv, x, ws.child("qkv", ws.in_shape), rng)
        q, k, v = self._heads(qkv, 3)
        # The weights are kept as (key, query): NumPy takes the maximum over an axis
        # that is not the last one twice as fast.
        weights = ws.out("weights", (*q.shape[:-1], q.shape[-2]))
        np.matmul(k, q.mT, out=weights)
        weights *= q.shape[-1] ** -0.5
        _softmax(weights, self._unseen(ws), ws)
        kept = Dropout(self.dropout).forward(None, weights, ws.child("dropout"), rng)
        mean = ws.out("mean", (*qkv.shape[:-1], d))
        np.matmul(kept.mT, v, out=self._heads(mean, 1)[0])
        ws.saved = q, k, v, weights, kept, mean, valid
        return to_out.forward(p.out, mean, ws.child("out", ws.in_shape), rng)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        q, k, v, weights, kept, mean, valid = ws.saved
        to_qkv, to_out = self._products(ws.in_shape[-1])
        d_mean: Any = to_out.backward(p.out, g.out, dy, ws.child("out"))
        (d_heads,) = self._heads(d_mean, 1)
        d_qkv = ws.out("d_qkv", (*mean.shape[:-1], 3 * mean.shape[-1]))
        dq, dk, dv = self._heads(d_qkv, 3)
        np.matmul(kept, d_heads, out=dv)
        ds: Any = np.matmul(v, d_heads.mT, out=ws.out("ds", kept.shape))
        ds = Dropout(self.dropout).backward(None, None, ds, ws.child("dropout"))
        # From weights to scores: ds = weights * (ds - sum over keys of weights * ds), a
        # sum that is also the one of mean * d_mean over the features of a head.
        tmp = np.multiply(mean, d_mean, out=ws.out("tmp", mean.shape))
        ds -= _sums(self._heads(tmp, 1)[0], ws)
        ds *= weights
        ds *= q.shape[-1] ** -0.5
        np.matmul(ds.mT, k, out=dq)
        np.matmul(ds, q, out=dk)
        dx = to_qkv.backward(p.qkv, g.qkv, d_qkv, ws.child("qkv"), need_dx=need_dx)
        return None if dx is None else zero_missing(dx, valid, ws)

    def _products(self, d: int) -> tuple[Dense, Dense]:
        """Return the map to queries, keys and values, and that of the result."""
        return Dense(3 * d), Dense(d)

    def _heads(self, a: Array, parts: int) -> Array:
        """Return ``parts`` views of ``a`` in one, each (..., heads, time, e)."""
        cut = a.reshape(*a.shape[:-1], parts, self.heads, -1)
        return np.moveaxis(cut, (-3, -2), (0, -3))

    def _unseen(self, ws: Workspace) -> Array | None:
        """Return which keys no query, or which query, may see: (..., 1, time, time)."""
        later = np.tri(ws.in_shape[0], k=-1, dtype=bool) if self.causal else None
        if ws.mask is None:
            return later
        absent = ws.out("absent", ws.mask.shape, bool)
        absent = np.logical_not(ws.mask, out=absent)[..., None, :, None]
        if later is None:
            return absent
        unseen = ws.out("unseen", (*absent.shape[:-1], len(later)), bool)
        return np.logical_or(absent, later, out=unseen)


def _softmax(scores: Array, unseen: Array | None, ws: Workspace) -> None:
    """Replace scores by ``exp(s) / sum(exp(s))`` over axis -2, and zero the unseen."""
    shape = (*scores.shape[:-2], 1, scores.shape[-1])
    top, total = ws.out("top", shape), ws.out("total", shape)
    if unseen is not None:
        np.copyto(scores, -np.inf, where=unseen)
    np.max(scores, axis=-2, keepdims=True, out=top)
    if unseen is not None:  # a query may see nothing: all is zero then
        np.maximum(top, np.finfo(top.dtype).min, out=top)
    scores -= top
    np.exp(scores, out=scores)
    np.matmul(ws.constant(1.0, (1, scores.shape[-2])), scores, out=total)
    if unseen is not None:
        np.maximum(total, 1, out=total)  # it is at least that, the largest gives 1
    scores /= total


def _sums(a: Array, ws: Workspace) -> Array:
    """Return the sums over the last axis of (..., time, e), as (..., 1, time)."""
    sums = ws.out("sums", (*a.shape[:-1], 1))
    return np.matmul(a, ws.constant(1.0, (a.shape[-1], 1)), out=sums).mT


def _check_sequence(block: Block, in_shape: Shape) -> None:
    if len(in_shape) != 2:
        raise ValueError(
            f"{type(block).__name__} must read sequences, rows of shape (time, "
            f"features); got rows of shape {in_shape}. "
            + missing_steps_hint(in_shape, "ToSequence makes them.")
        )


@dataclass(eq=False, repr=False)
class PositionalEncoding(Block):
    """``y = x + P``: sines and cosines that tell the steps of a sequence apart.

    ``P[t, 2i] = sin(t / 10000^(2i / d))`` and ``P[t, 2i + 1]`` the cosine of the same;
    nothing is trained.

    Shapes: x and y (..., time, d).

    References
    ----------
    Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser and Polosukhin, "Attention
    is all you need", NeurIPS 2017.
    """

    def out_shape(self, in_shape: Shape) -> Shape:
        _check_sequence(self, in_shape)
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        if ws.saved is None:
            ws.saved = _waves(*ws.in_shape).astype(ws.dtype)
        return np.add(x, ws.saved, out=ws.out("y", x.shape))

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        return dy


def _waves(time: int, d: int) -> Array:
    even = np.arange(d) // 2 * 2
    angle = np.arange(time)[:, None] / 10000 ** (even / d)
    return np.where(even == np.arange(d), np.sin(angle), np.cos(angle))


@dataclass(eq=False, repr=False)
class PositionalEmbedding(Block):
    """``y = x + P``: a trained vector for each position in the sequence.

    The vectors are of the group "position": they are not penalized.

    Shapes: x and y (..., time, d), P (time, d).

    Parameters
    ----------
    init_std : float, default=0.02
        Standard deviation of the normal distribution of the first vectors.

    References
    ----------
    Gehring, Auli, Grangier, Yarats and Dauphin, "Convolutional sequence to sequence
    learning", ICML 2017.
    """

    init_std: float = 0.02

    rules: ClassVar[Mapping[str, Rule]] = {"init_std": number(0, np.inf, "[)")}

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        _check_sequence(self, in_shape)
        return in_shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {"P": Param(in_shape, normal(self.init_std), group="position")}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = x.shape
        y = ws.out("y", (*p.P.shape[:-2], *x.shape[-3:]))
        return np.add(x, p.P[..., None, :, :], out=y)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        flat = *p.P.shape[:-2], -1
        sum_rows(dy.reshape(*dy.shape[:-2], -1), g.P.reshape(flat), ws)
        return sum_members(dy, ws.saved, ws) if need_dx else None
