"""A constant rate, then half a cosine down to zero."""

import math
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, Schedule


@dataclass(eq=False, repr=False)
class FlatCosine(Schedule):
    """Keep 1 for the first half, then fall to 0 along half a cosine.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.

    Examples
    --------
    >>> from sklearn_nn.core import Clock
    >>> [round(FlatCosine()(Clock(t)), 3) for t in (0, 0.5, 0.75, 1)]
    [1.0, 1.0, 0.5, 0.0]
    """

    spans_training: ClassVar[bool] = True

    def __call__(self, clock: Clock, /) -> float:
        if clock.progress < 0.5:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (2 * clock.progress - 1)))
