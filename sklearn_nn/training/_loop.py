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
from sklearn_nn.training._progress import Progress
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState
from sklearn_nn.training._step import Stepper, threads_for

TIMED_EPOCHS = 2  # after which it is known how many fit into a limit of time


class TrainingRun:
    """The training of one network, epoch by epoch, with monitors of its own."""

    def __init__(
        self,
        net: Network,
        loss: Loss,
        data: Data | MemberData,
        recipe: Recipe,
        state: TrainingState,
        monitors: Sequence[Monitor] = (),
    ) -> None:
        self.net, self.loss, self.data, self.recipe = net, loss, data, recipe
        self.state, self.monitors = state, monitors
        self.ended = False
        self._n_raw = math.prod(net.out_shape)
        self._stepper: Stepper | None = None

    def set_up(self, n_parts: int, pool: ThreadPool) -> None:
        """Make the stepper; batches go in ``n_parts`` on the threads of ``pool``."""
        # Anew, for the groups in it hold plans of a stepper.
        self._ws = Workspace(self.net.params.dtype)
        parts = self.net, self.loss, self.recipe, self.state, n_parts, pool
        self._stepper = Stepper(*parts)

    def run_epoch(self, i: int, n_epochs: int) -> Epoch:
        """Pass once over the rows, in epoch ``i`` of ``n_epochs``; ask the monitors."""
        self.state.clock.progress = i / n_epochs
        epoch = self._train_epoch(1 / n_epochs)
        self.state.clock.progress = (i + 1) / n_epochs
        stops = [monitor.after_epoch(epoch, self.net) for monitor in self.monitors]
        self.ended = any(stops) or not np.isfinite(epoch.loss)
        return epoch

    def finish(self) -> None:
        """Tell the monitors that training has ended."""
        for monitor in self.monitors:
            monitor.finish(self.net)

    def _train_epoch(self, share: float) -> Epoch:
        """Pass over the rows; ``share`` is the part of the whole training this is."""
        assert self._stepper is not None
        started = time.perf_counter()
        stepper, recipe, data = self._stepper, self.recipe, self.data
        clock, schedule = self.state.clock, recipe.schedule
        n, lr, i, n_seen, total, squares = len(data), 0.0, 0, 0, 0.0, 0.0
        size, rate = min(recipe.batch_size, n), recipe.learning_rate
        alpha = recipe.alpha / data.mean_weight
        weights = stepper.params[: stepper.n_weights]
        dot = vector_operations(weights).dot
        begin, advance = clock.progress, share * size / n
        stepper.begin_epoch()
        rng, n_raw = self.state.rng if recipe.shuffle else None, self._n_raw
        for group in data.groups(size, rng, self._ws, n_raw):
            if group.plan is None:
                group.plan = stepper.plan(group)
            for step in group.plan.steps:
                stepper.gradient(step)
                if alpha and len(weights):
                    squares += dot(weights, weights)
                clock.progress = begin + i * advance
                lr = rate * schedule(clock)
                stepper.update(lr, alpha / step.n_rows)
                i += 1
            total += stepper.loss_of(group)
            n_seen += group.rows.n_rows
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
    max_seconds: float = math.inf,
) -> Outcome:
    """Run several training runs side by side, on threads of their own, epoch by epoch.

    Each run has a single thread, so that the number of threads does not change the
    result. ``monitors`` see the mean of the epochs, and ``subject`` in place of a
    network. If ``n_epochs`` would take longer than ``max_seconds``, there will be
    fewer, and schedules end with them: an epoch in which they do always comes last, if
    need be after that time.
    """
    progress = Progress(monitors, subject)
    threads = ThreadPool(min(n_threads, len(runs)))
    with np.errstate(all="ignore"):
        with progress.until_interrupted(), single_blas_thread(), threads as pool:
            for training_run in runs:
                training_run.set_up(1, ThreadPool(1))
            _run(runs, pool, progress, n_epochs, max_seconds)
        for training_run in runs:
            training_run.finish()
        return progress.finish()


def _run(
    runs: Sequence[TrainingRun],
    pool: ThreadPool,
    progress: Progress,
    n_epochs: int,
    max_seconds: float = math.inf,
) -> None:
    """Run the epochs of all training runs, as many as there is time for."""
    started, i, outcome = time.perf_counter(), 0, progress.outcome
    while i < n_epochs and not outcome.stopped:
        progress.begin_epoch()
        stops = progress.report(_epoch_of_all(runs, pool, i, n_epochs))
        ended = all(training_run.ended for training_run in runs)
        outcome.stopped = outcome.diverged or ended or stops
        i += 1
        if i >= TIMED_EPOCHS and max_seconds < math.inf:
            at_most = max_seconds * i / (time.perf_counter() - started)
            n_epochs = int(min(n_epochs, max(i + 1, at_most)))


def _epoch_of_all(
    runs: Sequence[TrainingRun], pool: ThreadPool, i: int, n_epochs: int
) -> Epoch:
    """Run epoch ``i`` of the active runs; return the mean of their reports."""
    active = [training_run for training_run in runs if not training_run.ended]
    epochs: list[Any] = [None] * len(active)

    def run(place: int) -> None:
        epochs[place] = active[place].run_epoch(i, n_epochs)

    started = time.perf_counter()
    pool.run([partial(run, place) for place in range(len(active))])
    if len(epochs) == 1:
        return epochs[0]
    columns = zip(*[vars(epoch).values() for epoch in epochs], strict=True)
    means = [float(np.mean(column)) for column in columns]
    epoch = Epoch(0, *means[1:])
    epoch.seconds = time.perf_counter() - started
    return epoch
