"""MemberData: rows of which each member of a network reads its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from sklearn_nn.core import Array, Rng, Workspace
from sklearn_nn.training._data import Batch, Group


class MemberBatch(Batch):
    """Some rows of each member: X (k, m, ...), y (k, m, ...), w (k, m) or None."""

    __slots__ = ()

    @property
    def n_rows(self) -> int:
        """Return the number of rows of a member."""
        return int(self.X.shape[1])


@dataclass(frozen=True, eq=False)
class MemberData:
    """Rows of ``X``, ``y`` and ``w``, and which of them each of k members reads.

    All members take batches of one size: in an epoch each leaves out, at random, what
    is left over when the one with the fewest rows has none left for a batch.

    Attributes
    ----------
    X : ndarray (n_all, ...)
    y : ndarray (n_all, ...)
    w : ndarray (k, n_all) or None
        Row weights, of mean one over the rows of each member.
    rows : sequence of k ndarray of int
        The rows of each member.
    """

    X: Array
    y: Array
    w: Array | None
    rows: Sequence[Array]
    mean_weight: float = 1.0

    @classmethod
    def of(
        cls, X: Array, y: Array, weight: Array | None, rows: Sequence[Array]
    ) -> Self:
        """Take the rows without those of zero weight."""
        if weight is None:
            return cls(X, y, None, rows)
        rows = [own[weight[own] > 0] for own in rows]
        w = [weight / weight[own].mean() for own in rows]
        return cls(X, y, np.array(w, X.dtype), rows)

    def __len__(self) -> int:
        """Return the number of rows of the member that has the fewest."""
        return min(map(len, self.rows))

    def groups(
        self, size: int, rng: Rng | None, ws: Workspace, n_raw: int = 1
    ) -> Iterator[Group]:
        """Yield groups of one batch, (k, size, ...), in a fresh random order.

        Without ``rng`` they are in order. The arrays of a batch may be reused by the
        next one. ``n_raw``, an argument of `Data.groups`, makes no difference.
        """
        n, members = len(self), np.arange(len(self.rows))[:, None]
        shuffled = self.rows if rng is None else map(rng.permutation, self.rows)
        order = np.stack([own[:n] for own in shuffled])
        size = min(size, n)
        for start in range(0, n - size + 1, size):
            rows = order[:, start : start + size]
            w = None if self.w is None else self.w[members, rows]
            X, y = _take(self.X, rows, "X", ws), _take(self.y, rows, "y", ws)
            batch = MemberBatch(X, y, w)
            yield Group(batch, [batch])


def _take(array: Array, rows: Array, name: str, ws: Workspace) -> Array:
    out = ws.out(name, (*rows.shape, *array.shape[1:]), array.dtype)
    # "clip" lets NumPy write to `out` directly; no row is out of range.
    return array.take(rows, 0, out, "clip")
