"""train, train_together: the one loop by batches."""

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from sklearn_nn.core import (
    Loss,
    Network,
    ThreadPool,
    Workspace,
    single_blas_thread,
    vector_operations,
)
from sklearn_nn.training._data import Data
from sklearn_nn.training._member_data import MemberData
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._pace import Pace, TimeLimit
from sklearn_nn.training._progress import Progress
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState
from sklearn_nn.training._step import Stepper, threads_for


class TrainingRun:
    """The training of one network, epoch by epoch, with monitors of its own.

    ``n_val`` is how many rows they validate by, for guesses of the time they take.
    """

    def __init__(
        self,
        net: Network,
        loss: Loss,
        data: Data | MemberData,
        recipe: Recipe,
        state: TrainingState,
        monitors: Sequence[Monitor] = (),
        n_val: int = 0,
    ) -> None:
        self.net, self.loss, self.data, self.recipe = net, loss, data, recipe
        self.state, self.monitors = state, monitors
        self.ended = False
        self._n_raw = math.prod(net.out_shape)
        self._stepper: Stepper | None = None
        self._pace = Pace(min(recipe.batch_size, len(data)), len(data), n_val)

    def set_up(self, n_parts: int, pool: ThreadPool) -> None:
        """Make the stepper; batches go in ``n_parts`` on the threads of ``pool``."""
        # Anew, for the groups in it hold plans of a stepper.
        self._ws = Workspace(self.net.params.dtype)
        parts = self.net, self.loss, self.recipe, self.state, n_parts, pool
        self._stepper = Stepper(*parts)

    def run_epoch(
        self, i: int, n_epochs: int, spent: float = 0.0, left: float = math.inf
    ) -> Epoch:
        """Pass once over the rows, in epoch ``i`` of ``n_epochs``; ask the monitors.

        The training has ``spent`` seconds, and some ``left`` until it must have ended:
        if its epochs would take longer, its progress follows the time.
        """
        self.state.clock.progress = max(i / n_epochs, self._pace.reached)
        self._pace.begin_epoch(spent, left)
        epoch = self._train_epoch(1 / n_epochs, left < math.inf)
        passed = max((i + 1) / n_epochs, self._pace.reached)
        self.state.clock.progress = 1.0 if self._pace.is_over else passed
        stops = [monitor.after_epoch(epoch, self.net) for monitor in self.monitors]
        diverged = not np.isfinite(epoch.loss)
        self.ended = any(stops) or diverged or self._pace.is_over
        return epoch

    def finish(self) -> None:
        """Tell the monitors that training has ended."""
        for monitor in self.monitors:
            monitor.finish(self.net)

    def _train_epoch(self, share: float, limited: bool) -> Epoch:
        """Pass over the rows; ``share`` is the part of the whole training this is.

        If it is ``limited`` in time, it may be a larger part, or end before all rows.
        """
        assert self._stepper is not None
        started = time.perf_counter()
        stepper, recipe, data = self._stepper, self.recipe, self.data
        clock, schedule = self.state.clock, recipe.schedule
        n, lr, n_seen, total, squares = len(data), 0.0, 0, 0.0, 0.0
        size, rate = min(recipe.batch_size, n), recipe.learning_rate
        alpha = recipe.alpha / data.mean_weight
        weights = stepper.params[: stepper.n_weights]
        dot = vector_operations(weights).dot
        begin, usual = clock.progress, share * size / n
        pace, i, first = self._pace, 0, 0
        advance = pace.advance or usual
        stepper.begin_epoch()
        rng, n_raw = self.state.rng if recipe.shuffle else None, self._n_raw
        for group in data.groups(size, rng, self._ws, n_raw):
            if group.plan is None:
                group.plan = stepper.plan(group)
            for step in group.plan.steps:
                stepper.gradient(step)
                if alpha and len(weights):
                    squares += dot(weights, weights)
                clock.progress = begin + (i - first) * advance
                lr = rate * schedule(clock)
                stepper.update(lr, alpha / step.n_rows)
                i += 1
            total += stepper.loss_of(group)
            n_seen += group.rows.n_rows
            if limited:
                here = begin + (i - first) * advance
                if pace.must_hurry(i, here, usual):
                    begin, first, advance = here, i, pace.advance
                if pace.is_over:
                    break
        pace.end_steps(i)
        clock.samples += n_seen
        total += 0.5 * alpha * squares / (self.net.members or 1)
        seconds = time.perf_counter() - started
        return Epoch(0, total / n_seen, np.nan, np.nan, lr, seconds)


