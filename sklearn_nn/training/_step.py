"""Stepper: the gradient of a batch and the update, in parts on several threads."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import numpy as np

from sklearn_nn.core import (
    Loss,
    Network,
    Rng,
    Segment,
    Team,
    Workspace,
    blas_threads,
    n_cores,
    own_threads,
)
from sklearn_nn.training._data import Batch
from sklearn_nn.training._state import Recipe, TrainingState

# A part of a batch is worth a thread from so many operations on, of all products and of
# the largest one, and if that product has so many rows.
FLOPS_PER_PART = 2e7
FLOPS_PER_PRODUCT = 4e6
ROWS_PER_PRODUCT = 32
MAX_PARTS = 8


class Stepper:
    """Takes training steps on a network.

    The rows of a large batch go in parts: each has gradients and scratch memory of its
    own, whose sum the optimizer reads, and may run on a thread of its own. So products
    are not all that is parallel, and a part does not wait for the cores that other
    processes hold, as the threads of a BLAS library do. The optimizer's step on many
    parameters is shared by the same threads.

    The number of parts follows from the sizes and the machine, never from its load or
    from the threads at hand: those change the time, not the result.
    """

    def __init__(
        self,
        net: Network,
        loss: Loss,
        recipe: Recipe,
        state: TrainingState,
        n_parts: int,
        team: Team,
    ) -> None:
        self.loss, self.recipe, self.state, self.team = loss, recipe, state, team
        self.params, self.n_weights = net.trained, net.layout.n_weights
        self._nets: list[Network] = [net]
        if n_parts > 1:
            grads = np.empty((n_parts, net.params.size), net.params.dtype)
            self._nets = [net.twin(own) for own in grads]
            self._grads = grads[:, : net.layout.n_trained]
        else:
            self._grads = net.trained_grads
        self._ws = [Workspace(net.params.dtype) for _ in self._nets]
        self._noise: list[Rng] = [state.rng]
        self._values = [0.0] * n_parts
        self._n_summed = 1
        self._segments = recipe.segments
        if recipe.optimizer.decay(state.clock) and not recipe.segments:
            cut, n = self.n_weights, self.params.size  # no decay of biases
            self._segments = (Segment(0, cut), Segment(cut, n, decay=0.0))

    def begin_epoch(self) -> None:
        """Give each part a generator of its own."""
        n_parts, rng = len(self._nets), self.state.rng
        if n_parts > 1:
            seeds = rng.integers(1 << 63, size=n_parts)
            self._noise = [np.random.Generator(np.random.PCG64DXSM(s)) for s in seeds]

    def gradient(self, batch: Batch) -> float:
        """Compute the gradient of the mean loss over ``batch``; return that loss."""
        m = batch.n_rows
        # A smaller batch, the last one, has fewer parts of the same size.
        n_parts = math.ceil(len(self._nets) * m / self.recipe.batch_size)
        self._n_summed = n_parts = min(len(self._nets), n_parts)
        if n_parts == 1:
            self._part_gradient(0, batch, 1.0)
            return self._values[0]
        tasks = [
            partial(self._part_gradient, i, batch.part(*ends), (ends[1] - ends[0]) / m)
            for i, ends in enumerate(_cut(m, n_parts))
        ]
        self.team.run(tasks)
        return sum(self._values[:n_parts])

    def update(self, lr: float, l2: float) -> None:
        """Take the optimizer's step with the last gradient and that of the penalty."""
        grads, state = self._grads, self.state.optimizer
        if grads.ndim > 1:
            grads = grads[: self._n_summed]
        rule = self.recipe.optimizer
        decay, n_l2 = lr * rule.decay(self.state.clock), self.n_weights
        more = decay, self._segments, self.team
        rule.step(state, self.params, grads, lr, l2, n_l2, *more)

    def _part_gradient(self, i: int, batch: Batch, share: float) -> None:
        net = self._nets[i]
        net.clock.progress = self.state.clock.progress
        raw = net.forward(batch.X, self._noise[i], batch.w)
        d_raw = self._ws[i].out("d_raw", raw.shape)
        value = self.loss.value_and_grad(batch.y, raw, batch.w, d_raw)
        if net.members is not None:
            value = value.mean()
        if share != 1:
            value *= share
            d_raw *= share
        self._values[i] = value
        net.backward(d_raw)


def _cut(n: int, n_parts: int) -> list[tuple[int, int]]:
    """Return the ends of ``n_parts`` nearly equal parts of ``range(n)``."""
    return list(pairwise(n * i // n_parts for i in range(n_parts + 1)))


@contextmanager
def threads_for(net: Network, batch_size: int) -> Iterator[tuple[int, Team]]:
    """Set up the threads of a training; yield the number of parts and the team."""
    n_parts = count_parts(net, batch_size)
    if n_parts == 1:
        with blas_threads(batch_size * net.work.largest_product):
            yield 1, Team(1)
        return
    with own_threads(n_parts) as team:
        yield n_parts, team


def count_parts(net: Network, batch_size: int) -> int:
    """Return in how many parts a batch goes.

    A network with state goes as a whole: its blocks look at all rows of a batch.
    """
    if net.members is not None or net.layout.n_trained < net.layout.size:
        return 1
    work = net.work
    places = work.flops / (6 * net.layout.size)  # at which a row meets the parameters
    wanted = min(
        MAX_PARTS,
        batch_size * places / ROWS_PER_PRODUCT,
        batch_size * work.largest_product / FLOPS_PER_PRODUCT,
        batch_size * work.flops / FLOPS_PER_PART,
    )
    return min(int(wanted), n_cores()) if wanted >= 2 else 1
