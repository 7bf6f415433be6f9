"""MaxPool1D and MaxPool2D: the largest entry under each window."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.convolution._windows import (
    Size,
    Slide,
    at_tap,
    mask_of_places,
    size_rule,
    slides,
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
    expand_mask,
    fill_and_end_mask,
    zero_missing,
)


def pooling_rules(rank: int) -> Mapping[str, Rule]:
    """Return the rules of a pool over ``rank`` axes."""
    none = Satisfying(lambda value: value is None, "None")
    return {
        "size": size_rule(rank),
        "stride": any_of(none, size_rule(rank)),
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
        for axis, along in last_axis_first(self.slides(ws.in_shape)):
            y = ws.out(f"y{axis}", with_length(x.shape, axis, along.out))
            into, entries = y.swapaxes(0, axis), x.swapaxes(0, axis)
            # Under this tap there is an entry at every place.
            into[...] = entries[at_tap(along.low, along)[1]]
            for tap in range(along.taps):
                if tap != along.low:
                    places, own = at_tap(tap, along)
                    ufunc(into[places], entries[own], out=into[places])
            arrays.append(x := y)
        return arrays


def last_axis_first(along: list[Slide]) -> list[tuple[int, Slide]]:
    """Return the axes, counted from the end, with their slides."""
    return [(-2 - i, slide) for i, slide in enumerate(reversed(along))]


def with_length(shape: Shape, axis: int, length: int) -> Shape:
    """Return the shape with another length of an axis, counted from the end."""
    return (*shape[:axis], length, *shape[axis:][1:])


class MaxPooling(Pooling):
    """The largest entry under each window."""

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        mask = ws.mask
        x, valid = fill_and_end_mask(x, ws, -np.inf)
        arrays = self.reduce(np.maximum, x, ws)
        ws.saved, y = (arrays, valid, None), arrays[-1]
        if mask is not None:
            along = self.slides(ws.in_shape)[0]
            ws.mask = mask_of_places(mask, along, self.padding)
            exists = expand_mask(ws.mask, y, ws)
            np.copyto(y, 0, where=~exists)
            ws.saved = arrays, valid, exists
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        arrays, valid, exists = ws.saved
        dy = zero_missing(dy, exists, ws.child("y"))
        axes = last_axis_first(self.slides(ws.in_shape))
        for i in range(len(axes) - 1, -1, -1):
            dx = ws.out(f"dx{i}", arrays[i].shape)
            _route_to_maxima(arrays[i], arrays[i + 1], dy, dx, *axes[i], ws)
            dy = dx
        return zero_missing(dy, valid, ws)


def _route_to_maxima(
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
        places, own = at_tap(tap, along)
        share = part[places] if overlap else dx[own]
        if tap < along.taps - 1:
            np.equal(x[own], y[places], out=won[places])
            np.multiply(left[places], won[places], out=share)
            left[places] -= share
        else:  # the last entry has what the others left
            share[...] = left[places]
        if overlap:
            dx[own] += share


@dataclass(eq=False, repr=False)
class MaxPool1D(MaxPooling):
    """``y[t] = max(x[i])`` over ``size`` steps i from ``t * stride`` on.

    Shapes: x (..., time, channels), y (..., places, channels).
    Of equal entries the first, in the order of reading, has the gradient.
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
    >>> from sklearn_nn.blocks import MaxPool1D
    >>> MaxPool1D(3, stride=2).out_shape((100, 8))
    (49, 8)
    """

    size: int = 2
    stride: int | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "time, channels"
    rules: ClassVar[Mapping[str, Rule]] = pooling_rules(1)


@dataclass(eq=False, repr=False)
class MaxPool2D(MaxPooling):
    """``y[h, w] = max(x[i, j])`` over a window of ``size`` at each place.

    Shapes: x (..., height, width, channels), y (..., *places, channels).
    Of equal entries the first, in the order of reading, has the gradient.
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
    >>> from sklearn_nn.blocks import MaxPool2D
    >>> MaxPool2D().out_shape((28, 28, 32))
    (14, 14, 32)
    """

    size: Size = 2
    stride: Size | None = None
    padding: str = "valid"

    axes: ClassVar[str] = "height, width, channels"
    rules: ClassVar[Mapping[str, Rule]] = pooling_rules(2)
