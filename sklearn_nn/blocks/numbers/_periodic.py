"""Embeddings of numeric features by waves of trained frequencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.numbers._linear import GROUP, NumericEmbedding, with_ones
from sklearn_nn.core import (
    Array,
    Boolean,
    Init,
    Param,
    ParamTree,
    Rule,
    Shape,
    Views,
    Workspace,
    integer,
    matmul,
    number,
    uniform,
)


@dataclass(eq=False, repr=False)
class PeriodicEmbedding(NumericEmbedding):
    """``y_j = activation([cos v, sin v, 1] @ W_j)`` with ``v = 2 pi c_j x_j``.

    The frequencies ``c`` are trained like the weights; both are of the group "numeric":
    not penalized.

    Shapes: x (..., f), wave (f, frequencies, 1), of c, W (f, 2 * frequencies + 1,
    units), y (..., f * units), or (..., f, units) if not ``flat``.

    Parameters
    ----------
    frequencies : int, default=48
        Number of frequencies per feature.
    units : int, default=24
        Length of a feature's vector.
    sigma : float, default=0.01
        Standard deviation of the normal distribution of the first frequencies. It
        matters more than the rest, and depends on the scale of the features.
    activation : str or Activation, default="relu"
        As of `Dense`.
    flat : bool, default=True
        Whether the vectors of a row stand in one line; if not, they become a sequence,
        for attention over the features.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022.
    """

    frequencies: int = 48
    units: int = 24
    sigma: float = 0.01
    activation: str | Activation = "relu"
    flat: bool = True

    learns_q: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "frequencies": integer(1),
        "units": integer(1),
        "sigma": number(0, np.inf, "[)"),
        "flat": Boolean(),
    }

    def param_tree(self, in_shape: Shape) -> ParamTree:
        f, h = in_shape[-1], 2 * self.frequencies
        wave = Param((f, self.frequencies, 1), _waves(self.sigma), GROUP, summed=-1)
        W = Param((f, h + 1, self.units), uniform(h**-0.5), GROUP, summed=-2)
        return {"wave": wave, "W": W}

    def encode(self, p: Views, x: Array, ws: Workspace) -> Array:
        h, (v, factors) = self.frequencies, _angles(p.wave, x, ws)
        q = with_ones((*v.shape[:-2], 2 * h, v.shape[-1]), "q", ws)
        np.cos(v, out=q[..., :h, :])
        np.sin(v, out=q[..., h:-1, :])
        ws.saved = q, factors
        return q

    def vjp(self, p: Views, g: Views, dq: Array, ws: Workspace) -> Array:
        h, (q, factors) = self.frequencies, ws.saved
        dq[..., :h, :] *= q[..., h:-1, :]
        dv = ws.out("dv", (*dq.shape[:-2], h, dq.shape[-1]))
        np.multiply(dq[..., h:-1, :], q[..., :h, :], out=dv)
        dv -= dq[..., :h, :]  # cos(v) * dq_sin - sin(v) * dq_cos
        return _angles_backward(p, g, dv, factors, ws)


@dataclass(eq=False, repr=False)
class PBLDEmbedding(NumericEmbedding):
    """``y_j = [[cos v, 1] @ W_j, x_j]`` with ``v = 2 pi c_j x_j + a_j``, as in RealMLP.

    Periodic with a bias, then linear, then dense: the feature itself is the last unit.
    Parameters are of the group "numeric": trained and not penalized.

    Shapes: x (..., f), wave (f, frequencies, 2), of c and a, W (f, frequencies + 1,
    units - 1), y (..., f * units), or (..., f, units) if not ``flat``.

    Parameters
    ----------
    frequencies : int, default=16
        Number of frequencies per feature.
    units : int, default=4
        Length of a feature's vector, at least 2.
    sigma : float, default=0.1
        Standard deviation of the normal distribution of the first frequencies; the
        first angles ``a`` are uniform.
    flat : bool, default=True
        Whether the vectors of a row stand in one line; if not, they become a sequence,
        for attention over the features.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.
    """

    frequencies: int = 16
    units: int = 4
    sigma: float = 0.1
    flat: bool = True

    learns_q: ClassVar[bool] = True
    keeps_x: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "frequencies": integer(1),
        "units": integer(2),
        "sigma": number(0, np.inf, "[)"),
        "flat": Boolean(),
    }

    def param_tree(self, in_shape: Shape) -> ParamTree:
        f, h = in_shape[-1], self.frequencies
        W = Param((f, h + 1, self.units - 1), uniform(h**-0.5), GROUP, summed=-2)
        wave = Param((f, h, 2), _waves(self.sigma), GROUP, summed=-1)
        return {"wave": wave, "W": W}

    def encode(self, p: Views, x: Array, ws: Workspace) -> Array:
        v, _ = ws.saved = _angles(p.wave, x, ws)
        q = with_ones(v.shape, "q", ws)
        np.cos(v, out=q[..., :-1, :])
        return q

    def vjp(self, p: Views, g: Views, dq: Array, ws: Workspace) -> Array:
        v, factors = ws.saved
        dv = np.sin(v, out=ws.out("dv", v.shape))
        np.negative(dv, out=dv)
        dv *= dq[..., :-1, :]
        return _angles_backward(p, g, dv, factors, ws)


def _waves(sigma: float) -> Init:
    """Return an initializer of frequencies and, if there are any, angles."""

    def init(rng: np.random.Generator, out: Array) -> None:
        out[..., :1] = rng.normal(0, sigma, out[..., :1].shape)
        out[..., 1:] = rng.uniform(-np.pi, np.pi, out[..., 1:].shape)

    return init


def _angles(wave: Array, x: Array, ws: Workspace) -> tuple[Array, Array]:
    """Return ``2 pi c x + a`` (..., f, h, n), and the rows that ``wave`` multiplies.

    A product is several times as fast as to multiply and add.
    """
    factors = ws.out("factors", (*x.shape[:-1], wave.shape[-1], x.shape[-1]))
    np.multiply(x, 2 * np.pi, out=factors[..., 0, :])
    factors[..., 1:, :] = 1
    v = ws.out("v", (*wave.shape[:-1], x.shape[-1]))
    return matmul(wave, factors, v), factors


def _angles_backward(
    p: Views, g: Views, dv: Array, factors: Array, ws: Workspace
) -> Array:
    """Write the gradient of frequencies and angles; return dx (..., f, n)."""
    np.matmul(dv, factors.mT, out=g.wave)
    shape = (*dv.shape[:-2], p.wave.shape[-1], dv.shape[-1])
    d_factors = np.matmul(p.wave.mT, dv, out=ws.out("d_factors", shape))
    return np.multiply(d_factors[..., 0, :], 2 * np.pi, out=d_factors[..., 0, :])
