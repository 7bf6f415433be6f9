"""minimize_lbfgs: SciPy's L-BFGS on the network's parameter vector."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from sklearn_nn.core import Array, Loss, Network, Workspace, blas_threads
from sklearn_nn.training._data import Data
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._progress import Progress
from sklearn_nn.training._state import Epoch, Outcome

# Loss and gradient are summed over chunks of rows, so that memory does not grow.
CHUNK = 1024


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


class _Iterations:
    """Reports the iterations of a search as epochs.

    An iteration begins with its first evaluation: a search that ends has not begun
    another one.
    """

    def __init__(self, net: Network, progress: Progress) -> None:
        self.net, self.progress = net, progress
        self.params = net.params.copy()  # those of the last iteration that ended
        self.started: float | None = None

    def begin(self) -> None:
        """Begin an iteration, unless it is under way."""
        if self.started is None:
            self.progress.begin_epoch()
            self.started = time.perf_counter()

    def end(self, result: OptimizeResult) -> bool:
        """Report the iteration that led to ``result``; return whether to stop."""
        self.params[:] = self.net.params[:] = result.x
        seconds = time.perf_counter() - (self.started or 0.0)
        self.started = None
        epoch = Epoch(0, float(result.fun), np.nan, np.nan, np.nan, seconds)
        return self.progress.report(epoch)

    def after_iteration(self, intermediate_result: OptimizeResult) -> None:
        """End an iteration, as SciPy's callback."""
        if self.end(intermediate_result):
            self.progress.outcome.stopped = True
            raise StopIteration


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

    The search has converged, and ``stopped`` is True, when no entry of the gradient
    exceeds ``tol`` or the loss falls by less than SciPy's relative default. Where a
    limit or an error ended it before, ``reason`` says which. A search without any
    iteration, because its start is a minimum, is reported as one.
    """
    progress = Progress(monitors, net, first_epoch)
    iterations, outcome = _Iterations(net, progress), progress.outcome
    objective = _Objective(net, loss, data, alpha)

    def evaluate(theta: Array) -> tuple[float, Array]:
        iterations.begin()
        return objective(theta)

    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    flops = min(len(data), CHUNK) * net.work.largest_product
    with np.errstate(all="ignore"), progress.until_interrupted(), blas_threads(flops):
        result: Any = minimize(
            evaluate,
            net.params.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=iterations.after_iteration,
            options=options,
        )
        outcome.stopped = outcome.stopped or result.status == 0
        outcome.reason = str(result.message)
        if not outcome.epochs:
            iterations.end(result)
    net.params[:] = iterations.params
    return progress.finish()
