"""Categories of one column: their codes, and the rows that stand for them."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.preprocessing._scaling import RobustScale
from sklearn_nn.preprocessing._tables import Table
from sklearn_nn.preprocessing._texts import kind_of, standard, texts_of

# A column is left out if of so many rows that have a level at least, so large a share
# has one that no other row has.
ROWS_TO_JUDGE = 50
UNSEEN_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class Categories:
    """The known levels of a column, by their codes; what is missing may be one more.

    ``position`` is where the column stands in the table.
    """

    position: int
    known: list[Any]
    has_missing: bool

    @classmethod
    def fit(cls, position: int, found: Array, levels: list[Any]) -> "Categories":
        """Return the categories among ``levels[found]``; -1 is what is missing.

        Of a column that names its rows, no level is known.
        """
        counts = np.bincount(found + 1, minlength=len(levels) + 1)
        has_missing, counts = bool(counts[0]), counts[1:]
        if name_rows(counts):
            return cls(position, [], has_missing)
        present = in_order([v for v, c in zip(levels, counts, strict=True) if c])
        return cls(position, [*map(standard, present)], has_missing)

    @property
    def size(self) -> int:
        """How many categories there are."""
        return len(self.known) + self.has_missing

    def labels(self) -> list[Any]:
        """Return the levels in the order of their codes, NaN for what is missing."""
        return [*self.known, *[np.nan] * self.has_missing]

    def codes(self, found: Array, levels: list[Any]) -> Array:
        """Return the codes of ``levels[found]``: -1 for what training did not see."""
        of_missing = len(self.known) if self.has_missing else -1
        return np.array([*self._find(levels), of_missing])[found]  # -1 is the last

    def read(self, table: Table) -> Array:
        """Return the codes of a column; warn if it is of another kind than in fit."""
        found, levels = table.levels(self.position)
        codes = self.codes(found, levels)
        known, n_given = self.known, np.count_nonzero(found >= 0)
        none_known = n_given and known and codes[found >= 0].max() < 0
        if none_known and {*map(kind_of, known)}.isdisjoint(map(kind_of, levels)):
            warnings.warn(
                f"{table.label(self.position)} holds {levels[0]!r} where fit saw "
                f"{known[0]!r}: none of its values is a known category, so that all "
                "count as unknown. Convert the column to what it was in fit.",
                stacklevel=2,
            )
        return codes

    def _find(self, levels: list[Any]) -> list[int]:
        """Return the code of each level: of an equal one, or of one of the same text.

        Levels of one kind are the same only if they are equal.
        """
        code = {level: i for i, level in enumerate(self.known)}
        codes = [code.get(level, -1) for level in levels]
        if -1 not in codes:
            return codes
        by_text = {
            (text, kind_of(level)): place
            for level, place in reversed(code.items())
            for text in texts_of(level)
        }
        kinds = {kind for _, kind in by_text}
        for i, level in enumerate(levels):
            if codes[i] < 0 and (others := kinds - {kind_of(level)}):
                found = [by_text.get((t, k)) for t in texts_of(level) for k in others]
                codes[i] = next((code for code in found if code is not None), -1)
        return codes


@dataclass(frozen=True, eq=False)
class OneHot:
    """A scaled row (size + 1, width) for each code; the last is that of -1."""

    categories: Categories
    rows: Array

    @classmethod
    def fit(cls, categories: Categories, codes: Array) -> "OneHot":
        """Return the rows, scaled by how often each code occurs."""
        if categories.size == 2 and not categories.has_missing:
            rows = np.array([[-1.0], [1.0], [0.0]])
        else:
            rows = np.eye(categories.size + 1, categories.size)
        scaled = RobustScale.fit(rows[codes])(rows)
        return cls(categories, scaled.astype(np.float32))

    def names(self, name: str) -> list[str]:
        """Return the names of the columns; of two that share one, the second counts."""
        names = [f"{name}_{level}" for level in self.categories.known]
        names += [f"missingindicator_{name}"] * self.categories.has_missing
        return names[-self.rows.shape[1] :]


def in_order(levels: list[Any]) -> list[Any]:
    """Return levels sorted, those of one type together where types do not compare."""
    try:
        return sorted(levels)
    except TypeError:
        return sorted(levels, key=lambda level: (type(level).__name__, str(level)))


def name_rows(counts: Array) -> bool:
    """Whether levels that occur so often do no more than to name single rows.

    The share of the rows whose level occurs once is about how often a new row has a
    level that training did not see. Where that is nearly always, the column says
    nothing of new rows, and lets a network know the training rows by heart.

    References
    ----------
    Good, "The population frequencies of species and the estimation of population
    parameters", Biometrika 40, 1953.
    """
    n_rows, n_single = counts.sum(), np.count_nonzero(counts == 1)
    return bool(n_rows >= ROWS_TO_JUDGE and n_single >= UNSEEN_SHARE * n_rows)


def fit_categories(
    table: Table, positions: list[int], max_one_hot: int, stacklevel: int
) -> tuple[list[OneHot], list[Categories], dict[int, list[Any]]]:
    """Return those with few categories, those with many, and all labels by position.

    Columns that do not vary are dropped. ``stacklevel`` is that of a warning here.
    """
    few, many, labels = [], [], {}
    for position in positions:
        found, levels = table.levels(position)
        categories = Categories.fit(position, found, levels)
        labels[position] = categories.labels()
        if not categories.known and (found >= 0).any():
            warnings.warn(_left_out(table, categories, found), stacklevel=stacklevel)
        if categories.size > max(max_one_hot, 1):
            many.append(categories)
            continue
        codes = categories.codes(found, levels)
        if codes.min() < codes.max():
            few.append(OneHot.fit(categories, codes))
    return few, many, labels


def _left_out(table: Table, categories: Categories, found: Array) -> str:
    n_levels, n_rows = len(np.unique(found[found >= 0])), np.count_nonzero(found >= 0)
    but = ", but for whether it is missing" if categories.has_missing else ""
    return (
        f"{table.label(categories.position)} is left out{but}: it has {n_levels} "
        f"different values in {n_rows} rows, so that hardly any new row would have one "
        "of them. Drop the column, or make features of it, such as the words of a text "
        "or the group that an id belongs to."
    )
