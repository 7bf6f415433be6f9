"""Stepper: the gradient of a batch and the update, in parts on several threads."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from sklearn_nn.core import (
    Array,
    Loss,
    Network,
    Rng,
    Segment,
    Shape,
    Task,
    ThreadPool,
    Workspace,
    blas_threads,
    n_cores,
    thread_pool,
)
from sklearn_nn.training._data import Batch, Group
from sklearn_nn.training._state import Recipe, TrainingState

# A part of a batch is worth a thread from so many operations on, of all products and of
# the largest one, and if that product has so many rows.
FLOPS_PER_PART = 2e7
FLOPS_PER_PRODUCT = 4e6
ROWS_PER_PRODUCT = 32
MAX_PARTS = 8
# The losses of so many small batches are worked out at once: they take as many calls as
# all the products of a small network.
MANY_BATCHES = 4


@dataclass(slots=True)
class Step:
    """A batch: its number of rows, and what computes its gradient."""

    n_rows: int
    tasks: Sequence[Task]


@dataclass(slots=True)
class Plan:
    """The steps of a group, and where they leave the raw outputs of its rows.

    None if the steps are few: each works out its loss by itself.
    """

    raw: Array | None
    steps: Sequence[Step]


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
        pool: ThreadPool,
    ) -> None:
        self.loss, self.recipe, self.state, self.pool = loss, recipe, state, pool
        self.params, self.n_weights = net.trained, net.layout.n_weights
        self._nets: list[Network] = [net]
        if n_parts > 1:
            grads = np.empty((n_parts, net.params.size), net.params.dtype)
            self._nets = [net.with_gradients(own) for own in grads]
            self._grads = grads[:, : net.layout.n_trained]
        else:
            self._grads = net.trained_grads
        self._ws = [Workspace(net.params.dtype) for _ in self._nets]
        self._noise: list[Rng] = [state.rng]
        self._sums = [0.0] * n_parts
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

    def plan(self, group: Group) -> Plan:
        """Return how to work on ``group``; it holds as long as its arrays do."""
        if len(group.batches) < MANY_BATCHES:
            return Plan(None, [self._step(batch, None) for batch in group.batches])
        net, steps, start = self._nets[0], [], 0
        raw = self._ws[0].out("raw", self._raw_shape(group.rows))
        for batch in group.batches:
            stop = start + batch.n_rows
            own = raw[start:stop] if net.members is None else raw[:, start:stop]
            steps.append(self._step(batch, own))
            start = stop
        return Plan(raw, steps)

    def _step(self, batch: Batch, raw: Array | None) -> Step:
        """Return the step of ``batch``, which may write its raw outputs to ``raw``.

        A smaller batch, the last one, has fewer parts of the same size.
        """
        m, n_parts = batch.n_rows, len(self._nets)
        n_parts = min(n_parts, math.ceil(n_parts * m / self.recipe.batch_size))
        if n_parts == 1:
            return Step(m, [self._task(0, batch, raw, 1.0)])
        ends = [m * i // n_parts for i in range(n_parts + 1)]  # of nearly equal parts
        tasks = []
        for i, cut in enumerate(pairwise(ends)):
            own = None if raw is None else raw[slice(*cut)]
            share = (cut[1] - cut[0]) / m
            tasks.append(self._task(i, batch.part(*cut), own, share))
        return Step(m, tasks)

    def _task(self, i: int, batch: Batch, raw: Array | None, share: float) -> Task:
        d_raw = self._ws[i].out("d_raw", self._raw_shape(batch))
        return partial(self._part_gradient, i, batch, raw, d_raw, share)

    def _raw_shape(self, rows: Batch) -> Shape:
        net = self._nets[0]
        lead = () if net.members is None else (net.members,)
        return (*lead, rows.n_rows, *net.out_shape)

    def gradient(self, step: Step) -> None:
        """Compute the gradient of the mean loss over the batch of ``step``."""
        tasks = step.tasks
        self._n_summed = n_parts = len(tasks)
        if n_parts == 1:
            tasks[0]()
        else:
            self.pool.run(tasks)

    def loss_of(self, group: Group) -> float:
        """Return the sum of the losses of all rows, once their steps have been taken.

        Each batch counts with the parameters before its step. With members it is the
        mean of their sums.
        """
        rows, raw = group.rows, group.plan.raw
        if raw is not None:
            return rows.n_rows * self._mean(self.loss.value(rows.y, raw, rows.w))
        total, self._sums = sum(self._sums), [0.0] * len(self._sums)
        return total

    def _mean(self, value: Any) -> float:
        return float(value if self._nets[0].members is None else value.mean())

    def update(self, lr: float, l2: float) -> None:
        """Take the optimizer's step with the last gradient and that of the penalty."""
        grads, state, rule = self._grads, self.state, self.recipe.optimizer
        if grads.ndim > 1:
            grads = grads[: self._n_summed]
        decay, n_l2 = lr * rule.decay(state.clock), self.n_weights
        rule.step(
            state.optimizer,
            self.params,
            grads,
            lr,
            l2,
            n_l2,
            decay,
            self._segments,
            self.pool,
        )

    def _part_gradient(
        self, i: int, batch: Batch, raw: Array | None, d_raw: Array, share: float
    ) -> None:
        net = self._nets[i]
        net.clock.progress = self.state.clock.progress
        y = net.forward(batch.X, self._noise[i], batch.w)
        if raw is None:
            value = self.loss.value_and_grad(batch.y, y, batch.w, d_raw)
            self._sums[i] += batch.n_rows * self._mean(value)
        else:
            np.copyto(raw, y)
            self.loss.grad(batch.y, y, batch.w, d_raw)
        if share != 1:
            d_raw *= share
        net.backward(d_raw)


@contextmanager
def threads_for(net: Network, batch_size: int) -> Iterator[tuple[int, ThreadPool]]:
    """Set up the threads of a training; yield the number of parts and the pool."""
    n_parts = count_parts(net, batch_size)
    if n_parts == 1:
        with blas_threads(batch_size * net.work.largest_product):
            yield 1, ThreadPool(1)
        return
    with thread_pool(n_parts) as pool:
        yield n_parts, pool


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
