"""AdamW: Adam that shrinks the weights beside its steps, not through them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, OneOf, Rule, Schedule, any_of, instance_of, number
from sklearn_nn.optimizers._adam import Adam


@dataclass(eq=False, repr=False)
class AdamW(Adam):
    """Adam after ``p *= 1 - lr * weight_decay``, for the weights and not the biases.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay of the first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the uncorrected second moment.
    weight_decay : float, default=0.01
        What a step at the rate ``lr`` takes off the weights is ``lr * weight_decay``.
    decay_schedule : Schedule, default=None
        What ``weight_decay`` is multiplied by in the course of the training; None for
        1. The learning rate has a schedule of its own.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    weight_decay: float = 0.01
    decay_schedule: Schedule | None = None

    rules: ClassVar[Mapping[str, Rule]] = {
        **Adam.rules,
        "weight_decay": number(0, math.inf, "[)"),
        "decay_schedule": any_of(
            OneOf((None,)),
            instance_of(Schedule, "a schedule of sklearn_nn.schedules"),
        ),
    }

    def decay(self, clock: Clock) -> float:
        if self.decay_schedule is None:
            return self.weight_decay
        return self.weight_decay * self.decay_schedule(clock)
