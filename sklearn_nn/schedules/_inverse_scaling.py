"""A rate that falls with a power of the number of samples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Clock, Rule, Schedule, number


@dataclass(eq=False, repr=False)
class InverseScaling(Schedule):
    """Divide the rate by ``(samples seen + 1) ** power_t``, epoch by epoch.

    Parameters
    ----------
    power_t : float, default=0.5
        The exponent, at least 0.

    Examples
    --------
    >>> from sklearn_nn.core import Clock
    >>> [InverseScaling(0.5)(Clock(samples=n)) for n in (0, 3, 99)]
    [1.0, 0.5, 0.1]
    """

    power_t: float = 0.5

    rules: ClassVar[Mapping[str, Rule]] = {"power_t": number(0, math.inf, "[)")}

    def __call__(self, clock: Clock, /) -> float:
        return float((clock.samples + 1) ** -self.power_t)
