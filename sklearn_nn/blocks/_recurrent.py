"""Recurrent: what recurrent blocks share, the way through time and back."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks._axes import sum_members
from sklearn_nn.blocks._dense import multiply
from sklearn_nn.blocks._tape import (
    CHUNK_BYTES,
    Arrays,
    Moment,
    Tape,
    by_gate,
    by_step,
    hold,
    hold_back,
    merge_steps,
    noise_of,
    per_gate,
)
from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    OneOf,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    any_of,
    integer,
    number,
    orthogonal,
    uniform,
    zeros,
)


@dataclass(eq=False, repr=False)
class Recurrent(Block):
    """A block that carries states from each time step to the next.

    Shapes: x (..., n, time, d), y (..., n, units), the last h, or (..., n, time,
    units). Inside, time comes before rows, and in a step gates come before both, so
    that calls work on contiguous arrays. A subclass says what a step makes of the
    products with W and U, and what undoes it. A missing step holds the states.

    Attributes
    ----------
    gates : int
        Width of the products ``x @ W`` and ``h @ U``, in units.
    halved : int
        The first so many gates get half of their sums: ``sigmoid(a)`` is
        ``0.5 * tanh(0.5 * a) + 0.5``, and NumPy's tanh is several times as fast as
        SciPy's expit.
    states : int
        Number of arrays (..., n, units) that are carried on; the first is h.
    kept : int
        Number of arrays (..., n, units) of a step that its backward reads besides.
    splits : bool
        Whether the gradients of ``x @ W`` and of ``h @ U`` differ.
    """

    units: int = 32
    _: KW_ONLY
    return_sequences: bool = False
    reverse: bool = False
    truncate: int | None = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    gates: ClassVar[int] = 1
    halved: ClassVar[int] = 0
    states: ClassVar[int] = 1
    kept: ClassVar[int] = 0
    splits: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "return_sequences": Boolean(),
        "reverse": Boolean(),
        "truncate": any_of(OneOf((None,)), integer(1)),
        "dropout": number(0, 1, "[)"),
        "recurrent_dropout": number(0, 1, "[)"),
    }

    @abstractmethod
    def scratch(self, shape: Shape, ws: Workspace) -> Any:
        """Return what the steps work with; ``shape`` is that of a state."""

    @abstractmethod
    def step(
        self, p: Views, xW: Array, hU: Array, gates: Array, now: Moment, scratch: Any
    ) -> None:
        """Write the states after the step, and what is kept of it.

        Shapes: xW (b is in it), hU (..., n, gates * units). ``gates`` is the memory of
        hU seen as (gates, ..., n, units).
        """

    @abstractmethod
    def step_back(
        self, d: Arrays, now: Moment, d_xW: Array, d_hU: Array, scratch: Any
    ) -> Array | None:
        """Write the gradients of xW and hU, (gates, ..., n, units).

        Both are one array unless the block ``splits``. ``d`` holds the gradients of the
        states after the step; all but that of h become those before it. Return the
        gradient of h before the step except what comes by U, or None if that is all.
        """

    def cut(self, kept: Array) -> Arrays:
        """Return the views of what is kept of a step that the steps read."""
        return tuple(kept)

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        if len(in_shape) != 2:
            raise ValueError(
                f"{type(self).__name__} must read rows of shape (time, features); got "
                f"rows of shape {in_shape}. ToSequence makes such rows of flat ones."
            )
        return (in_shape[0], self.units) if self.return_sequences else (self.units,)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d, u, width = in_shape[-1], self.units, self.gates * self.units
        glorot = uniform(float(np.sqrt(6 / (d + u))))
        return {
            "W": Param((d, width), per_gate(glorot, self.gates)),
            "U": Param((u, width), per_gate(orthogonal, self.gates)),
            "b": Param((width,), zeros, group="bias"),
        }

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        tape = ws.saved = self._new_tape(p, x, ws, rng)
        U, fed = self._halve(p.U, ws.out("U", p.U.shape)), by_step(tape.fed)
        hU = ws.out("hU", (*fed.shape[1:-1], U.shape[-1]))
        gates, scratch = by_gate(hU, self.gates), self.scratch(fed.shape[1:], ws)
        for t, xW in enumerate(self._input_sums(p, tape, ws)):
            now = tape.moments[t]
            if tape.h_noise is not None:
                np.multiply(now.before[0], tape.h_noise, out=fed[t])
            multiply(fed[t], U, hU)
            self.step(p, xW, hU, gates, now, scratch)
            if tape.missing is not None:
                hold(now, tape.missing[t])
        return self._output(tape.states[0], ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        *lead, time, n, d = ws.saved.inputs.shape
        # If only the last state is read, no gradient gets past the first cut.
        reach = time if self.return_sequences else min(self.truncate or time, time)
        dx = ws.out("dx", (*lead, n, time, d - 1)) if need_dx else None
        if dx is not None:
            self._in_order(dx)[..., : time - reach, :, :] = 0
        for gradient in vars(g).values():
            gradient[...] = 0
        for steps, d_xW, d_hU in self._way_back(p, dy, time - reach, ws):
            self.add_gradient(g, steps, d_xW, d_hU, ws)
            if dx is not None:
                self._write_dx(p, d_xW, self._in_order(dx)[..., steps, :, :], ws)
        return dx

    def add_gradient(
        self, g: Views, steps: slice, d_xW: Array, d_hU: Array, ws: Workspace
    ) -> None:
        """Add to the gradients what some of the steps contribute."""
        tape = ws.saved
        inputs = merge_steps(tape.inputs[..., steps, :, :])
        part = ws.out("g.kernel", (*g.W.shape[:-2], inputs.shape[-1], g.W.shape[-1]))
        multiply(inputs.mT, merge_steps(d_xW), part)
        g.W += part[..., :-1, :]
        g.b += part[..., -1, :]
        part = ws.out("g.U", g.U.shape)
        multiply(merge_steps(tape.fed[..., steps, :, :]).mT, merge_steps(d_hU), part)
        g.U += part

    def _way_back(
        self, p: Views, dy: Array, first: int, ws: Workspace
    ) -> Iterator[tuple[slice, Array, Array]]:
        """Yield steps and gradients of their xW and hU, from the last to ``first``."""
        tape: Tape = ws.saved
        d = ws.out("d", by_step(tape.states).shape[1:])  # of the states
        dh, states, dys = d[0], tuple(d), self._output_gradient(dy, d)
        UT, scratch = ws.out("UT", p.U.mT.shape), self.scratch(dh.shape, ws)
        UT[...], time = p.U.mT, len(tape.moments)
        for steps in reversed(tape.chunks(first)):
            shape = (
                *p.W.shape[:-2],
                steps.stop - steps.start,
                *d.shape[-2:-1],
                p.W.shape[-1],
            )
            d_xW = ws.out("d_xW", shape)
            d_hU = ws.out("d_hU", shape) if self.splits else d_xW
            of_gates = [by_step(by_gate(a, self.gates)) for a in (d_xW, d_hU)]
            now = zip(range(time)[steps], by_step(d_hU), *of_gates, strict=True)
            for t, rows, to_xW, to_hU in reversed([*now]):
                if dys is not None:
                    dh += dys[t]
                held = hold_back(d, tape.missing, t, ws)
                rest = self.step_back(states, tape.moments[t], to_xW, to_hU, scratch)
                multiply(rows, UT, dh)
                if tape.h_noise is not None:
                    dh *= tape.h_noise
                if rest is not None:
                    dh += rest
                if held is not None:
                    d += held
                if self.truncate and (time - t) % self.truncate == 0:
                    d[...] = 0
            yield steps, d_xW, d_hU

    def _new_tape(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Tape:
        lead, (n, time, d), u = p.W.shape[:-2], x.shape[-3:], self.units
        x_noise = noise_of(self.dropout, rng, ws, "x noise", (*x.shape[:-2], d))
        h_noise = noise_of(self.recurrent_dropout, rng, ws, "h noise", (*lead, n, u))
        inputs = ws.out("inputs", (*x.shape[:-3], time, n, d + 1))
        inputs[..., -1] = 1  # b is its weight
        if x_noise is None:
            inputs[..., :-1] = self._in_order(x)
        else:
            x_noise = x_noise[..., None, :, :]
            np.multiply(self._in_order(x), x_noise, out=inputs[..., :-1])
        states = ws.out("states", (self.states, *lead, time + 1, n, u))
        states[..., 0, :, :] = 0
        fed = states[0][..., :-1, :, :]
        if h_noise is not None:
            fed = ws.out("fed", fed.shape)
        kept, missing = ws.out("kept", (time, self.kept, *lead, n, u)), None
        if ws.mask is not None:
            there = self._in_order(ws.mask[..., None])
            missing = by_step(ws.out("missing", there.shape, bool))
            np.logical_not(by_step(there), out=missing)
        moments = self._moments(states, kept, ws.saved)
        chunk = CHUNK_BYTES // (max(1, n) * p.b.nbytes) or 1
        return Tape(
            inputs, states, kept, moments, fed, missing, x_noise, h_noise, chunk
        )

    def _moments(self, states: Array, kept: Array, last: Tape | None) -> list[Moment]:
        """Return the views of each step: those of the last batch if they fit."""
        if last is not None and last.states is states and last.kept is kept:
            return last.moments
        at = [tuple(state) for state in by_step(states)]
        views = map(self.cut, kept)
        every = zip(range(len(kept)), at[:-1], at[1:], views, strict=True)
        return [Moment(*now) for now in every]

    def _input_sums(self, p: Views, tape: Tape, ws: Workspace) -> Iterator[Array]:
        """Yield ``x @ W + b`` of each step; the product is that of many steps."""
        *lead, d, width = p.W.shape
        kernel = ws.out("kernel", (*lead, d + 1, width))
        kernel[..., :-1, :], kernel[..., -1, :] = p.W, p.b
        self._halve(kernel, kernel)
        for steps in tape.chunks():
            inputs = tape.inputs[..., steps, :, :]
            xW = ws.out("xW", (*lead, *inputs.shape[-3:-1], width))
            multiply(merge_steps(inputs), kernel, merge_steps(xW))
            yield from by_step(xW)

    def _halve(self, weights: Array, out: Array) -> Array:
        """Return the weights with those of the halved gates halved."""
        scale = np.ones(weights.shape[-1], weights.dtype)
        scale[: self.halved * self.units] = 0.5
        return np.multiply(weights, scale, out=out)

    def _output(self, h: Array, ws: Workspace) -> Array:
        """Return y of all h (..., time + 1, n, units)."""
        if not self.return_sequences:
            ws.mask = None
            return h[..., -1, :, :]
        *lead, time, n, u = h.shape
        y = ws.out("y", (*lead, n, time - 1, u))
        self._in_order(y)[...] = h[..., 1:, :, :]
        if ws.mask is not None:
            y *= ws.mask[..., None]
        return y

    def _output_gradient(self, dy: Array, d: Array) -> Array | None:
        """Set ``d``, gradients of the last states; return those of h at each step."""
        d[...] = 0
        if self.return_sequences:
            return by_step(self._in_order(dy))
        d[0] = dy
        return None

    def _write_dx(self, p: Views, d_xW: Array, dx: Array, ws: Workspace) -> None:
        """Write dx of some steps."""
        d_inputs = ws.out("d_inputs", (*d_xW.shape[:-1], dx.shape[-1]))
        multiply(merge_steps(d_xW), p.W.mT, merge_steps(d_inputs))
        d_inputs = sum_members(d_inputs, dx.shape, ws)
        noise = ws.saved.x_noise
        dx[...] = (
            d_inputs if noise is None else np.multiply(d_inputs, noise, out=d_inputs)
        )

    def _in_order(self, a: Array) -> Array:
        """Return the view (..., time, n, d) of ``a`` (..., n, time, d).

        In reverse the last step in time comes first.
        """
        steps = a.swapaxes(-3, -2)
        return steps[..., ::-1, :, :] if self.reverse else steps
