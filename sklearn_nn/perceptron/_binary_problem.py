"""BinaryProblem: rows and the side on which each belongs; RowChunk: some of them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sklearn_nn.core import Array, Rng, Workspace, cached_property
from sklearn_nn.perceptron._training_rows import TrainingRows

BLOCK = 64  # rows of a Gram matrix
LOWER = np.tri(BLOCK, k=-1)


@dataclass(frozen=True, eq=False)
class BinaryProblem:
    """Rows, the side on which each belongs, and what a mistake there costs.

    Attributes
    ----------
    rows : TrainingRows
    sign : ndarray (n,)
        1 for the class, -1 for the rest.
    step : ndarray (n,)
        The sign times the rate times the weight of the row: when the row is a mistake,
        it is added to the weights so many times.
    index : ndarray of int or None
        The rows that count; None for all.
    """

    rows: TrainingRows
    sign: Array
    step: Array
    index: Array | None = None

    def __len__(self) -> int:
        return len(self.sign if self.index is None else self.index)

    @cached_property
    def largest_step(self) -> float:
        return float(np.abs(self.step).max())

    @cached_property
    def rounding(self) -> tuple[float, float]:
        """Return the errors of a margin, relative to the norms and absolute."""
        info, n_terms = np.finfo(self.sign.dtype), self.rows.n_terms
        relative = 2 * float(info.eps) * (n_terms + BLOCK + 4)
        return relative, n_terms * float(info.tiny)

    def order(self, rng: Rng | None) -> Array | None:
        """Return the rows in the order of a pass; None for all as they stand."""
        if rng is None:
            return self.index
        return rng.permutation(len(self) if self.index is None else self.index)

    def weighted_mistakes(self, w: Array) -> float:
        """Return the number of rows on which ``w`` is wrong, each times its weight."""
        above = self.rows.X @ w[:-1] + w[-1] > 0
        # Relative to the largest, so that rows of weight one are counted exactly.
        steps = np.abs(self.step.astype(np.float64)) / self.largest_step
        steps *= above != (self.sign > 0)
        return float((steps if self.index is None else steps[self.index]).sum())


@dataclass(frozen=True, eq=False)
class RowChunk:
    """Consecutive rows of a pass.

    Attributes
    ----------
    problem : BinaryProblem
    X : ndarray or CSR
        The rows; with ``order``, all rows of the problem.
    sign, step : ndarray (m,)
    norm : float
        The largest norm of a row.
    order : ndarray (m,) of int or None
        Where the rows of the chunk stand in ``X``; None: ``X`` has just these.
    """

    problem: BinaryProblem
    X: Any
    sign: Array
    step: Array
    norm: float
    order: Array | None = None

    @classmethod
    def of(cls, problem: BinaryProblem, index: Any, ws: Workspace | None) -> Self:
        """Return the rows at a slice or, gathered if there is a workspace, an array."""
        rows = problem.rows
        norm = float(rows.norms[index].max())
        sign, step = problem.sign[index], problem.step[index]
        if ws is None:
            return cls(problem, rows.X, sign, step, norm, index)
        return cls(problem, rows.take(index, ws), sign, step, norm)

    def __len__(self) -> int:
        return len(self.sign)

    def margins(self, w: Array, start: int, stop: int) -> Array:
        """Return the signed margins of some rows: negative is wrong."""
        if self.order is None:
            z = self.X[start:stop].dot(w[:-1])
        else:
            z = self.X.dot(w[:-1])[self.order[start:stop]]
        z += w[-1]
        z *= self.sign[start:stop]
        return z

    def is_wrong(self, w: Array, j: int) -> bool:
        """Whether row ``j`` is a mistake, by the textbook's arithmetic."""
        row = self.problem.rows.row(self.X, j if self.order is None else self.order[j])
        return bool((row @ w[:-1] + w[-1] > 0) != (self.sign[j] > 0))

    def correct(self, w: Array, js: Any) -> None:
        """Add the rows ``js``, in order, to the weights, each times its step."""
        self.add(w, js, self.step[js])

    def add(self, w: Array, js: Any, factors: Array) -> None:
        """Add the rows ``js``, in order, to ``w``, each times its factor."""
        if len(js):
            at = js if self.order is None else self.order[js]
            self.problem.rows.add(w, self.X, at, factors)

    def gram(self) -> Array:
        """Return L: what a mistake (column) adds to the margins of later rows."""
        L = self.problem.rows.gram(self.X, self.sign, self.step)
        L *= LOWER[: len(L), : len(L)]
        return L

    def rounding_bound(self, w_norm: float, n_mistakes: int) -> float:
        """Bound the rounding errors of a margin, the textbook's and ours together.

        ``w_norm`` bounds the norm of the weights before ``n_mistakes`` were added. The
        bound is twice the sum of the classical ones: for the product of a row with the
        weights, for the Gram matrix, and for the additions to the weights.
        """
        relative, absolute = self.problem.rounding
        reach = w_norm + n_mistakes * self.problem.largest_step * self.norm
        return relative * self.norm * reach + absolute
