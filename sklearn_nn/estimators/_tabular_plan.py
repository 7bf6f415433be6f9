"""Plan: what a preset decides, and what the user decided in its place."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

AUTO = "auto"


@dataclass(frozen=True)
class Plan:
    """How to train on a table. Each field is a parameter whose "auto" it stands for.

    ``batch_size`` and ``n_bags`` may still be "auto", for they depend on the rows, and
    so may ``learning_rate`` and ``activation``, which depend on the task.
    """

    n_bags: Any = 8
    n_members: int = 1
    max_epochs: int = 256
    hidden_layer_sizes: tuple[int, ...] = (256, 256, 256)
    embedding: str | None = "pbld"
    activation: Any = AUTO
    dropout: float = 0.15
    weight_decay: float = 0.02
    learning_rate: Any = AUTO
    cycles: int = 4
    batch_size: Any = AUTO
    n_iter_no_change: float = float("inf")
    label_smoothing: float = 0.0
    scoring: Any = None
    calibrate: bool = True

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Return the plan of the estimator's preset with its own values in place."""
        plan = PRESETS[estimator.preset]
        names = [f.name for f in fields(cls) if hasattr(estimator, f.name)]
        own = {name: getattr(estimator, name) for name in names}
        given = {n: v for n, v in own.items() if not isinstance(v, str) or v != AUTO}
        return replace(plan, **given)

    def rows_of_a_batch(self, n: int) -> int:
        """Return the size of a batch for ``n`` training rows."""
        if self.batch_size != AUTO:
            return min(int(self.batch_size), n)
        return min(n, 128 if n <= 8192 else 256 if n <= 30_000 else 512)


PRESETS: dict[str, Plan] = {
    "realmlp": Plan(
        n_bags=1,
        batch_size=256,
        label_smoothing=0.1,
        scoring="accuracy",
        calibrate=False,
    ),
    "fast": Plan(n_bags=1, n_members=1, max_epochs=64),
    "default": Plan(),
    "best": Plan(n_members=4),
}
