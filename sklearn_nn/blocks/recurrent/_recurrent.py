"""Recurrent: a cell that goes through time and back."""

from abc import ABC
from collections.abc import Iterator

import numpy as np

from sklearn_nn.blocks._dense import multiply
from sklearn_nn.blocks.recurrent._cell import Cell, by_gate
from sklearn_nn.blocks.recurrent._tape import (
    Tape,
    by_step,
    carry_gradients,
    carry_states,
    merge_steps,
    new_tape,
    time_major,
)
from sklearn_nn.core import Array, Rng, Views, Workspace, sum_members


class Recurrent(Cell, ABC):
    """A cell that carries its states from each time step to the next.

    Shapes: x (..., n, time, d), y (..., n, units), the last h, or (..., n, time,
    units). Inside, time comes before rows, and in a step gates come before both, so
    that calls work on contiguous arrays. A step that is missing holds the states.
    """

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        tape = ws.saved = new_tape(self, p, x, ws, rng)
        U, recurrent_inputs = (
            self._halve(p.U, ws.out("U", p.U.shape)),
            by_step(tape.recurrent_inputs),
        )
        hU = ws.out("hU", (*recurrent_inputs.shape[1:-1], U.shape[-1]))
        gates, scratch = (
            by_gate(hU, self.gates),
            self.scratch(recurrent_inputs.shape[1:], ws),
        )
        for t, xW in enumerate(self._input_sums(p, tape, ws)):
            now = tape.time_steps[t]
            if tape.h_noise is not None:
                np.multiply(now.before[0], tape.h_noise, out=recurrent_inputs[t])
            multiply(recurrent_inputs[t], U, hU)
            self.step(p, xW, hU, gates, now, scratch)
            if tape.missing is not None:
                carry_states(now, tape.missing[t])
        return self._output(tape, ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        *lead, time, n, d = ws.saved.inputs.shape
        # If only the last state is read, no gradient gets past the first cut.
        reach = time if self.return_sequences else min(self.truncate or time, time)
        dx = ws.out("dx", (*lead, n, time, d - 1)) if need_dx else None
        if dx is not None:
            time_major(self, dx)[..., : time - reach, :, :] = 0
        for gradient in vars(g).values():  # the chunks add to it
            gradient[...] = 0
        for steps, d_xW, d_hU in self._backward_through_time(p, dy, time - reach, ws):
            self.add_gradient(g, steps, d_xW, d_hU, ws)
            if dx is not None:
                self._write_dx(p, d_xW, time_major(self, dx)[..., steps, :, :], ws)
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
        multiply(
            merge_steps(tape.recurrent_inputs[..., steps, :, :]).mT,
            merge_steps(d_hU),
            part,
        )
        g.U += part

    def _backward_through_time(
        self, p: Views, dy: Array, first: int, ws: Workspace
    ) -> Iterator[tuple[slice, Array, Array]]:
        """Yield steps and gradients of their xW and hU, from the last to ``first``."""
        tape: Tape = ws.saved
        d = ws.out("d", by_step(tape.states).shape[1:])  # of the states
        dh, states, dys = d[0], tuple(d), self._output_gradient(dy, d, ws)
        UT, scratch = ws.out("UT", p.U.mT.shape), self.scratch(dh.shape, ws)
        UT[...], time = p.U.mT, len(tape.time_steps)
        for steps in reversed(tape.chunks(first)):
            size, n, width = steps.stop - steps.start, d.shape[-2], p.W.shape[-1]
            shape = (*p.W.shape[:-2], size, n, width)
            d_xW = ws.out("d_xW", shape)
            d_hU = ws.out("d_hU", shape) if self.separate_gradients else d_xW
            of_gates = [by_gate(a, self.gates) for a in (d_xW, d_hU)]
            views = [by_step(a)[::-1] for a in (d_hU, *of_gates)]
            now = zip(reversed(range(time)[steps]), *views, strict=True)
            for t, rows, to_xW, to_hU in now:
                if dys is not None:
                    dh += dys[t]
                held = carry_gradients(d, tape.missing, t, ws)
                rest = self.step_backward(
                    states, tape.time_steps[t], to_xW, to_hU, scratch
                )
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
        scale[: self.sigmoid_gates * self.units] = 0.5
        return np.multiply(weights, scale, out=out)

    def _output(self, tape: Tape, ws: Workspace) -> Array:
        """Return y: the last h, or that of each step, 0 where no step is."""
        h = tape.states[0]  # (..., time + 1, n, units)
        if not self.return_sequences:
            ws.mask = None
            return h[..., -1, :, :]
        *lead, time, n, u = h.shape
        y = ws.out("y", (*lead, n, time - 1, u))
        time_major(self, y)[...] = h[..., 1:, :, :]
        if tape.missing is not None:
            np.copyto(by_step(time_major(self, y)), 0, where=tape.missing)
        return y

    def _output_gradient(self, dy: Array, d: Array, ws: Workspace) -> Array | None:
        """Set ``d``, gradients of the last states; return those of h at each step."""
        d[...] = 0
        if self.return_sequences:
            if ws.saved.missing is not None:
                existing = ws.out("dy", dy.shape)
                existing[...] = dy
                dy = existing
                np.copyto(by_step(time_major(self, dy)), 0, where=ws.saved.missing)
            return by_step(time_major(self, dy))
        d[0] = dy
        return None

    def _write_dx(self, p: Views, d_xW: Array, dx: Array, ws: Workspace) -> None:
        """Write dx of some steps."""
        d_inputs = ws.out("d_inputs", (*d_xW.shape[:-1], dx.shape[-1]))
        multiply(merge_steps(d_xW), p.W.mT, merge_steps(d_inputs))
        d_inputs = sum_members(d_inputs, dx.shape, ws)
        if ws.saved.x_noise is not None:
            d_inputs *= ws.saved.x_noise
        dx[...] = d_inputs
