"""Data: rows ready for the network, and the batches they go in."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from sklearn_nn.core import Array, Rng, Workspace

GATHERED_BYTES = 1 << 17


class Batch(NamedTuple):
    """Some rows: X (m, ...) or CSR, y (m, ...), w (m,) or None for ones."""

    X: Any
    y: Array
    w: Array | None

    @property
    def n_rows(self) -> int:
        """Return the number of rows."""
        return int(self.X.shape[0])

    def part(self, start: int, stop: int) -> "Batch":
        """Return the rows from ``start`` to ``stop``, as views."""
        w = None if self.w is None else self.w[start:stop]
        return Batch(self.X[start:stop], self.y[start:stop], w)


@dataclass(slots=True, eq=False)
class Group:
    """Rows that are taken at once, and the batches they are cut into, as views.

    The same arrays may come back with other rows in them, in the same group; ``plan``
    is what the trainer has worked out for it.
    """

    rows: Batch
    batches: Sequence[Batch]
    plan: Any = None


@dataclass(frozen=True, eq=False)
class Data:
    """Rows of ``X``, ``y`` and ``w``; the arrays are shared, never copied.

    Attributes
    ----------
    X : ndarray (n_all, ...) or CSR matrix
    y : ndarray (n_all, ...)
    w : ndarray (n_all,) or None
        Row weights, of mean one over ``rows``.
    rows : ndarray (n,) of int or None
        The rows that count; None for all.
    mean_weight : float
        What the user's weights were divided by.
    """

    X: Any
    y: Array
    w: Array | None = None
    rows: Array | None = None
    mean_weight: float = 1.0

    @classmethod
    def of(
        cls, X: Any, y: Array, sample_weight: Array | None, rows: Array | None = None
    ) -> Self:
        """Take ``rows`` of the arrays without those of zero weight."""
        if sample_weight is None:
            return cls(X, y, None, rows)
        if rows is None and not sample_weight.all():
            rows = np.arange(len(sample_weight))
        if rows is not None:
            rows = rows[sample_weight[rows] > 0]
        mean = float(np.mean(sample_weight if rows is None else sample_weight[rows]))
        w = (sample_weight / mean).astype(X.dtype, copy=False)
        return cls(X, y, w, rows, mean)

    def __len__(self) -> int:
        return int(self.X.shape[0] if self.rows is None else len(self.rows))

    def groups(
        self, size: int, rng: Rng | None, ws: Workspace, n_raw: int = 1
    ) -> Iterator[Group]:
        """Yield every row once, in a fresh random order; in order without ``rng``.

        Batches have ``size`` rows, the last one what is left. Their arrays may be
        reused by the next group. A single batch is not shuffled: its sums do not depend
        on the order. ``n_raw`` is how many numbers the network makes of a row.
        """
        n = len(self)
        if rng is None or size >= n:
            order = self.rows
        elif self.rows is None:
            order = rng.permutation(n)
        else:
            order = rng.permutation(self.rows)
        everything = Batch(self.X, self.y, self.w)
        several = size * self._batches_at_once(size, n_raw)
        for start in range(0, n, several):
            stop = min(start + several, n)
            if order is None:
                yield _make_group(everything.part(start, stop), size)
            else:
                yield self._group(self._gather(order[start:stop], ws), size, ws)

    def some_rows(self, at_most: int = 64) -> Any:
        """Return X of the first rows that count."""
        return self.X[:at_most] if self.rows is None else self.X[self.rows[:at_most]]

    def batches(self, size: int, rng: Rng | None, ws: Workspace) -> Iterator[Batch]:
        """Yield the batches of all groups."""
        for group in self.groups(size, rng, ws):
            yield from group.batches

    def _batches_at_once(self, size: int, n_raw: int) -> int:
        """Return how many batches make a group.

        Taking rows has a price per call, but what was taken must stay in the cache.
        """
        if not isinstance(self.X, np.ndarray):
            return 1
        row_bytes = self.X.itemsize * max(n_raw, math.prod(self.X.shape[1:]))
        return max(1, GATHERED_BYTES // max(1, size * row_bytes))

    def _gather(self, rows: Array, ws: Workspace) -> Batch:
        w = None if self.w is None else _take(self.w, rows, "w", ws)
        return Batch(_take(self.X, rows, "X", ws), _take(self.y, rows, "y", ws), w)

    def _group(self, rows: Batch, size: int, ws: Workspace) -> Group:
        """Return the group of ``rows``: the one of before if the arrays are its own."""
        if not isinstance(rows.X, np.ndarray):
            return _make_group(rows, size)
        key = rows.n_rows, size
        group: Group | None = ws.plan(key)
        if group is None or group.rows.X is not rows.X:
            group = ws.keep_plan(key, _make_group(rows, size))
        return group


def _make_group(rows: Batch, size: int) -> Group:
    n = rows.n_rows
    if n <= size:
        return Group(rows, [rows])
    return Group(rows, [rows.part(i, min(i + size, n)) for i in range(0, n, size)])


def _take(array: Any, rows: Array, name: str, ws: Workspace) -> Any:
    if not isinstance(array, np.ndarray):
        return array[rows]  # CSR
    out = ws.out(name, (len(rows), *array.shape[1:]), array.dtype)
    # "clip" lets NumPy write to `out` directly; no row is out of range.
    return array.take(rows, 0, out, "clip")
