"""Monitors: asked after each epoch whether to stop, told at the end."""

import math
import time
from collections.abc import Callable
from datetime import timedelta

import numpy as np

from sklearn_nn.core import Array, Network, Schedule
from sklearn_nn.training._pace import TimeLimit
from sklearn_nn.training._state import Epoch, TrainingState


class Monitor:
    """Watches training; a monitor overrides what it needs."""

    def before_epoch(self, net: Network) -> None:
        """Look at the network before an epoch."""

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        """Look at the epoch; return whether training shall stop."""
        return False

    def finish(self, net: Network) -> None:
        """Act on the network when training has ended."""


class Validation(Monitor):
    """Writes loss and score on the validation rows into the epoch."""

    def __init__(self, evaluate: Callable[[Network], tuple[float, float]]) -> None:
        self.evaluate = evaluate

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        epoch.validation_loss, epoch.validation_score = self.evaluate(net)
        return False


class KeepBest(Monitor):
    """Restores the parameters of the epoch with the best validation score.

    With ``start``, the score before the first epoch, the parameters at the start take
    part, too. While no score was finite, nothing is restored. Where connections were
    taken out, only the epochs since then count: the weights before had others.
    """

    def __init__(self, net: Network, start: float = -np.inf) -> None:
        known = np.isfinite(start)
        # In one tuple: Ctrl-C between two of them must not leave them apart.
        self._best: tuple[float, Array | None] = -np.inf, None
        if known:
            self._best = start, net.params.copy()
        self._connections = net.connections

    @property
    def best_score(self) -> float:
        """Return the best score of those that count."""
        return self._best[0]

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        if net.connections is not self._connections:
            self._best, self._connections = (-np.inf, None), net.connections
        if epoch.validation_score > self.best_score:
            self._best = epoch.validation_score, net.params.copy()
        return False

    def finish(self, net: Network) -> None:
        params = self._best[1]
        if params is not None and net.connections is self._connections:
            net.params[:] = params


class Patience(Monitor):
    """Lowers the rate or stops after ``patience`` epochs without better values.

    It watches the "loss" or the "validation_score". Better means by at least ``tol``; a
    value that is not a number is not better.
    """

    def __init__(
        self,
        watch: str,
        tol: float,
        patience: float,
        schedule: Schedule,
        state: TrainingState,
    ) -> None:
        self.tol, self.patience, self.schedule = tol, patience, schedule
        self.sign, self.state = -1 if watch == "loss" else 1, state
        if state.watch != watch:  # the best of one is no measure for the other
            state.watch, state.best, state.stalled = watch, -np.inf, 0

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        state = self.state
        value = self.sign * getattr(epoch, state.watch)
        stalled = 0 if value >= state.best + self.tol else state.stalled + 1
        best = value if value > state.best else state.best
        state.stalled, state.best = stalled, best
        if state.stalled < self.patience:
            return False
        state.stalled = 0
        if not self.schedule.answers_plateau(epoch.learning_rate):
            return True
        state.clock.plateaus += 1
        return False


class Printer(Monitor):
    """Prints loss and, if there is one, validation score of each epoch.

    With ``n_epochs``, the number of epochs at most, also the time that is left, as
    hours, minutes and seconds, if they go on like those before; with ``limit``, no more
    than that leaves.
    """

    def __init__(
        self, n_epochs: int | None = None, limit: TimeLimit | None = None
    ) -> None:
        self._n_epochs, self._limit = n_epochs, limit
        self._started, self._n_done = -math.inf, 0

    def before_epoch(self, net: Network) -> None:
        if not self._n_done:
            self._started = time.perf_counter()

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        self._n_done += 1
        line = f"Iteration {epoch.epoch}, loss = {epoch.loss:.8f}"
        if not np.isnan(epoch.validation_loss):
            line += f", validation score = {epoch.validation_score:.6f}"
        if self._n_epochs is not None:
            left = timedelta(seconds=round(self._seconds_left(self._n_epochs)))
            line += f", time left = {left}"
        print(line)
        return False

    def _seconds_left(self, n_epochs: int) -> float:
        seconds = (time.perf_counter() - self._started) / self._n_done
        left = seconds * (n_epochs - self._n_done)
        return left if self._limit is None else max(0.0, min(left, self._limit.left))