def train(
    net: Network,
    loss: Loss,
    data: Data,
    recipe: Recipe,
    state: TrainingState,
    monitors: Sequence[Monitor],
    n_epochs: int,
    first_epoch: int = 1,
) -> Outcome:
    """Fit ``net.params`` in place until a monitor stops or ``n_epochs`` have run.

    A loss that is not finite stops, too. Ctrl-C ends the training with what it has;
    before the first epoch has ended, KeyboardInterrupt is raised.
    """
    progress = Progress(monitors, net, first_epoch)
    training_run = TrainingRun(net, loss, data, recipe, state)
    threads = threads_for(net, min(recipe.batch_size, len(data)))
    # Overflow is reported once, by the loss of the epoch, not by each operation. The
    # threads take NumPy's settings from their maker.
    with np.errstate(all="ignore"):
        with progress.until_interrupted(), threads as (n_parts, pool):
            training_run.set_up(n_parts, pool)
            _run([training_run], ThreadPool(1), progress, n_epochs)
        return progress.finish()


def train_together(
    runs: Sequence[TrainingRun],
    subject: Any,
    monitors: Sequence[Monitor],
    n_epochs: int,
    n_threads: int = 1,
    limit: TimeLimit | None = None,
) -> Outcome:
    """Run several training runs side by side, on threads of their own, epoch by epoch.

    Each run has a single thread, so that the number of threads does not change the
    result. ``monitors`` see the mean of the epochs, and ``subject`` in place of a
    network. If ``n_epochs`` would end after ``limit``, progress follows the time, so
    that schedules end with it: there are fewer epochs, and the last one may be a part
    of the rows, of three batches at least.
    """
    progress = Progress(monitors, subject)
    threads = ThreadPool(min(n_threads, len(runs)))
    with np.errstate(all="ignore"):
        with progress.until_interrupted(), single_blas_thread(), threads as pool:
            for training_run in runs:
                training_run.set_up(1, ThreadPool(1))
            _run(runs, pool, progress, n_epochs, limit)
        for training_run in runs:
            training_run.finish()
        return progress.finish()


def _run(
    runs: Sequence[TrainingRun],
    pool: ThreadPool,
    progress: Progress,
    n_epochs: int,
    limit: TimeLimit | None = None,
) -> None:
    """Run the epochs of all training runs, as many as there is time for."""
    i, spent, outcome = 0, 0.0, progress.outcome
    while i < n_epochs and not outcome.stopped:
        started = time.perf_counter()
        progress.begin_epoch()
        active = [training_run for training_run in runs if not training_run.ended]
        turns = math.ceil(len(active) / pool.n_threads)  # in which threads are shared
        left = math.inf if limit is None else limit.left / turns
        stops = progress.report(_epoch_of_all(active, pool, i, n_epochs, spent, left))
        ended = all(training_run.ended for training_run in runs)
        is_late = limit is not None and limit.left <= 0
        outcome.stopped = outcome.diverged or ended or stops or is_late
        spent += (time.perf_counter() - started) / turns
        i += 1


def _epoch_of_all(
    active: Sequence[TrainingRun], pool: ThreadPool, *options: Any
) -> Epoch:
    """Run an epoch of the active runs; return the mean of their reports."""
    epochs: list[Any] = [None] * len(active)

    def run(place: int) -> None:
        epochs[place] = active[place].run_epoch(*options)

    started = time.perf_counter()
    pool.run([partial(run, place) for place in range(len(active))])
    if len(epochs) == 1:
        return epochs[0]
    columns = zip(*[vars(epoch).values() for epoch in epochs], strict=True)
    means = [float(np.mean(column)) for column in columns]
    epoch = Epoch(0, *means[1:])
    epoch.seconds = time.perf_counter() - started
    return epoch
