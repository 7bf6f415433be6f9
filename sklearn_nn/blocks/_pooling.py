"""Pooling: the largest entry or the mean under each window."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks._masks import existing, step_axes
from sklearn_nn.blocks._windows import (
    Slide,
    count_under,
    sizes,
    slides,
    under,
)
from sklearn_nn.core import (
    Array,
    Block,
    OneOf,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    any_of,
)

Size = int | tuple[int, int]


def _rules(rank: int) -> Mapping[str, Rule]:
    none = Satisfying(lambda value: value is None, "None")
    return {
        "size": sizes(rank),
        "stride": any_of(none, sizes(rank)),
        "padding": OneOf(("valid", "same")),
    }


class Pooling(Block):
    """What all pools share. They reduce one axis after the other.

    The last axis comes first: the first of equal entries is that in order of reading.
    """

    axes: ClassVar[str]
    size: Any
    stride: Any
    padding: str

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        return (*(s.out for s in self.slides(in_shape)), in_shape[-1])

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def slides(self, in_shape: Shape) -> list[Slide]:
        stride = self.size if self.stride is None else self.stride
        return slides(self, in_shape, self.axes, "size", stride, self.padding)

    def reduce(self, ufunc: np.ufunc, x: Array, ws: Workspace) -> list[Array]:
        """Return ``x`` and what the windows of each axis made of it, y last."""
        arrays = [x]
        for axis, along in _last_axis_first(self.slides(ws.in_shape)):
            shape = (*x.shape[:axis], along.out, *x.shape[axis:][1:])
            y = ws.out(f"y{axis}", shape)
            into, entries = y.swapaxes(0, axis), x.swapaxes(0, axis)
            # Under this tap there is an entry at every place.
            into[...] = entries[under(along.low, along)[1]]
            for tap in range(along.taps):
                if tap != along.low:
                    places, own = under(tap, along)
                    ufunc(into[places], entries[own], out=into[places])
            arrays.append(x := y)
        return arrays

    def out_mask(self, ws: Workspace) -> Array:
        """Return at which places a step exists under the window."""
        along = self.slides(ws.in_shape)[0]
        shape = (*ws.mask.shape[:-1], along.out)
        return count_under(ws.mask, along, ws.out("mask", shape, bool))


def _last_axis_first(along: list[Slide]) -> Iterator[tuple[int, Slide]]:
    """Yield the axes, counted from the end, and the slides."""
    for i, slide in enumerate(reversed(along)):
        yield -2 - i, slide


class MaxPooling(Pooling):
    """The largest entry under each window."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        there = None
        if ws.mask is not None:
            there = step_axes(ws.mask, x, ws)
            x = existing(x, there, -np.inf, ws)
        arrays = self.reduce(np.maximum, x, ws)
        ws.saved, y = (arrays, there), arrays[-1]
        if there is not None:
            ws.mask = self.out_mask(ws)
            absent = np.logical_not(ws.mask, out=ws.out("absent", ws.mask.shape, bool))
            np.copyto(y, 0, where=step_axes(absent, y, ws))
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        arrays, there = ws.saved
        axes = list(_last_axis_first(self.slides(ws.in_shape)))
        for i in range(len(axes) - 1, -1, -1):
            dx = ws.out(f"dx{i}", arrays[i].shape)
            _send_to_winners(arrays[i], arrays[i + 1], dy, dx, *axes[i], ws)
            dy = dx
        if there is not None:
            dx *= there
        return dx


def _send_to_winners(
    x: Array, y: Array, dy: Array, dx: Array, axis: int, along: Slide, ws: Workspace
) -> None:
    """Write to ``dx`` the gradient where the first of the largest entries stands."""
    left, part = ws.out("left", dy.shape), ws.out("part", dy.shape)
    won = ws.out("won", dy.shape, bool)
    left[...], overlap = dy, along.taps > along.stride
    dx.fill(0)
    x, y, dx, left, part, won = (
        a.swapaxes(0, axis) for a in (x, y, dx, left, part, won)
    )
    for tap in range(along.taps):
        places, own = under(tap, along)
        share = part[places] if overlap else dx[own]
        if tap < along.taps - 1:
            np.equal(x[own], y[places], out=won[places])
            np.multiply(left[places], won[places], out=share)
            left[places] -= share
        else:  # the last entry has what the others left
            share[...] = left[places]
        if overlap:
            dx[own] += share


class AveragePooling(Pooling):
    """The mean of the entries under each window."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        along, there = self.slides(ws.in_shape), None
        if ws.mask is not None:
            there = step_axes(ws.mask, x, ws)
            x = existing(x, there, 0, ws)
        y = self.reduce(np.add, x, ws)[-1]
        counts = [_count(s) for s in along]
        factors = [_one_over(counts, x.shape[-1]).astype(x.dtype)]
        if there is not None:
            shape = (*ws.mask.shape[:-1], along[0].out)
            steps = count_under(ws.mask, along[0], ws.out("steps", shape))
            ws.mask = np.greater(steps, 0, out=ws.out("mask", shape, bool))
            # The factors count all steps of a window, of which only some exist.
            np.maximum(steps, 1, out=steps)
            np.divide(counts[0], steps, out=steps)
            factors.append(step_axes(steps, y, ws))
        for factor in factors:
            y *= factor
        ws.saved = factors, there, x.shape
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        factors, there, shape = ws.saved
        for factor in factors:
            dy = np.multiply(dy, factor, out=ws.out("scaled", dy.shape))
        for axis, along in reversed(list(_last_axis_first(self.slides(ws.in_shape)))):
            size = (*dy.shape[:axis], along.size, *dy.shape[axis:][1:])
            dx = ws.out(f"dx{axis}", size)
            dx.fill(0)
            into, part = dx.swapaxes(0, axis), dy.swapaxes(0, axis)
            for tap in range(along.taps):
                places, own = under(tap, along)
                into[own] += part[places]
            dy = dx
        if there is not None:
            dx *= there
        return dx


def _count(along: Slide) -> Array:
    """Return how many entries there are under each place of the window: (places,)."""
    everywhere = np.ones(along.size, bool)
    return count_under(everywhere, along, np.empty(along.out))


def _one_over(counts: list[Array], channels: int) -> Array:
    """Return one over the entries under each window, for a row: (*places, channels)."""
    share = np.ones(())
    for count in counts:
        share = share[..., None] / count
    return np.repeat(share[..., None], channels, axis=-1)


@dataclass(eq=False, repr=False)
class MaxPool1D(MaxPooling):
    """x"""

    size: int = 2
    stride: int | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "time, channels"
    rules: ClassVar[Mapping[str, Rule]] = _rules(1)


@dataclass(eq=False, repr=False)
class MaxPool2D(MaxPooling):
    """x"""

    size: Size = 2
    stride: Size | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "height, width, channels"
    rules: ClassVar[Mapping[str, Rule]] = _rules(2)


@dataclass(eq=False, repr=False)
class AveragePool1D(AveragePooling):
    """x"""

    size: int = 2
    stride: int | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "time, channels"
    rules: ClassVar[Mapping[str, Rule]] = _rules(1)


@dataclass(eq=False, repr=False)
class AveragePool2D(AveragePooling):
    """x"""

    size: Size = 2
    stride: Size | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "height, width, channels"
    rules: ClassVar[Mapping[str, Rule]] = _rules(2)
