"""Correlation of rows with kernels, as matrix products over copied windows."""

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from sklearn_nn.blocks.convolution._windows import Slide
from sklearn_nn.core import Array, Workspace

# Windows are copied in chunks of rows that stay in the processor's caches.
CHUNK_BYTES = 1 << 21
# Fewer neighbors in memory than this are copied faster along the places than along the
# channels; benchmarks/images.py.
FEW = 8

Slides = Sequence[Slide]


def correlate(
    x: Array,
    kernels: Array,
    slides: Slides,
    y: Array,
    ws: Workspace,
    mask: Array | None = None,
) -> None:
    """Write to ``y`` the sums of the windows of ``x``, weighted by the kernels.

    Shapes: x (k, n, *sizes, groups * d), kernels (k, groups, taps * d, units), y (k, n,
    *places, groups * units); of x and mask, which has the axes of x, the k may be 1.
    """
    groups = kernels.shape[1]
    for rows, columns in _chunks(x, slides, groups, ws, mask):
        np.matmul(columns, kernels, out=_by_group(y[:, rows], groups))


def kernel_gradient(
    x: Array,
    dy: Array,
    slides: Slides,
    out: Array,
    ws: Workspace,
    mask: Array | None = None,
) -> None:
    """Write to ``out`` the gradient of the kernels of `correlate`."""
    groups, part = out.shape[1], ws.out("part", out.shape)
    for rows, columns in _chunks(x, slides, groups, ws, mask):
        first = rows.start == 0
        dy_rows = _by_group(dy[:, rows], groups)
        np.matmul(columns.mT, dy_rows, out=out if first else part)
        if not first:
            out += part


def matrices(W: Array, groups: int) -> Array:
    """Return a view of kernels (k, *taps, d, filters) as `correlate` takes them."""
    flat = W.reshape(len(W), -1, groups, W.shape[-1] // groups)
    return flat.swapaxes(1, 2)


def reversed_matrices(W: Array, groups: int, ws: Workspace) -> Array:
    """Return the kernels that go with the adjoint slides."""
    k, *taps, d, filters = W.shape
    out = ws.out("reversed", (k, groups, *taps, filters // groups, d))
    flipped = np.flip(W, axis=tuple(range(1, 1 + len(taps))))
    grouped = flipped.reshape(k, *taps, d, groups, -1)
    out[...] = np.moveaxis(grouped, -2, 1).swapaxes(-1, -2)
    return out.reshape(k, groups, -1, d)


def _chunks(
    x: Array, slides: Slides, groups: int, ws: Workspace, mask: Array | None
) -> Iterator[tuple[slice, Array]]:
    """Yield rows of x and their windows: (k, groups, rows * places, taps * d)."""
    k, n, *_ = x.shape
    if mask is None and all(s.read == s.size == s.out for s in slides):
        yield slice(0, n), _by_group(x, groups)  # each entry is its own window
        return
    width = prod(s.taps * s.out for s in slides) * x.shape[-1]
    m = min(n, max(1, CHUNK_BYTES // (k * width * x.itemsize)))
    padded = ws.out("padded", (k, m, *(s.read for s in slides), x.shape[-1]))
    padded.fill(0)
    inside = padded[:, :, *(s.inside for s in slides)]
    x = x[:, :, *map(slice, inside.shape[2:-1])]
    windows = _windows(padded, slides, groups)
    columns = _columns(windows.shape, len(slides), ws)
    for start in range(0, n, m):
        rows = slice(start, min(start + m, n))
        now = slice(rows.stop - start)
        if mask is None:
            inside[:, now] = x[:, rows]
        else:  # steps that do not exist are zeros
            valid = mask[:, rows, : x.shape[2]]
            inside[:, now] = 0
            np.copyto(inside[:, now], x[:, rows], where=valid)
        columns[:, :, now] = windows[:, :, now]
        matrix = columns[:, :, now]
        flat = prod(matrix.shape[2 : 3 + len(slides)])
        yield rows, matrix.reshape(k, groups, flat, -1)


def _windows(padded: Array, slides: Slides, groups: int) -> Array:
    """Return a view of all windows: (k, groups, n, *places, *taps, d)."""
    k, n, *_, channels = padded.shape
    lead, row, *along, one = padded.strides
    d = channels // groups
    places, taps = [s.out for s in slides], [s.taps for s in slides]
    between = [step * s.stride for step, s in zip(along, slides, strict=True)]
    within = [step * s.dilation for step, s in zip(along, slides, strict=True)]
    return as_strided(
        padded,
        (k, groups, n, *places, *taps, d),
        (lead, d * one, row, *between, *within, one),
        writeable=False,
    )


def _columns(shape: tuple[int, ...], rank: int, ws: Workspace) -> Array:
    """Return memory for windows, in the order that is copied fastest."""
    lead, places, taps = shape[:2], shape[2 : 3 + rank], shape[3 + rank :]
    if taps[-1] * taps[-2] >= FEW:
        return ws.out("columns", shape)
    turned = ws.out("columns", (*lead, *taps, *places))
    first = 2 + len(taps)
    return turned.transpose(0, 1, *range(first, len(shape)), *range(2, first))


def _by_group(a: Array, groups: int) -> Array:
    """Return a view of (k, n, *places, width) as (k, groups, n * places, d)."""
    d = a.shape[-1] // groups
    return a.reshape(len(a), -1, groups, d).swapaxes(1, 2)
