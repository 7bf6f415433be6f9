"""A rate that falls at every plateau."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, Rule, Schedule, number


@dataclass(eq=False, repr=False)
class Adaptive(Schedule):
    """Multiply the rate by ``factor`` at every plateau.

    A plateau at a rate of ``min_rate`` or less ends the training.

    Parameters
    ----------
    factor : float, default=0.2
        What a plateau multiplies the rate by, in (0, 1).
    min_rate : float, default=1e-6
        Learning rate (not a factor of it) from which on a plateau ends the training.

    Examples
    --------
    >>> from sklearn_nn.core import Clock
    >>> [Adaptive(factor=0.5)(Clock(plateaus=k)) for k in (0, 1, 2)]
    [1.0, 0.5, 0.25]
    """

    factor: float = 0.2
    min_rate: float = 1e-6

    rules: ClassVar[Mapping[str, Rule]] = {
        "factor": number(0, 1, "()"),
        "min_rate": number(0, math.inf, "()"),
    }

    def __call__(self, clock: Clock, /) -> float:
        return float(self.factor**clock.plateaus)

    def answers_plateau(self, lr: float) -> bool:
        return lr > self.min_rate
