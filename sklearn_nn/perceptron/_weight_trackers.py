"""Pocket and Averaged: better than the last weights where no plane separates."""

from abc import ABC, abstractmethod

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.perceptron._binary_problem import BinaryProblem, RowChunk


class WeightTracker(ABC):
    """Looks on while weights change, and ends up with some of its own.

    It holds arrays and numbers only, so that a deep copy lets training go on twice.
    """

    @abstractmethod
    def on_start(self, problem: BinaryProblem, w: Array) -> None:
        """Hear of the start or restart of training from the weights ``w``."""

    @abstractmethod
    def on_rows(
        self, chunk: RowChunk, before: Array, mistakes: list[int], n: int
    ) -> None:
        """Hear of ``n`` rows visited: the weights before them and their mistakes."""

    @abstractmethod
    def on_pass_end(self, problem: BinaryProblem, w: Array) -> None:
        """Hear of the end of a pass and the weights it ended with."""

    @abstractmethod
    def final_weights(self, w: Array) -> Array:
        """Return the weights to predict with when training ended with ``w``."""


class Averaged(WeightTracker):
    """Takes the mean of the weights after each row; a row counts by its weight.

    A change of the weights is missing from the mean for all rows before it: the mean is
    ``w - lost / total`` with the last weights ``w``.
    """

    def __init__(self) -> None:
        self.total, self.lost = 0.0, np.zeros(0)

    def on_start(self, problem: BinaryProblem, w: Array) -> None:
        if not self.lost.size:
            self.lost = np.zeros(len(w))

    def on_rows(
        self, chunk: RowChunk, before: Array, mistakes: list[int], n: int
    ) -> None:
        weights = np.abs(chunk.step[:n]).astype(np.float64)
        ends = self.total + np.cumsum(weights)
        self.total = float(ends[-1])
        starts = (ends - weights)[mistakes]
        chunk.add(self.lost, mistakes, starts * chunk.step[mistakes])

    def on_pass_end(self, problem: BinaryProblem, w: Array) -> None:
        pass

    def final_weights(self, w: Array) -> Array:
        return (w - self.lost / self.total).astype(w.dtype)


class Pocket(WeightTracker):
    """Keeps the weights with the least mistakes on all rows, of those that it tries.

    It tries weights that were right on a longer run of rows than any before in the same
    pass, and those at the end of each pass.
    """

    def __init__(self) -> None:
        self.best, self.cost = np.zeros(0), np.inf
        self.run = self.longest = 0

    def on_start(self, problem: BinaryProblem, w: Array) -> None:
        if not self.best.size:
            self.best = w.copy()
        self.cost = problem.weighted_mistakes(self.best)  # the rows may be others

    def on_rows(
        self, chunk: RowChunk, before: Array, mistakes: list[int], n: int
    ) -> None:
        runs = np.diff([-1, *mistakes, n]) - 1
        runs[0] += self.run
        self.run = int(runs[-1])  # it is not over yet
        for i in np.flatnonzero(runs[:-1] > self.longest).tolist():
            if runs[i] > self.longest:
                self.longest = int(runs[i])
                w = before.copy()
                chunk.correct(w, mistakes[:i])
                self._try(chunk.problem, w)

    def on_pass_end(self, problem: BinaryProblem, w: Array) -> None:
        self.longest = 0
        self._try(problem, w)

    def final_weights(self, w: Array) -> Array:
        return self.best.copy()

    def _try(self, problem: BinaryProblem, w: Array) -> None:
        cost = problem.weighted_mistakes(w)
        if cost < self.cost:
            self.best, self.cost = w.copy(), cost
