"""hold_out, evaluator: which rows validate, and what they say of a network."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from sklearn_nn.core import Array, Network, Workspace
from sklearn_nn.training import Data

LEAST_HELD = 2  # what scores such as R**2 need


def hold_out(
    n: int,
    weight: Array | None,
    stratify_labels: Array | None,
    fraction: float,
    seed: int,
) -> tuple[Array, Array]:
    """Split the rows of positive weight; return training and validation rows, sorted.

    Classes are stratified, but a class of a single row stays in training. Where there
    are more classes than rows of a part, the split is random, with a warning.

    Shapes: weight (n,) or None, stratify_labels (n,) or None.
    """
    rows = np.arange(n) if weight is None else np.flatnonzero(weight)
    n_held = max(1, math.ceil(fraction * len(rows)))
    if not LEAST_HELD <= n_held < len(rows):
        raise ValueError(
            f"`validation_fraction`={fraction} sets aside {n_held} of {len(rows)} "
            f"training row(s): a score needs {LEAST_HELD}, and training 1."
            f"{_rows_needed(fraction)} Change it, pass `X_val` and `y_val` to fit, or "
            "set early_stopping=False."
        )
    labels, single = None, rows[:0]
    if stratify_labels is not None:
        rows, single, labels = _split_off_single(rows, stratify_labels, n_held)
    train_rows, held = train_test_split(
        rows, random_state=seed, test_size=n_held, stratify=labels
    )
    return np.sort(np.concatenate([train_rows, single])), np.sort(held)


def _rows_needed(fraction: float) -> str:
    if not fraction:
        return ""
    n = max(LEAST_HELD + 1, math.floor(max(1 / fraction, 1 / (1 - fraction))))
    while not LEAST_HELD <= math.ceil(fraction * n) < n:
        n += 1
    return f" It would take {n} rows or more."


def _split_off_single(
    rows: Array, stratify_labels: Array, n_held: int
) -> tuple[Array, Array, Array | None]:
    """Return the rows to split, those alone in their class, and the former's labels."""
    labels = stratify_labels[rows]
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    single = counts[codes] == 1
    n_classes, n_split = int((counts > 1).sum()), int((~single).sum())
    if n_classes <= min(n_held, n_split - n_held):
        return rows[~single], rows[single], labels[~single]
    warnings.warn(
        f"The {n_held} validation rows of early stopping are drawn at random: `y` has "
        f"{len(counts)} classes, too many for a split that keeps their shares. Raise "
        "`validation_fraction`, or pass `X_val` and `y_val`.",
        UserWarning,
        stacklevel=7,
    )
    return rows, rows[:0], None


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
