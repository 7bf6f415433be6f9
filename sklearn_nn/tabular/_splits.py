"""EncodedTable: rows, and which of them each member trains on and is validated by."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    train_test_split,
)

from sklearn_nn.core import Array

MIN_ROWS_TO_SPLIT = 16


class Split(NamedTuple):
    """Rows to train on, and rows to validate by, which may be none."""

    train: Array
    val: Array


@dataclass(frozen=True, eq=False)
class EncodedTable:
    """Encoded rows, of which the first ``n_train`` train, and those that only validate.

    ``kept`` says which of the user's rows are those that train, if not all are.
    Shapes: X (n, n_columns), Y (n, ...), w (n,) or None, kept (n_samples,) or None.
    """

    X: Array
    Y: Array
    w: Array | None
    n_train: int
    splits: list[Split]
    kept: Array | None = None

    @property
    def n_fewest(self) -> int:
        """Return the number of rows that train the network with the fewest."""
        return min(len(split.train) for split in self.splits)

    @property
    def n_val(self) -> int:
        """Return the number of rows of some weight that validate, each counted once."""
        rows = np.unique(np.concatenate([split.val for split in self.splits]))
        return len(rows if self.w is None else np.flatnonzero(self.w[rows]))

    @property
    def X_train(self) -> Array:
        """Return the rows of all networks but those that only validate."""
        return self.X[: self.n_train]

    def for_all_rows(self, values: Array) -> Array:
        """Return values of the rows that train as values of the user's, or NaN."""
        if self.kept is None:
            return values
        spread = np.full((len(self.kept), *values.shape[1:]), np.nan)
        spread[self.kept] = values
        return spread


def append_validation(
    train: tuple[Any, ...], val: tuple[Any, ...], n_bags: int
) -> EncodedTable:
    """Return the rows that train, and below them those that validate all networks.

    Both are rows, targets and weights or None.
    """
    n, n_val, weights = len(train[0]), len(val[0]), (train[2], val[2])
    X, Y = np.concatenate([train[0], val[0]]), np.concatenate([train[1], val[1]])
    w = None
    if any(own is not None for own in weights):
        ones = np.ones(n), np.ones(n_val)
        parts = [a if a is not None else b for a, b in zip(weights, ones, strict=True)]
        w = np.concatenate(parts)
    split = Split(np.arange(n), np.arange(n, n + n_val))
    return EncodedTable(X, Y, w, n, [split] * n_bags)


def split_rows(
    n: int,
    stratify_labels: Array | None,
    n_bags: int,
    fraction: float,
    seed: int,
    groups: Array | None = None,
) -> list[Split]:
    """Return a split for each bag: folds of all rows, or one part for a single bag.

    Rows of a group are never apart. Too few rows are not split; all of them train.
    Shapes: stratify_labels (n,), groups (n,).
    """
    rows, none = np.arange(n), np.empty(0, int)
    if n < MIN_ROWS_TO_SPLIT or (n_bags == 1 and not fraction):
        return [Split(rows, none)] * n_bags
    if groups is not None:
        return _split_groups(groups, stratify_labels, n_bags, fraction, seed)
    counts = None if stratify_labels is None else np.bincount(stratify_labels)
    if n_bags == 1:
        n_val = max(1, math.ceil(fraction * n))
        fits = counts is not None and _can_stratify(counts[counts > 0], n_val)
        options: Any = {"test_size": n_val, "random_state": seed}
        parts = train_test_split(
            rows, stratify=stratify_labels if fits else None, **options
        )
        return [Split(*map(np.sort, parts))]
    n_folds = min(n_bags, n // 2)
    stratify_labels = _labels_of_folds(stratify_labels, n_folds)
    kind = KFold if stratify_labels is None else StratifiedKFold
    folds = kind(n_folds, shuffle=True, random_state=seed)
    return [Split(*parts) for parts in folds.split(rows, stratify_labels)]


def _split_groups(
    groups: Array, stratify_labels: Any, n_bags: int, fraction: float, seed: int
) -> list[Split]:
    """Return the splits whose folds, or whose part, are of whole groups."""
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            "`groups` must hold at least 2 groups, one to train on and one to validate "
            f"by; got only {names[0]!r}. Pass rows of another group as `X_val`, or set "
            "n_bags=1 and validation_fraction=0, so that no row validates."
        )
    # Without a shuffle of their own, scikit-learn's folds are of about as many rows;
    # the order of the groups decides on ties.
    codes = np.random.default_rng(seed).permutation(len(names))[codes]
    n_folds = min(n_bags, len(names))
    stratify_labels = _labels_of_folds(stratify_labels, n_folds)
    if n_bags == 1:
        n_val = min(max(1, math.ceil(fraction * len(names))), len(names) - 1)
        folds: Any = GroupShuffleSplit(1, test_size=n_val, random_state=seed)
    else:
        folds = (GroupKFold if stratify_labels is None else StratifiedGroupKFold)(
            n_folds
        )
    return [Split(*parts) for parts in folds.split(codes, stratify_labels, codes)]


def _labels_of_folds(labels: Any, n_folds: int) -> Any:
    """Return labels of which each fold can have one, None if none is so frequent."""
    counts = None if labels is None else np.bincount(labels)
    if counts is None or counts.max() < n_folds:
        return None
    return _join_rare(labels, counts, n_folds)


def _join_rare(labels: Any, counts: Array, n_folds: int) -> Array:
    """Return labels of which each occurs once per fold at least.

    Classes that are rarer become one; if that is still too rare, it joins the largest.
    scikit-learn warns of rarer classes, and to silence a warning is to change the
    filters of all threads.
    """
    rare = counts[labels] < n_folds
    largest = counts.argmax()
    other = len(counts) if np.count_nonzero(rare) >= n_folds else largest
    return np.where(rare, other, labels)


def _can_stratify(counts: Array, n_val: int) -> bool:
    """Whether both parts of a split can have a row of each class."""
    n_train = int(counts.sum()) - n_val
    return bool(counts.min() >= 2 and len(counts) <= min(n_val, n_train))
