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
from sklearn_nn.blocks.convolution._windows import (
    Size,
    Slide,
    at_tap,
    count_valid,
    mask_of_places,
)
from sklearn_nn.core import (
    Array,
    Rng,
    Rule,
    Views,
    Workspace,
    expand_mask,
    fill_and_end_mask,
    zero_missing,
)


class AveragePooling(Pooling):
    """The mean of the entries under each window."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        counts, mask = [_entries_under(s) for s in self.slides(ws.in_shape)], ws.mask
        x, valid = fill_and_end_mask(x, ws)
        y = self.reduce(np.add, x, ws)[-1]
        factors = [_one_over(counts, x.shape[-1]).astype(x.dtype)]
        if mask is not None:
            factors.append(
                expand_mask(self._scale_by_count(mask, counts[0], ws), y, ws)
            )
        for factor in factors:
            y *= factor
        ws.saved = factors, valid
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        factors, valid = ws.saved
        for factor in factors:
            dy = np.multiply(dy, factor, out=ws.out("part", dy.shape))
        for axis, along in reversed(last_axis_first(self.slides(ws.in_shape))):
            dx = ws.out(f"dx{axis}", with_length(dy.shape, axis, along.size))
            dx.fill(0)
            into, part = dx.swapaxes(0, axis), dy.swapaxes(0, axis)
            for tap in range(along.taps):
                places, own = at_tap(tap, along)
                into[own] += part[places]
            dy = dx
        return zero_missing(dy, valid, ws)

    def _scale_by_count(self, mask: Array, count: Array, ws: Workspace) -> Array:
        """Return steps under each window by existing ones; set the mask of y."""
        shape = (*mask.shape[:-1], len(count))
        valid = ws.out("there", shape)
        count_valid(mask, self.slides(ws.in_shape)[0], valid)
        ws.mask = mask_of_places(mask, self.slides(ws.in_shape)[0], self.padding)
        np.maximum(valid, 1, out=valid)
        return np.divide(count, valid, out=valid)


def _entries_under(along: Slide) -> Array:
    """Return how many entries there are under each place of the window: (places,)."""
    everywhere = np.ones(along.size, bool)
    return count_valid(everywhere, along, np.empty(along.out))


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
    Steps that do not exist do not count; y has the steps that it would have without
    padding.

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
