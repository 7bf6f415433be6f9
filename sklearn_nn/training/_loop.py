"""train: the one loop by batches."""

import time
import warnings
from collections.abc import Sequence

import numpy as np

from sklearn_nn.core import Loss, Network, Workspace, blas_threads
from sklearn_nn.training._data import Data
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState


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
    ws = Workspace(net.params.dtype)
    flops = 2 * recipe.batch_size * net.largest_layer
    # Overflow is reported once, by the loss of the epoch, not by each operation.
    with blas_threads(flops), np.errstate(all="ignore"):
        try:
            for i in range(n_epochs):
                for monitor in monitors:
                    monitor.before_epoch(net)
                state.clock.progress = i / n_epochs
                epoch = _run_epoch(net, loss, data, recipe, state, ws, 1 / n_epochs)
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


def _run_epoch(
    net: Network,
    loss: Loss,
    data: Data,
    recipe: Recipe,
    state: TrainingState,
    ws: Workspace,
    share: float,
) -> Epoch:
    """Pass once over the rows; ``share`` is the part of the whole training this is."""
    started = time.perf_counter()
    n, n_weights = len(data), net.layout.n_weights
    size = min(recipe.batch_size, n)
    begin, step, total, lr = state.clock.progress, share * size / n, 0.0, 0.0
    weights = net.params[:n_weights]
    params, grads = net.trained, net.trained_grads
    rng = state.rng if recipe.shuffle else None
    for i, batch in enumerate(data.batches(size, rng, ws)):
        m = batch.X.shape[0]
        raw = net.forward(batch.X, state.rng)
        d_raw = ws.out("d_raw", raw.shape)
        value = loss.value_and_grad(batch.y, raw, batch.w, d_raw)
        net.backward(d_raw)
        l2 = recipe.alpha / (m * data.mean_weight)
        if l2:
            value += 0.5 * l2 * float(weights.dot(weights))
        total += m * value
        state.clock.progress = begin + i * step
        lr = recipe.learning_rate * recipe.schedule(state.clock)
        recipe.optimizer.step(state.optimizer, params, grads, lr, l2, n_weights)
    state.clock.samples += n
    seconds = time.perf_counter() - started
    return Epoch(0, total / n, np.nan, np.nan, lr, seconds)
