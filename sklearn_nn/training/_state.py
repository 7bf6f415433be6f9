"""What training is told (Recipe), must keep to go on (TrainingState), and reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from sklearn_nn.core import Clock, Optimizer, OptimizerState, Rng, Schedule, Segment

_SEED = np.random.SeedSequence(0)  # any: for a generator whose state is set at once


@dataclass(frozen=True, eq=False)
class Recipe:
    """How to train by batches.

    ``alpha`` is the strength of the penalty ``alpha / (2 * sum of weights) * |W|**2``,
    where the sum runs over the rows of a batch. ``segments`` give parts of the
    parameter vector rates and decays of their own.
    """

    optimizer: Optimizer
    schedule: Schedule
    learning_rate: float
    alpha: float
    batch_size: int
    shuffle: bool
    segments: Sequence[Segment] = ()


@dataclass(eq=False)
class TrainingState:
    """All that must be kept to go on with training as if it had not stopped.

    ``best`` is the best value of what the patience watches, larger being better;
    ``stalled`` the number of epochs since it last rose.
    """

    optimizer: OptimizerState
    rng: Rng
    clock: Clock = field(default_factory=Clock)
    watch: str = ""
    best: float = -np.inf
    stalled: int = 0

    def copy(self) -> Self:
        """Return a state that shares no memory with this one."""
        bits = type(self.rng.bit_generator)(_SEED)
        bits.state = self.rng.bit_generator.state
        clock = Clock(**vars(self.clock))
        optimizer, rng = self.optimizer.copy(), np.random.Generator(bits)
        return replace(self, optimizer=optimizer, rng=rng, clock=clock)


@dataclass(eq=False)
class Epoch:
    """The report of one pass over the training rows, or of one L-BFGS iteration."""

    epoch: int
    loss: float
    validation_loss: float
    validation_score: float
    learning_rate: float
    seconds: float


@dataclass(eq=False)
class Outcome:
    """How a training ended: its epochs, and why there are no more of them."""

    epochs: list[Epoch]
    stopped: bool = False
    interrupt: KeyboardInterrupt | None = None
    reason: str = ""

    @property
    def diverged(self) -> bool:
        """Whether the last loss was not finite."""
        return bool(self.epochs) and not np.isfinite(self.epochs[-1].loss)
