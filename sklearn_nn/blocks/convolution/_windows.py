"""Windows: how kernels and pools slide along the axes of a row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    Rule,
    Satisfying,
    Shape,
    any_of,
    integer,
    missing_steps_hint,
)

Size = int | tuple[int, int]


class Slide(NamedTuple):
    """How a window slides along one axis.

    ``taps`` entries lie under the window, ``dilation`` apart; it takes ``out`` places,
    ``stride`` apart. ``low`` zeros stand before the ``size`` entries and ``spread - 1``
    between any two; as many zeros as are read stand after them.
    """

    size: int
    taps: int
    out: int
    stride: int = 1
    dilation: int = 1
    low: int = 0
    spread: int = 1

    @property
    def extent(self) -> int:
        """Return the length of the window."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def read(self) -> int:
        """Return the length of what is read, zeros included."""
        return (self.out - 1) * self.stride + self.extent

    @property
    def inside(self) -> slice:
        """Return where in what is read the entries stand."""
        last = self.low + (self.size - 1) * self.spread
        return slice(self.low, last + 1, self.spread)

    @property
    def adjoint(self) -> "Slide":
        """Return how the reversed window slides over the places to reach the entries.

        What a window gathers from an entry, the reversed one brings back to it.
        """
        return Slide(
            size=self.out,
            taps=self.taps,
            out=self.size,
            dilation=self.dilation,
            low=self.extent - 1 - self.low,
            spread=self.stride,
        )


def slides(
    block: Block,
    in_shape: Shape,
    axes: str,
    size: str,
    stride: Any,
    padding: Any,
    dilation: Any = 1,
) -> list[Slide]:
    """Return how the windows of ``block`` slide over rows of ``in_shape``.

    ``axes`` names the axes of a row, ``size`` the parameter that holds the size of a
    window. Raises ValueError if the rows or the windows do not fit.
    """
    rank, name = axes.count(","), type(block).__name__
    if len(in_shape) != rank + 1:
        raise ValueError(
            f"{name} must read rows of shape ({axes}); got rows of shape {in_shape}. "
            + missing_steps_hint(
                in_shape, "A `Reshape` before it gives them these axes."
            )
        )
    options = (
        per_axis(o, rank) for o in (getattr(block, size), stride, padding, dilation)
    )
    found = [_slide(*axis) for axis in zip(in_shape, *options, strict=False)]
    for along in found:
        if along.low >= along.extent:
            raise ValueError(
                f"`padding` of {name} must be less than the window, which covers "
                f"{along.extent} entries; got {padding!r}."
            )
        if along.out < 1:
            raise ValueError(
                f"`{size}` of {name} must fit into rows of shape {in_shape}; got "
                f'{getattr(block, size)!r}. `padding="same"` makes any size fit.'
            )
    return found


def _slide(size: int, taps: int, stride: int, padding: Any, dilation: int) -> Slide:
    extent = (taps - 1) * dilation + 1
    if padding == "same":  # as few zeros as ceil(size / stride) places need
        zeros = max((-(-size // stride) - 1) * stride + extent - size, 0)
        low = zeros // 2
    elif padding == "causal":
        low = zeros = extent - 1
    else:
        low = 0 if padding == "valid" else padding
        zeros = 2 * low
    out = (size + zeros - extent) // stride + 1
    return Slide(size, taps, out, stride, dilation, low)


def per_axis(value: Any, rank: int) -> Sequence[Any]:
    """Return one value per axis."""
    return value if isinstance(value, (tuple, list)) else (value,) * rank


def size_rule(rank: int, low: int = 1) -> Rule:
    """Return the rule for an integer, or one per axis, of at least ``low``."""
    one = integer(low)
    if rank == 1:
        return one

    def allows(value: Any) -> bool:
        is_pair = isinstance(value, (tuple, list)) and len(value) == rank
        return is_pair and all(map(one.allows, value))

    return any_of(one, Satisfying(allows, "a pair of them"))


def at_tap(tap: int, along: Slide) -> tuple[slice, slice]:
    """Return the places that have an entry under ``tap``, and these entries."""
    before, last = along.low - tap, along.size - 1 + along.low - tap
    first = max(0, -(-before // along.stride))
    stop = max(first, min(along.out, last // along.stride + 1))
    entries = slice(
        first * along.stride - before, stop * along.stride - before, along.stride
    )
    return slice(first, stop), entries


def mask_of_places(mask: Array, along: Slide, padding: Any) -> Array:
    """Return the places that a sequence without padding would have: (..., places).

    Between its first and its last step a sequence may miss others: a place exists if a
    step under the window does. At its ends the window may reach over them as far as
    ``padding`` says, no matter how many steps are missing beyond.
    """
    from_first = np.logical_or.accumulate(mask, axis=-1)
    to_last = np.logical_or.accumulate(mask[..., ::-1], axis=-1)[..., ::-1]
    # With p zeros at each end a window from t - p on must have the steps from t to
    # t + inner between first and last; where p is large, one of those before t.
    aligned = padding in ("same", "causal")
    inner, size = 0 if aligned else along.extent - 1 - 2 * along.low, mask.shape[-1]
    t = np.arange(along.out) * along.stride
    first = np.maximum(t + min(inner, 0), 0)
    stop = np.minimum(t + max(inner, 0) + 1, size)
    n_inside = np.zeros((*mask.shape[:-1], size + 1), int)
    np.cumsum(from_first & to_last, axis=-1, out=n_inside[..., 1:])
    n_between = n_inside[..., stop] - n_inside[..., first]
    has_step = count_valid(mask, along, np.empty((*mask.shape[:-1], along.out), bool))
    return np.asarray(has_step & (n_between >= max(inner + 1, 1)))


def count_valid(valid: Array, along: Slide, out: Array) -> Array:
    """Write to ``out`` how many steps exist under the window, or whether any does.

    Shapes: there (..., size) of bool; out (..., places), of bool for the second.
    """
    out.fill(0)
    for tap in range(along.taps):
        places, steps = at_tap(tap * along.dilation, along)
        out[..., places] += valid[..., steps]
    return out
