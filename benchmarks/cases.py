"""The cases of the training benchmark: sizes, and data made for them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Case:
    """A training problem: rows, features, hidden widths, classes, batch size."""

    rows: int
    features: int
    hidden: tuple[int, ...]
    classes: int
    batch: int
    epochs: int  # per timed run

    def make(self, dtype: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return X (rows, features) and y (rows,), a noisy function of X."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.rows, self.features), np.float32)
        W = rng.standard_normal((self.features, self.classes), np.float32)
        noise = rng.gumbel(size=(self.rows, self.classes))
        return X.astype(dtype), (X @ W + noise).argmax(axis=1)

    @property
    def flops(self) -> float:
        """Return the operations of the matrix products of one epoch.

        Forward and both backward products; the input needs no gradient.
        """
        outputs = self.classes if self.classes > 2 else 1
        widths = (self.features, *self.hidden, outputs)
        sizes = [a * b for a, b in pairwise(widths)]
        return 2.0 * self.rows * (3 * sum(sizes) - sizes[0])

    def small(self) -> "Case":
        """Return a case of the same kind that takes no time."""
        rows = 2 * self.batch
        return Case(
            rows, self.features, self.hidden, self.classes, self.batch, epochs=1
        )


CASES = {
    "a": Case(2_000, 20, (16,), 2, 32, epochs=30),
    "b": Case(2_000, 20, (64, 64), 3, 32, epochs=20),
    "c": Case(10_000, 30, (100,), 2, 200, epochs=20),
    "d": Case(10_000, 30, (256, 256, 256), 2, 256, epochs=3),
    "e": Case(20_000, 784, (256, 128), 10, 128, epochs=1),
    "f": Case(20_000, 784, (1024, 1024), 10, 512, epochs=1),
}
