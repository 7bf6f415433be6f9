"""Splits of a table: which rows each member trains on, and which validate it."""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from sklearn_nn.core import Array

MIN_ROWS_TO_SPLIT = 16


class Split(NamedTuple):
    """Rows to train on, and rows to validate by, which may be none."""

    train: Array
    val: Array


def split_rows(
    n: int, strata: Array | None, n_bags: int, fraction: float, seed: int
) -> list[Split]:
    """Return a split for each bag: folds of all rows, or one part for a single bag.

    Too few rows are not split; all of them train.
    """
    rows, none = np.arange(n), np.empty(0, int)
    if n < MIN_ROWS_TO_SPLIT or (n_bags == 1 and not fraction):
        return [Split(rows, none)] * n_bags
    counts = None if strata is None else np.bincount(strata)
    if n_bags == 1:
        n_val = max(1, math.ceil(fraction * n))
        fits = counts is not None and _can_stratify(counts[counts > 0], n_val)
        options: Any = {"test_size": n_val, "random_state": seed}
        parts = train_test_split(rows, stratify=strata if fits else None, **options)
        return [Split(*map(np.sort, parts))]
    n_folds = min(n_bags, n // 2)
    kind = KFold if counts is None or counts.max() < n_folds else StratifiedKFold
    folds = kind(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # of classes that are rarer than folds
        warnings.simplefilter("ignore", UserWarning)
        return [Split(*parts) for parts in folds.split(rows, strata)]


def _can_stratify(counts: Array, n_val: int) -> bool:
    """Whether both parts of a split can have a row of each class."""
    n_train = int(counts.sum()) - n_val
    return bool(counts.min() >= 2 and len(counts) <= min(n_val, n_train))
