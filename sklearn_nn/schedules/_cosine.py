"""Cosine: a rate that falls along half a cosine, after a linear rise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, Rule, Schedule, number


@dataclass(eq=False, repr=False)
class Cosine(Schedule):
    """Rise linearly to 1 over ``warmup``, then fall along half a cosine to ``floor``.

    ``floor + (1 - floor) * (1 + cos(pi * s)) / 2``, where s goes from 0 to 1 between
    the end of the warm-up and that of the training: after `max_iter` epochs, whether or
    not a stalling loss ends it before. Each `fit`, or `partial_fit`, is a cycle: with
    ``warm_start=True`` these are the warm restarts of [1]_.

    Parameters
    ----------
    warmup : float, default=0.0
        Share of the training in which the rate rises from 0, in [0, 1).
    floor : float, default=0.0
        Factor at the end, in [0, 1].

    References
    ----------
    .. [1] Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm
       restarts", ICLR 2017.

    Examples
    --------
    >>> from sklearn_nn.core import Clock
    >>> schedule = Cosine(warmup=0.1)
    >>> [round(schedule(Clock(t)), 3) for t in (0.05, 0.1, 0.55, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """

    warmup: float = 0.0
    floor: float = 0.0

    spans_training: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "warmup": number(0, 1, "[)"),
        "floor": number(0, 1, "[]"),
    }

    def __call__(self, clock: Clock, /) -> float:
        t = clock.progress
        if t < self.warmup:
            return t / self.warmup
        s = (t - self.warmup) / (1 - self.warmup)
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * s))
