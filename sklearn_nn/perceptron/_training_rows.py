"""TrainingRows: dense or sparse rows as an online algorithm visits them."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sklearn_nn.core import Array, Workspace, row_chunks

# A sparse matrix is made dense if it then takes no more memory than this: a product of
# two dense rows is some ten times as fast, and bits do not change.
DENSE_BYTES = 1 << 23


class TrainingRows(ABC):
    """Rows that never change, and what an algorithm asks of a part of them.

    A weight vector ``w`` has one entry per column and, last, the bias weight: it goes
    with a row as if the row ended in a constant 1.

    Attributes
    ----------
    X : ndarray (n, d) in C order, or CSR
    norms : ndarray (n,)
        Euclidean norm of each row with its constant 1, in float64.
    n_terms : int
        The most terms that a product of two rows can have.
    """

    def __init__(self, X: Any, norms: Array, n_terms: int) -> None:
        self.X, self.norms, self.n_terms = X, norms, n_terms

    @abstractmethod
    def costs(self, frequency: float) -> tuple[float, float, float]:
        """Estimate what a row costs in a block, in a scan, and alone.

        In microseconds, measured on one core; only the ratios matter. ``frequency`` is
        the share of mistakes.
        """

    @abstractmethod
    def take(self, index: Any, ws: Workspace) -> Any:
        """Return the rows at a slice or an array; the next call may overwrite them."""

    @abstractmethod
    def row(self, X: Any, j: int) -> Array:
        """Return row ``j`` of ``X`` as a dense vector: (d,)."""

    @abstractmethod
    def gram(self, X: Any, sign: Array, step: Array) -> Array:
        """Return ``sign[i] * step[j] * (X[i] @ X[j] + 1)`` for all i and j: (m, m)."""

    @abstractmethod
    def add(self, w: Array, X: Any, js: Any, steps: Array) -> None:
        """Add ``step * row`` to ``w`` for rows ``js`` of ``X``, one after the other."""


class DenseRows(TrainingRows):
    """The rows of an array in C order."""

    def __init__(self, X: Array) -> None:
        squares = np.ones(len(X))
        for rows in row_chunks(len(X)):
            part = X[rows].astype(np.float64, copy=False)
            squares[rows] += np.einsum("ij,ij->i", part, part)
        super().__init__(X, np.sqrt(squares), X.shape[1])

    def costs(self, frequency: float) -> tuple[float, float, float]:
        d = self.n_terms
        block, mistake = 0.9 + 0.006 * d, 13 + 0.02 * d
        return block, frequency * mistake, 2.5 + 0.001 * d + 2 * frequency

    def take(self, index: Any, ws: Workspace) -> Array:
        if isinstance(index, slice):
            return self.X[index]
        out = ws.out("rows", (len(index), self.X.shape[1]))
        # "clip" lets NumPy write to `out` directly; no row is out of range.
        return self.X.take(index, 0, out, "clip")

    def row(self, X: Array, j: int) -> Array:
        return X[j]

    def gram(self, X: Array, sign: Array, step: Array) -> Array:
        rows = np.ones((len(X), X.shape[1] + 1), X.dtype)
        rows[:, :-1] = X
        moves = rows * step[:, None]
        rows *= sign[:, None]
        return np.asarray(rows.dot(moves.T))

    def add(self, w: Array, X: Array, js: Any, steps: Array) -> None:
        if len(js) == 1:
            w[:-1] += steps[0] * X[js[0]]
            w[-1] += steps[0]
            return
        path = np.empty((len(js) + 1, len(w)), w.dtype)
        path[0], path[1:, -1] = w, steps
        np.multiply(X.take(js, 0), steps[:, None], out=path[1:, :-1])
        # Rounds as one addition after the other does; a product would not.
        w[:] = np.add.accumulate(path, axis=0, out=path)[-1]


class SparseRows(TrainingRows):
    """The rows of a CSR matrix; only single rows and their products become dense."""

    def __init__(self, X: Any) -> None:
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        entries, counts = X.data.astype(np.float64), np.diff(X.indptr)
        row_of = np.repeat(np.arange(X.shape[0]), counts)
        squares = 1 + np.bincount(row_of, entries * entries, minlength=X.shape[0])
        super().__init__(X, np.sqrt(squares), int(counts.max(initial=0)))

    def costs(self, frequency: float) -> tuple[float, float, float]:
        return 4 + 0.03 * self.n_terms, frequency * (40 + 0.3 * self.n_terms), np.inf

    def take(self, index: Any, ws: Workspace) -> Any:
        return self.X[index]

    def row(self, X: Any, j: int) -> Array:
        row = np.zeros(X.shape[1], X.dtype)
        entries = slice(X.indptr[j], X.indptr[j + 1])
        row[X.indices[entries]] = X.data[entries]
        return row

    def gram(self, X: Any, sign: Array, step: Array) -> Array:
        products = np.asarray((X @ X.T).toarray())
        products += 1
        products *= step
        products *= sign[:, None]
        return products

    def add(self, w: Array, X: Any, js: Any, steps: Array) -> None:
        for j, step in zip(js, steps, strict=True):
            entries = slice(X.indptr[j], X.indptr[j + 1])
            w[X.indices[entries]] += step * X.data[entries]
            w[-1] += step


def training_rows(X: Any) -> TrainingRows:
    """Return the rows of an array in C order or of a CSR matrix."""
    if not issparse(X):
        return DenseRows(X)
    if X.shape[0] * X.shape[1] * X.dtype.itemsize <= DENSE_BYTES:
        return DenseRows(X.toarray(order="C"))
    return SparseRows(X)
