"""Cycles of half cosines, each about twice as long as the one before."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, Rule, Schedule, integer

MOST_CYCLES = 60  # each is twice as long as the one before


@dataclass(eq=False, repr=False)
class CosineLog(Schedule):
    """``(1 - cos(2 pi log2(1 + (2**cycles - 1) t))) / 2``: cycles that get longer.

    ``t`` is the progress from 0 to 1. Every cycle is about twice as long as the one
    before it, and starts and ends at zero.

    Parameters
    ----------
    cycles : int, default=4
        Number of cycles.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn_nn.core import Clock
    >>> [round(CosineLog(2)(Clock(t)), 3) for t in (0, 1 / 3, 0.609, 1)]
    [0.0, 0.0, 1.0, 0.0]
    """

    cycles: int = 4

    spans_training: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {"cycles": integer(1, MOST_CYCLES)}

    def __call__(self, clock: Clock, /) -> float:
        return 0.5 * (1 - math.cos(2 * math.pi * self._turns(clock.progress)))

    def ends_cycle(self, start: float, stop: float) -> bool:
        """Return whether no epoch ends nearer to the end of a cycle than this one.

        It has lasted from the progress ``start`` to ``stop``.
        """
        half = (stop - start) / 2
        return int(self._turns(stop + half)) > int(self._turns(stop - half))

    def _turns(self, progress: float) -> float:
        return math.log2(1 + (2**self.cycles - 1) * progress)
