"""hold_out: which rows train and which validate."""

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_nn.core import Array


def hold_out(
    n: int, weight: Array | None, strata: Array | None, fraction: float, seed: int
) -> tuple[Array, Array]:
    """Split the rows of positive weight; return training and validation rows, sorted.

    Shapes: weight (n,) or None, strata (n,) of labels or None.
    """
    rows = np.arange(n) if weight is None else np.flatnonzero(weight)
    train_rows, held = train_test_split(
        rows,
        random_state=seed,
        test_size=fraction,
        stratify=None if strata is None else strata[rows],
    )
    if len(held) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the "
            f"size of your dataset: it got {len(held)} of {len(rows)} rows."
        )
    return np.sort(train_rows), np.sort(held)
