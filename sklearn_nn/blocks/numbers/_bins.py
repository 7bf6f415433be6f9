"""Bins of numeric columns: their edges, and how far a number is through each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_nn.core import Array, Rule, Satisfying, Shape, Workspace, check_features

MIN_WIDTH = 1e-6  # of a bin, as a share of the range of its column


def quantile_bins(X: Any, n_bins: int = 48) -> list[Array]:
    """Return the edges of bins that hold about as many rows each, column by column.

    Equal quantiles are one edge, so that a column with few values has fewer bins; so
    are quantiles closer than a millionth of the range. A column of one value has one
    bin of width 1. NaN is left out.

    Parameters
    ----------
    X : array-like of shape (n, f)
        The training rows.
    n_bins : int, default=48
        Largest number of bins of a column.

    Returns
    -------
    list of ndarray
        The edges of each column, ascending, at least two.

    Raises
    ------
    ValueError
        If a column has no finite value.

    Examples
    --------
    >>> from sklearn_nn.blocks import quantile_bins
    >>> [edges.tolist() for edges in quantile_bins([[0, 7], [1, 7], [9, 7]], n_bins=2)]
    [[0.0, 1.0, 9.0], [7.0, 8.0]]
    """
    X = np.asarray(X, dtype=np.float64)
    return [_column_bins(X[:, j], j, n_bins) for j in range(X.shape[1])]


def _column_bins(x: Array, j: int, n_bins: int) -> Array:
    x = x[np.isfinite(x)]
    if not x.size:
        raise ValueError(
            f"Column {j} of `X` must have a finite value to be cut into bins; got none."
        )
    edges = np.quantile(x, np.linspace(0, 1, n_bins + 1))
    apart = np.diff(edges) > MIN_WIDTH * (edges[-1] - edges[0])
    edges = edges[np.append(True, apart)]
    return edges if len(edges) > 1 else edges[0] + np.arange(2.0)


def _are_bins(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    arrays = [np.asarray(edges) for edges in value]
    return all(
        a.ndim == 1 and len(a) > 1 and np.isfinite(a).all() and (np.diff(a) > 0).all()
        for a in arrays
    )


BINS: Rule = Satisfying(
    _are_bins, "a list of ascending edges for each column, as quantile_bins(X) returns"
)


def check_columns(block: Any, in_shape: Shape) -> None:
    """Raise ValueError unless each column has its edges."""
    check_features(block, in_shape)
    if len(block.bins) != in_shape[-1]:
        raise ValueError(
            f"`bins` of {type(block).__name__} must hold the edges of each of the "
            f"{in_shape[-1]} columns that it reads; got the edges of "
            f"{len(block.bins)}."
        )


def bin_counts(block: Any) -> list[int]:
    """Return the number of bins of each column."""
    return [len(edges) - 1 for edges in block.bins]


def bin_ramps(block: Any, ws: Workspace, *, padded: bool = False) -> Array:
    """Return start, slope, lower and upper limit of all bins: (4, n_bins).

    With ``padded`` each column has the number of bins of the one with most, of which
    the last may be zero: (4, f, most bins, 1).
    """
    cache = ws.child("ramps")
    if cache.saved is None or cache.saved[0] is not block.bins:
        cache.saved = block.bins, _make_ramps(block.bins, padded).astype(ws.dtype)
    return cache.saved[1]


def _make_ramps(bins: Sequence[Any], padded: bool) -> Array:
    columns = []
    for edges in bins:
        edges = np.asarray(edges, dtype=np.float64)
        limits = np.repeat([[0.0], [1.0]], len(edges) - 1, axis=1)
        limits[0, 0], limits[1, -1] = -np.inf, np.inf
        columns.append(np.stack([edges[:-1], 1 / np.diff(edges), *limits]))
    if not padded:
        return np.concatenate(columns, axis=1)
    ramps = np.zeros((4, len(bins), max(c.shape[1] for c in columns), 1))
    for j, column in enumerate(columns):
        ramps[:, j, : column.shape[1], 0] = column
    return ramps


def encode_pieces(x: Array, ramps: Array, out: Array) -> None:
    """Write how far x is through each bin, within the bin's limits."""
    start, slope, low, high = ramps
    np.subtract(x, start, out=out)
    out *= slope
    np.maximum(out, low, out=out)
    np.minimum(out, high, out=out)


def pieces_vjp(q: Array, ramps: Array, ws: Workspace) -> Array:
    """Return the derivative of `encode_pieces` by x, from its value."""
    _, slope, low, high = ramps
    result, below = ws.out("slope", q.shape), ws.out("below", q.shape)
    np.greater(q, low, out=result, casting="unsafe")  # masks of zeros and ones
    np.less(q, high, out=below, casting="unsafe")
    result *= below
    result *= slope
    return result
