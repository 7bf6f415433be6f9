"""AveragePool1D and AveragePool2D: the mean of the entries under each window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.blocks.convolution._max_pooling import (
    Pooling,
    last_axis_first,
    pooling_rules,
    with_length,
)
from sklearn_nn.blocks.convolution._windows import Size, Slide, count_under, under
from sklearn_nn.core import (
    Array,
    Rng,
    Rule,
    Views,
    Workspace,
    end_steps,
    of_steps,
    step_axes,
)


class AveragePooling(Pooling):
    """The mean of the entries under each window."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        counts, mask = [_entries_under(s) for s in self.slides(ws.in_shape)], ws.mask
        x, there = end_steps(x, ws)
        y = self.reduce(np.add, x, ws)[-1]
        factors = [_one_over(counts, x.shape[-1]).astype(x.dtype)]
        if mask is not None:
            factors.append(step_axes(self._all_by_existing(mask, counts[0], ws), y, ws))
        for factor in factors:
            y *= factor
        ws.saved = factors, there
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        factors, there = ws.saved
        for factor in factors:
            dy = np.multiply(dy, factor, out=ws.out("part", dy.shape))
        for axis, along in reversed(last_axis_first(self.slides(ws.in_shape))):
            dx = ws.out(f"dx{axis}", with_length(dy.shape, axis, along.size))
            dx.fill(0)
            into, part = dx.swapaxes(0, axis), dy.swapaxes(0, axis)
            for tap in range(along.taps):
                places, own = under(tap, along)
                into[own] += part[places]
            dy = dx
        return of_steps(dy, there, ws)

    def _all_by_existing(self, mask: Array, count: Array, ws: Workspace) -> Array:
        """Return steps under each window by existing ones; set the mask of y."""
        shape = (*mask.shape[:-1], len(count))
        there = ws.out("there", shape)
        count_under(mask, self.slides(ws.in_shape)[0], there)
        ws.mask = np.greater(there, 0, out=ws.out("mask", shape, bool))
        np.maximum(there, 1, out=there)
        return np.divide(count, there, out=there)


def _entries_under(along: Slide) -> Array:
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
class AveragePool1D(AveragePooling):
    """``y[t] = mean(x[i])`` over ``size`` steps i from ``t * stride`` on.

    Shapes: x (..., time, channels), y (..., places, channels).
    Only entries of x count, not what "same" adds.
    Steps that do not exist do not count; a step of y exists if any under the window
    does.

    Parameters
    ----------
    size : int, default=2
        Steps under the window.
    stride : int or None, default=None
        Distance from one place of the window to the next; None for ``size``.
    padding : {"valid", "same"}, default="valid"
        "valid" keeps the window inside x. "same" has ceil(length / stride) places; as
        far as the window sticks out, half of it does before x.

    Raises
    ------
    ValueError
        If a row has not two axes or is smaller than the window.

    Examples
    --------
    >>> from sklearn_nn.blocks import AveragePool1D
    >>> AveragePool1D(3, stride=2).out_shape((100, 8))
    (49, 8)
    """

    size: int = 2
    stride: int | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "time, channels"
    rules: ClassVar[Mapping[str, Rule]] = pooling_rules(1)


@dataclass(eq=False, repr=False)
class AveragePool2D(AveragePooling):
    """``y[h, w] = mean(x[i, j])`` over a window of ``size`` at each place.

    Shapes: x (..., height, width, channels), y (..., *places, channels).
    Only entries of x count, not what "same" adds.
    A mask of time steps, if there is one, belongs to the first axis of a row; steps
    that do not exist do not count.

    Parameters
    ----------
    size : int or (int, int), default=2
        Height and width of the window, or one number for both.
    stride : int or (int, int) or None, default=None
        Distance from one place of the window to the next; None for ``size``.
    padding : {"valid", "same"}, default="valid"
        "valid" keeps the window inside x. "same" has ceil(length / stride) places; as
        far as the window sticks out, half of it does before x.

    Raises
    ------
    ValueError
        If a row has not three axes or is smaller than the window.

    Examples
    --------
    >>> from sklearn_nn.blocks import AveragePool2D
    >>> AveragePool2D().out_shape((28, 28, 32))
    (14, 14, 32)
    """

    size: Size = 2
    stride: Size | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "height, width, channels"
    rules: ClassVar[Mapping[str, Rule]] = pooling_rules(2)
