"""Clock: where training stands, which schedules read."""

from dataclasses import dataclass


@dataclass(eq=False)
class Clock:
    """Where training stands: what a schedule may depend on.

    ``progress`` runs from 0 to 1; ``samples`` counts the training rows seen in finished
    epochs; ``plateaus`` counts how often progress stalled.
    """

    progress: float = 0.0
    samples: int = 0
    plateaus: int = 0
