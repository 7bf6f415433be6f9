"""hold_out, evaluator: which rows validate, and what they say of a network."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_nn.core import Array, Network, Workspace
from sklearn_nn.training import Data


def hold_out(
    n: int,
    weight: Array | None,
    stratify_labels: Array | None,
    fraction: float,
    seed: int,
) -> tuple[Array, Array]:
    """Split the rows of positive weight; return training and validation rows, sorted.

    Shapes: weight (n,) or None, stratify_labels (n,) or None.
    """
    rows = np.arange(n) if weight is None else np.flatnonzero(weight)
    try:
        train_rows, held = train_test_split(
            rows,
            random_state=seed,
            test_size=max(1, math.ceil(fraction * len(rows))),
            stratify=None if stratify_labels is None else stratify_labels[rows],
        )
    except ValueError as error:
        raise ValueError(
            f"`validation_fraction`={fraction} cannot split the {len(rows)} training "
            f"rows for early stopping. {error} Change it, pass `X_val` and `y_val` to "
            "fit, or set early_stopping=False."
        ) from error
    return np.sort(train_rows), np.sort(held)


def make_evaluator(targets: Any, val: Data) -> Callable[[Network], tuple[float, float]]:
    """Return the function that gives loss and score on the validation rows."""
    batch = next(val.batches(len(val), None, Workspace(val.X.dtype)))

    @np.errstate(all="ignore")  # what overflows has no score
    def evaluate(net: Network) -> tuple[float, float]:
        raw = net.infer(batch.X)
        loss = targets.loss.value(batch.y, raw, batch.w)
        if not np.isfinite(raw).all():
            return float(loss), float("nan")
        return float(loss), targets.score(batch.y, raw, batch.w)

    return evaluate
