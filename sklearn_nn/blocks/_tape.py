"""Tape: what the way through time leaves for the way back; views by step and gate."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sklearn_nn.core import Array, Init, Rng, Workspace

Arrays = tuple[Array, ...]

# What is computed for several steps at once goes in chunks of about this size, so that
# it stays in the processor's second-level cache until the steps have used it.
CHUNK_BYTES = 1 << 19


class Moment(NamedTuple):
    """Step ``t``: the states before and after, and what else its backward reads."""

    t: int
    before: Arrays
    after: Arrays
    kept: Arrays


@dataclass
class Tape:
    """All steps, in the order in which the block takes them.

    Shapes: inputs (..., time, n, d + 1), the last feature is 1; states (states, ...,
    time + 1, n, units); kept (time, kept, ..., n, units); fed (..., time, n, units),
    what U has read; missing (time, ..., n, 1). ``chunk`` is a number of steps.
    """

    inputs: Array
    states: Array
    kept: Array
    moments: list[Moment]
    fed: Array
    missing: Array | None
    x_noise: Array | None
    h_noise: Array | None
    chunk: int

    def chunks(self, first: int = 0) -> list[slice]:
        """Return slices that cover the steps from ``first`` on."""
        stop, size = len(self.moments), self.chunk
        return [slice(i, min(i + size, stop)) for i in range(first, stop, size)]


def by_step(a: Array) -> Array:
    """Return the view (time, ...) of ``a`` (..., time, n, d)."""
    return np.moveaxis(a, -3, 0)


def by_gate(a: Array, gates: int) -> Array:
    """Return the view (gates, ..., units) of ``a`` (..., gates * units)."""
    return np.moveaxis(a.reshape(*a.shape[:-1], gates, -1), -2, 0)


def merge_steps(a: Array) -> Array:
    """Return the view (..., time * n, d) of ``a`` (..., time, n, d)."""
    return a.reshape(*a.shape[:-3], -1, a.shape[-1])


def hold(now: Moment, missing: Array) -> None:
    """Undo the step for the rows that miss it."""
    for before, after in zip(now.before, now.after, strict=True):
        np.copyto(after, before, where=missing)


def hold_back(d: Array, missing: Array | None, t: int, ws: Workspace) -> Array | None:
    """Return the part of ``d`` of the rows that miss step ``t``, and take it from d."""
    if missing is None:
        return None
    held = np.multiply(d, missing[t], out=ws.out("held", d.shape))
    d -= held
    return held


def per_gate(init: Init, gates: int) -> Init:
    """Return an initializer that fills the columns of each gate with ``init``."""

    def init_gates(rng: np.random.Generator, out: Array) -> None:
        for gate in by_gate(out, gates):
            init(rng, gate)

    return init_gates


def noise_of(
    rate: float, rng: Rng | None, ws: Workspace, name: str, shape: tuple[int, ...]
) -> Array | None:
    """Return zeros with probability ``rate``, else 1 / (1 - rate); None if all ones."""
    if rng is None or rate == 0:
        return None
    noise = ws.out(name, shape)
    rng.random(out=noise, dtype=noise.dtype.type)
    noise += 1 - rate  # in [1 - rate, 2 - rate): at least 1 with probability 1 - rate
    np.floor(noise, out=noise)
    noise /= 1 - rate
    return noise
