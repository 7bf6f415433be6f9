"""Pocket and Averaged: better than the last weights where no plane separates."""

from abc import ABC, abstractmethod

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.perceptron._binary_problem import BinaryProblem, Piece


class Witness(ABC):
    """Looks on while weights change, and ends up with some of its own.

    It holds arrays and numbers only, so that a deep copy lets training go on twice.
    """

    @abstractmethod
    def begins(self, problem: BinaryProblem, w: Array) -> None:
        """Hear of the start or restart of training from the weights ``w``."""

    @abstractmethod
    def saw(self, piece: Piece, before: Array, mistakes: list[int], n: int) -> None:
        """Hear of ``n`` rows visited: the weights before them and their mistakes."""

    @abstractmethod
    def passed(self, problem: BinaryProblem, w: Array) -> None:
        """Hear of the end of a pass and the weights it ended with."""

    @abstractmethod
    def result(self, w: Array) -> Array:
        """Return the weights to predict with when training ended with ``w``."""


class Averaged(Witness):
    """Takes the mean of the weights after each row; a row counts by its weight.

    A change of the weights is missing from the mean for all rows before it: the mean is
    ``w - lost / total`` with the last weights ``w``.
    """

    def __init__(self) -> None:
        self.total, self.lost = 0.0, np.zeros(0)

    def begins(self, problem: BinaryProblem, w: Array) -> None:
        if not self.lost.size:
            self.lost = np.zeros(len(w))

    def saw(self, piece: Piece, before: Array, mistakes: list[int], n: int) -> None:
        weights = np.abs(piece.step[:n]).astype(np.float64)
        ends = self.total + np.cumsum(weights)
        self.total = float(ends[-1])
        starts = (ends - weights)[mistakes]
        piece.add(self.lost, mistakes, starts * piece.step[mistakes])

    def passed(self, problem: BinaryProblem, w: Array) -> None:
        pass

    def result(self, w: Array) -> Array:
        return (w - self.lost / self.total).astype(w.dtype)


class Pocket(Witness):
    """Keeps the weights with the least mistakes on all rows, of those that it tries.

    It tries weights that were right on a longer run of rows than any before in the same
    pass, and those at the end of each pass.
    """

    def __init__(self) -> None:
        self.best, self.cost = np.zeros(0), np.inf
        self.run = self.longest = 0

    def begins(self, problem: BinaryProblem, w: Array) -> None:
        if not self.best.size:
            self.best = w.copy()
        self.cost = problem.cost_of_mistakes(self.best)  # the rows may be others

    def saw(self, piece: Piece, before: Array, mistakes: list[int], n: int) -> None:
        runs = np.diff([-1, *mistakes, n]) - 1
        runs[0] += self.run
        self.run = int(runs[-1])  # it is not over yet
        for i in np.flatnonzero(runs[:-1] > self.longest).tolist():
            if runs[i] > self.longest:
                self.longest = int(runs[i])
                w = before.copy()
                piece.correct(w, mistakes[:i])
                self._try(piece.problem, w)

    def passed(self, problem: BinaryProblem, w: Array) -> None:
        self.longest = 0
        self._try(problem, w)

    def result(self, w: Array) -> Array:
        return self.best.copy()

    def _try(self, problem: BinaryProblem, w: Array) -> None:
        cost = problem.cost_of_mistakes(w)
        if cost < self.cost:
            self.best, self.cost = w.copy(), cost
