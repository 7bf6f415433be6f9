"""Given: what the user handed to a method that trains."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class FitArguments:
    """What the user handed to ``fit`` or ``partial_fit``, as it came."""

    X: Any
    y: Any
    sample_weight: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None
    classes: Any = None
    incremental: bool = False

    @property
    def validates(self) -> bool:
        """Whether there are validation rows; raise if only a part of them is there."""
        if self.X_val is not None and self.y_val is not None:
            return True
        extra = (self.X_val, self.y_val, self.sample_weight_val)
        if any(array is not None for array in extra):
            raise ValueError(
                "`X_val` and `y_val` must be given together, and "
                "`sample_weight_val` only with them."
            )
        return False
