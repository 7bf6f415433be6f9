"""train: the one loop by batches."""

import time
import warnings
from collections.abc import Sequence

import numpy as np

from sklearn_nn.core import Loss, Network, Workspace
from sklearn_nn.training._data import Data
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState
from sklearn_nn.training._step import Stepper, threads_for


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

    A loss that is not finite stops, too. Ctrl-C ends the training with what it has.
    """
    outcome = Outcome([])
    # Overflow is reported once, by the loss of the epoch, not by each operation.
    with (
        np.errstate(all="ignore"),
        threads_for(net, min(recipe.batch_size, len(data))) as (n_parts, team),
    ):
        stepper = Stepper(net, loss, recipe, state, n_parts, team)
        ws = Workspace(net.params.dtype)
        try:
            for i in range(n_epochs):
                for monitor in monitors:
                    monitor.before_epoch(net)
                state.clock.progress = i / n_epochs
                epoch = _run_epoch(stepper, data, ws, 1 / n_epochs)
                epoch.epoch = first_epoch + i
                outcome.epochs.append(epoch)
                stops = [monitor.after_epoch(epoch, net) for monitor in monitors]
                if outcome.diverged or any(stops):
                    outcome.stopped = True
                    break
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
            outcome.interrupted = True
        for monitor in monitors:
            monitor.finish(net)
    return outcome


def _run_epoch(stepper: Stepper, data: Data, ws: Workspace, share: float) -> Epoch:
    """Pass once over the rows; ``share`` is the part of the whole training this is."""
    started = time.perf_counter()
    recipe, state = stepper.recipe, stepper.state
    clock, schedule = state.clock, recipe.schedule
    n, size, l2, lr = len(data), min(recipe.batch_size, len(data)), 0.0, 0.0
    begin, step, total = clock.progress, share * size / n, 0.0
    weights = stepper.params[: stepper.n_weights]
    stepper.begin_epoch()
    rng = state.rng if recipe.shuffle else None
    for i, batch in enumerate(data.batches(size, rng, ws)):
        m = batch.X.shape[0]
        value = stepper.gradient(batch)
        if recipe.alpha:
            l2 = recipe.alpha / (m * data.mean_weight)
            value += 0.5 * l2 * float(weights.dot(weights))
        total += m * value
        clock.progress = begin + i * step
        lr = recipe.learning_rate * schedule(clock)
        stepper.update(lr, l2)
    clock.samples += n
    seconds = time.perf_counter() - started
    return Epoch(0, total / n, np.nan, np.nan, lr, seconds)
