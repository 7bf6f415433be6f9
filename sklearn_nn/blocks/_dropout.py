"""Dropout: multiplicative noise while training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Elementwise
from sklearn_nn.core import (
    Array,
    OneOf,
    Rng,
    Rule,
    Schedule,
    Views,
    Workspace,
    any_of,
    instance_of,
    number,
    scalar,
)

LEVELS = 1 << 16  # a random number has 16 bits, so that each draw of 64 gives four
DRAWN_AT_ONCE = 1 << 13
TOP = (1 << 64) - 1


@dataclass(eq=False, repr=False)
class Dropout(Elementwise):
    """Zero each entry with probability ``rate`` and divide the rest by ``1 - rate``.

    Without a generator, as in prediction, ``y = x``.

    Parameters
    ----------
    rate : float, default=0.5
        Probability of a zero, in [0, 1); it is rounded to a multiple of 2**-16.
    schedule : Schedule, default=None
        What the rate is multiplied by in the course of the training; None for 1.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    rate: float = 0.5
    schedule: Schedule | None = None

    rules: ClassVar[Mapping[str, Rule]] = {
        "rate": number(0, 1, "[)"),
        "schedule": any_of(
            OneOf((None,)),
            instance_of(Schedule, "a schedule of sklearn_nn.schedules"),
        ),
    }

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        ws.saved = None
        rate = self.rate
        if rng is None or rate == 0:
            return x
        if self.schedule is not None:
            rate *= self.schedule(ws.clock)
        mask = ws.saved = draw_noise(rate, rng, ws.out("mask", x.shape))
        return np.multiply(x, mask, out=ws.out("y", x.shape))

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        if ws.saved is None:
            return dy
        return np.multiply(dy, ws.saved, out=ws.out("dx", dy.shape))


def draw_noise(rate: float, rng: Rng, out: Array) -> Array:
    """Fill ``out`` with zeros, with probability ``rate``, else with 1 / (1 - rate)."""
    kept, flat = min(max(1, round(LEVELS * (1 - rate))), LEVELS), out.reshape(-1)
    for start in range(0, flat.size, DRAWN_AT_ONCE):
        _draw_ones(kept, rng, flat[start : start + DRAWN_AT_ONCE])
    out *= scalar(LEVELS / kept, out.dtype.char)
    return out


def _draw_ones(kept: int, rng: Rng, out: Array) -> None:
    """Fill ``out`` with ones, ``kept`` of ``LEVELS`` times, else with zeros."""
    words = rng.integers(TOP, size=-(-out.size // 4), dtype=np.uint64, endpoint=True)
    bits = words.view(np.uint16)[: out.size]
    np.less_equal(bits, np.uint16(kept - 1), out=out, casting="unsafe")
