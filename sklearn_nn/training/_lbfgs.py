"""minimize_lbfgs: SciPy's L-BFGS on the network's parameter vector."""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from sklearn_nn.core import Array, Loss, Network, Workspace, row_chunks
from sklearn_nn.training._data import Data
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch, Outcome

# Loss and gradient are summed over chunks of rows, so that memory does not grow.
CHUNK = next(row_chunks(1 << 40)).stop


class _Objective:
    """Mean loss plus penalty over all rows, with its gradient, in float64."""

    def __init__(self, net: Network, loss: Loss, data: Data, alpha: float) -> None:
        self.net, self.loss, self.data = net, loss, data
        self.l2 = alpha / (len(data) * data.mean_weight)
        self.ws = Workspace(net.params.dtype)

    def __call__(self, theta: Array) -> tuple[float, Array]:
        net, n, ws = self.net, len(self.data), self.ws
        net.params[:] = theta
        weights = theta[: net.layout.n_weights]
        value = 0.5 * self.l2 * float(weights @ weights)
        grad = np.zeros_like(theta)
        grad[: len(weights)] = self.l2 * weights
        for batch in self.data.batches(CHUNK, None, ws):
            share = batch.X.shape[0] / n
            raw = net.forward(batch.X)
            d_raw = ws.out("d_raw", raw.shape)
            value += share * self.loss.value_and_grad(batch.y, raw, batch.w, d_raw)
            net.backward(d_raw)
            grad += share * net.grads
        return value, grad


def minimize_lbfgs(
    net: Network,
    loss: Loss,
    data: Data,
    alpha: float,
    monitors: Sequence[Monitor],
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
    first_epoch: int = 1,
) -> Outcome:
    """Fit ``net.params`` in place; each iteration is reported as an epoch.

    ``tol`` bounds the largest entry of the gradient. ``stopped`` is False when an
    evaluation or iteration limit ended the search.
    """
    outcome, clock = Outcome([]), time.perf_counter()

    def after_iteration(intermediate_result: OptimizeResult) -> None:
        nonlocal clock
        net.params[:] = intermediate_result.x
        now, count = time.perf_counter(), first_epoch + len(outcome.epochs)
        value = float(intermediate_result.fun)
        epoch = Epoch(count, value, np.nan, np.nan, np.nan, now - clock)
        outcome.epochs.append(epoch)
        if any([monitor.after_epoch(epoch, net) for monitor in monitors]):
            outcome.stopped = True
            raise StopIteration
        clock = time.perf_counter()
        for monitor in monitors:
            monitor.before_epoch(net)

    for monitor in monitors:
        monitor.before_epoch(net)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            result: Any = minimize(
                _Objective(net, loss, data, alpha),
                net.params.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
            )
            net.params[:] = result.x
            outcome.stopped = outcome.stopped or result.status == 0
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
            outcome.interrupted = True
        for monitor in monitors:
            monitor.finish(net)
    return outcome
