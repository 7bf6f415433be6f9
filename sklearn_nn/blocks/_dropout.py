"""Dropout: multiplicative noise while training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.blocks._activations import Elementwise
from sklearn_nn.core import Array, Rng, Rule, Views, Workspace, number


@dataclass(eq=False, repr=False)
class Dropout(Elementwise):
    """Zero each entry with probability ``rate`` and divide the rest by ``1 - rate``.

    Without a generator, as in prediction, ``y = x``.

    Parameters
    ----------
    rate : float, default=0.5
        Probability of a zero, in [0, 1).

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    rate: float = 0.5

    rules: ClassVar[Mapping[str, Rule]] = {"rate": number(0, 1, "[)")}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = None
        if rng is None or self.rate == 0:
            return x
        mask = ws.saved = draw_noise(self.rate, rng, ws.out("mask", x.shape))
        return np.multiply(x, mask, out=ws.out("y", x.shape))

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        if ws.saved is None:
            return dy
        return np.multiply(dy, ws.saved, out=ws.out("dx", dy.shape))


def draw_noise(rate: float, rng: Rng, out: Array) -> Array:
    """Fill ``out`` with zeros, with probability ``rate``, else with 1 / (1 - rate)."""
    rng.random(out=out, dtype=out.dtype.type)
    out += 1 - rate  # in [1 - rate, 2 - rate): at least 1 with probability 1 - rate
    np.floor(out, out=out)
    out /= 1 - rate
    return out
