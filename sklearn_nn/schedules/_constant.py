"""A constant rate."""

from dataclasses import dataclass

from sklearn_nn.core import Clock, Schedule


@dataclass(eq=False, repr=False)
class Constant(Schedule):
    """Keep the initial rate."""

    def __call__(self, clock: Clock, /) -> float:
        return 1.0
