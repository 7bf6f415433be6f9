"""Tape: what the way through time leaves for the way back."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sklearn_nn.blocks._dropout import draw_noise
from sklearn_nn.blocks.recurrent._cell import Cell, TimeStep, to_front
from sklearn_nn.core import Array, Rng, Shape, Views, Workspace

# What is computed for several steps at once goes in chunks of so many rows: enough for
# an efficient product, few enough to stay in the cache until the steps have used it.
CHUNK_ROWS = 512


@dataclass
class Tape:
    """All steps, in the order in which the block takes them.

    Shapes: inputs (..., time, n, d + 1), whose last feature is 1, of weight b; states
    (states, ..., time + 1, n, units); fed (..., time, n, units), what U reads; missing
    (time, ..., n, 1). ``chunk`` is a number of steps.
    """

    inputs: Array
    states: Array
    time_steps: list[TimeStep]
    recurrent_inputs: Array
    x_noise: Array | None
    h_noise: Array | None
    missing: Array | None
    chunk: int

    def chunks(self, first: int = 0) -> list[slice]:
        """Return slices that cover the steps from ``first`` on."""
        stop, size = len(self.time_steps), self.chunk
        return [slice(i, min(i + size, stop)) for i in range(first, stop, size)]


class TapeBuffers(NamedTuple):
    """The buffers of a tape, and their views step by step."""

    inputs: Array
    states: Array
    time_steps: list[TimeStep]


def new_tape(cell: Cell, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Tape:
    """Return a tape with the inputs, and states that are zero before the first step."""
    lead, (n, _, d), u = p.W.shape[:-2], x.shape[-3:], cell.units
    buffers = ws.plan(x.shape) or ws.keep_plan(
        x.shape, _make_buffers(cell, lead, x.shape, ws)
    )
    inputs, states, time_steps = buffers
    x_noise = _noise(cell.dropout, rng, ws, "x noise", (*x.shape[:-2], d))
    h_noise = _noise(cell.recurrent_dropout, rng, ws, "h noise", (*lead, n, u))
    inputs[..., -1] = 1
    if x_noise is None:
        inputs[..., :-1] = time_major(cell, x)
    else:
        x_noise = x_noise[..., None, :, :]
        np.multiply(time_major(cell, x), x_noise, out=inputs[..., :-1])
    missing = _missing(cell, ws)
    if missing is not None:
        np.copyto(by_step(inputs)[..., :-1], 0, where=missing)
    states[..., 0, :, :] = 0
    recurrent_inputs = states[0][..., :-1, :, :]
    if h_noise is not None:
        recurrent_inputs = ws.out("fed", recurrent_inputs.shape)
    chunk = CHUNK_ROWS // max(1, n) or 1
    return Tape(
        inputs, states, time_steps, recurrent_inputs, x_noise, h_noise, missing, chunk
    )


def carry_states(now: TimeStep, missing: Array) -> None:
    """Undo the step for the rows that miss it."""
    for before, after in zip(now.before, now.after, strict=True):
        np.copyto(after, before, where=missing)


def carry_gradients(
    d: Array, missing: Array | None, t: int, ws: Workspace
) -> Array | None:
    """Return the part of ``d`` of the rows that miss step ``t``, taken out of it."""
    if missing is None:
        return None
    held = np.multiply(d, missing[t], out=ws.out("held", d.shape))
    d -= held
    return held


def time_major(cell: Cell, a: Array) -> Array:
    """Return the view (..., time, n, d) of ``a`` (..., n, time, d), first step first.

    In reverse, the first step is the last one in time.
    """
    steps = a.swapaxes(-3, -2)
    return steps[..., ::-1, :, :] if cell.reverse else steps


def by_step(a: Array) -> Array:
    """Return the view (time, ...) of ``a`` (..., time, n, d)."""
    return to_front(a, -3)


def merge_steps(a: Array) -> Array:
    """Return the view (..., time * n, d) of ``a`` (..., time, n, d)."""
    return a.reshape(*a.shape[:-3], -1, a.shape[-1])


def _make_buffers(cell: Cell, lead: Shape, shape: Shape, ws: Workspace) -> TapeBuffers:
    *own, n, time, d = shape
    inputs = ws.out("inputs", (*own, time, n, d + 1))
    states = ws.out("states", (cell.states, *lead, time + 1, n, cell.units))
    kept = ws.out("kept", (time, cell.kept, *lead, n, cell.units))
    at = [tuple(now) for now in by_step(states)]
    steps = zip(range(time), at[:-1], at[1:], map(cell.split_kept, kept), strict=True)
    return TapeBuffers(inputs, states, [TimeStep(*step) for step in steps])


def _missing(cell: Cell, ws: Workspace) -> Array | None:
    if ws.mask is None:
        return None
    valid = by_step(time_major(cell, ws.mask[..., None]))
    return np.logical_not(valid, out=ws.out("missing", valid.shape, bool))


def _noise(
    rate: float, rng: Rng | None, ws: Workspace, name: str, shape: Shape
) -> Array | None:
    """Return zeros with probability ``rate``, else 1 / (1 - rate); None if all ones."""
    if rng is None or rate == 0:
        return None
    return draw_noise(rate, rng, ws.out(name, shape))
