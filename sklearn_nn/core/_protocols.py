"""What a block, a loss, an optimizer and a schedule are; the array aliases."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_nn.core._layout import ParamTree, Views
from sklearn_nn.core._spec import Spec
from sklearn_nn.core._vectors import LONG, vector_operations
from sklearn_nn.core._workspace import Clock, Workspace
from sklearn_nn.core.parallel._blas_threads import n_cores
from sklearn_nn.core.parallel._thread_pool import ThreadPool

Array = NDArray[Any]
Rng = np.random.Generator
Shape = tuple[int, ...]

# The optimizer walks over the parameter vector in pieces of this size, so that a piece
# of each of its arrays stays in the processor's cache between the steps. Those of a
# vector that several threads can share are larger: each operation ends with a wait for
# Python's lock. Their number follows from the cores, not from the threads at hand.
PIECE_BYTES = 1 << 18
SHARED_PIECE_BYTES = 1 << 20
SHARED_BYTES = 1 << 20  # a shorter vector is no work for several threads


class Block(Spec, ABC):
    """A differentiable map from a batch of rows to a batch of rows.

    A block is a value: it holds sizes and constants, never learned arrays. Parameters
    ``p``, gradients ``g`` and scratch memory ``ws`` are handed to it on every call.
    Shapes leave out the batch axis. With k members (networks trained at once) every
    parameter has a leading axis k, and so have ``x`` and ``y``; where all members see
    the same rows, that axis of ``x`` has length 1.
    """

    accepts_sparse: ClassVar[bool] = False
    accepts_nan: ClassVar[bool] = False
    step_by_step: ClassVar[bool] = False  # one time step needs the one before it

    @abstractmethod
    def out_shape(self, in_shape: Shape) -> Shape:
        """Return the shape of one output row, or raise if ``in_shape`` cannot be."""

    @abstractmethod
    def param_tree(self, in_shape: Shape) -> ParamTree:
        """Declare the parameters for input rows of ``in_shape``."""

    @abstractmethod
    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        """Return y. ``rng=None`` means inference: no noise, and nothing random."""

    @abstractmethod
    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        """Overwrite every array of ``g``; return dx, or None if not ``need_dx``."""


class Loss(Spec, ABC):
    """A mean over rows of a differentiable function of targets and raw outputs.

    Shapes: raw (..., n, n_raw), w (n,) or (..., n), or None for ones; leading axes are
    members, which share targets and weights that lack them. The weights have mean one
    over the training rows, so that a batch of heavy rows pulls harder. ``link`` names
    the function from raw outputs to predictions. Where these are no means but, say,
    medians, ``predicts_mean`` is False.
    """

    link: ClassVar[str]
    predicts_mean: ClassVar[bool] = True

    @property
    def raw_per_target(self) -> int:
        """Return the number of raw outputs for each column of numbers in ``y``."""
        return 1

    @abstractmethod
    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        """Return the mean loss: a float, or an array with one per member."""

    @abstractmethod
    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        """Write the gradient of the mean loss to ``out``.

        With members it is that of the sum of their mean losses.
        """

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        """Return `value` after `grad`; a loss may have a way to share their work."""
        self.grad(y, raw, w, out)
        return self.value(y, raw, w)

    @abstractmethod
    def predict(self, raw: Array) -> Array:
        """Return the prediction, such as a mean or probabilities: the inverse link."""

    @abstractmethod
    def start(self, y: Array, w: Array | None) -> Array:
        """Return the best constant raw output: (n_raw,)."""

    def check_targets(self, y: Array) -> None:
        """Raise ValueError if ``y`` lies outside the domain of the loss."""
        return


@dataclass(eq=False)
class OptimizerState:
    """Number of steps taken and one vector per slot, each (n_params,)."""

    t: int = 0
    slots: dict[str, Array] = field(default_factory=dict)

    def copy(self) -> "OptimizerState":
        slots = {name: vector.copy() for name, vector in self.slots.items()}
        return OptimizerState(self.t, slots)


class Segment(NamedTuple):
    """A piece of the parameter vector, and factors of its rate and decay."""

    start: int
    stop: int
    rate: float = 1.0
    decay: float = 1.0


def _piece_size(params: Array) -> int:
    """Return the number of entries of a piece."""
    if params.nbytes < SHARED_BYTES:
        return PIECE_BYTES // params.itemsize
    n_rounds = math.ceil(params.nbytes / (n_cores() * SHARED_PIECE_BYTES))
    least = LONG // params.itemsize + 1  # shorter pieces would hold Python's lock
    return max(least, math.ceil(params.size / (n_cores() * n_rounds)))


class Optimizer(Spec, ABC):
    """Arithmetic on the parameter vector, entry by entry.

    The rule is a value; its memory is a state made by `init`.
    """

    def init(self, params: Array) -> OptimizerState:
        """Return the state before the first step."""
        return OptimizerState(0, {n: np.zeros_like(params) for n in self.slot_names()})

    def step(
        self,
        state: OptimizerState,
        params: Array,
        grads: Array,
        lr: float,
        l2: float = 0.0,
        n_l2: int = 0,
        decay: float = 0.0,
        segments: Sequence[Segment] = (),
        pool: ThreadPool | None = None,
    ) -> None:
        """Update ``params`` and ``state`` in place at the rate ``lr``.

        Shapes: params (n,), grads (n,), or (k, n) where the sum of k vectors counts.
        The gradient of ``l2 / 2 * sum(params[:n_l2] ** 2)`` is added on the way, and
        the share ``decay`` of each parameter is taken off it. ``segments`` cover the
        vector; none is a single one without factors. ``grads`` serves as scratch
        memory: it holds anything afterwards. The threads of ``pool`` share the work.
        """
        state.t += 1
        if not params.size:
            return
        t, n, slots = state.t, params.size, list(state.slots.values())
        if params.nbytes <= PIECE_BYTES and not segments:
            self._step(t, params, grads, lr, l2, n_l2, decay, slots)
            return
        size = _piece_size(params)
        cuts = [
            (slice(start, min(start + size, stop)), lr * rate, decay * share)
            for first, stop, rate, share in segments or (Segment(0, n),)
            for start in range(first, stop, size)
        ]

        def step_piece(i: slice, lr: float, decay: float) -> None:
            own = [slot[i] for slot in slots]
            rest = n_l2 - i.start
            self._step(t, params[i], grads[..., i], lr, l2, rest, decay, own)

        if pool and pool.n_threads > 1 and params.nbytes >= SHARED_BYTES:
            pool.run([partial(step_piece, *cut) for cut in cuts])
            return
        for cut in cuts:
            step_piece(*cut)

    def decay(self, clock: Clock) -> float:
        """Return the share, per unit of the rate, that a step takes off parameters."""
        return 0.0

    def _step(
        self,
        t: int,
        p: Array,
        g: Array,
        lr: float,
        l2: float,
        n_l2: int,
        decay: float,
        slots: Sequence[Array],
    ) -> None:
        """Take step ``t`` on a piece whose first ``n_l2`` entries are penalized."""
        axpy, scal, _ = vector_operations(p)
        if g.ndim > 1:
            g, *others = g
            for other in others:
                axpy(other, g)
        if l2 and n_l2 > 0:
            axpy(p, g, min(n_l2, p.size), l2)
        if decay:
            scal(1 - decay, p)
        self.update(t, p, g, lr, slots)

    @abstractmethod
    def slot_names(self) -> tuple[str, ...]:
        """Name the vectors that the rule keeps from step to step."""

    @abstractmethod
    def update(
        self, t: int, p: Array, g: Array, lr: float, slots: Sequence[Array]
    ) -> None:
        """Take step ``t`` (counted from 1) on a piece of the vector, in place.

        ``g`` may be overwritten.
        """


class Schedule(Spec, ABC):
    """A pure function of the clock: the factor of the initial learning rate.

    ``spans_training`` says whether it follows the progress of the training, so that the
    last epoch is its planned end and no failure to converge.
    """

    spans_training: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, clock: Clock, /) -> float:
        """Return the factor at this moment."""

    def answers_plateau(self, lr: float) -> bool:
        """Whether a plateau at the rate ``lr`` lowers the rate; else training ends."""
        return False
