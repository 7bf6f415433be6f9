"""Categories of one column: their codes, and the rows that stand for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.preprocessing._scaling import RobustScale
from sklearn_nn.preprocessing._tables import Table


@dataclass(frozen=True, eq=False)
class Categories:
    """The levels of a column with their codes; what is missing may be one more.

    ``position`` is where the column stands in the table.
    """

    position: int
    code: dict[Any, int]
    has_missing: bool

    @classmethod
    def fit(cls, position: int, found: Array, levels: list[Any]) -> "Categories":
        """Return the categories among ``levels[found]``; -1 is what is missing."""
        seen = np.bincount(found + 1, minlength=len(levels) + 1) > 0
        present = in_order([v for v, s in zip(levels, seen[1:], strict=True) if s])
        return cls(position, {v: i for i, v in enumerate(present)}, bool(seen[0]))

    @property
    def size(self) -> int:
        """How many categories there are."""
        return len(self.code) + self.has_missing

    def labels(self) -> list[Any]:
        """Return the levels in the order of their codes, NaN for what is missing."""
        return [*self.code, *[np.nan] * self.has_missing]

    def codes(self, found: Array, levels: list[Any]) -> Array:
        """Return the codes of ``levels[found]``: -1 for what training did not see."""
        of_missing = len(self.code) if self.has_missing else -1
        code = [*(self.code.get(level, -1) for level in levels), of_missing]
        return np.array(code)[found]  # a position of -1 takes the last

    def read(self, table: Table) -> Array:
        """Return the codes of a column."""
        return self.codes(*table.levels(self.position))


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
        names = [f"{name}_{level}" for level in self.categories.code]
        names += [f"missingindicator_{name}"] * self.categories.has_missing
        return names[-self.rows.shape[1] :]


def in_order(levels: list[Any]) -> list[Any]:
    """Return levels sorted, those of one type together where types do not compare."""
    try:
        return sorted(levels)
    except TypeError:
        return sorted(levels, key=lambda level: (type(level).__name__, str(level)))


def fit_categories(
    table: Table, positions: list[int], max_one_hot: int
) -> tuple[list[OneHot], list[Categories], dict[int, list[Any]]]:
    """Return those with few categories, those with many, and all labels by position.

    Columns with one category are dropped.
    """
    few, many, labels = [], [], {}
    for position in positions:
        found, levels = table.levels(position)
        categories = Categories.fit(position, found, levels)
        labels[position] = categories.labels()
        if categories.size > max(max_one_hot, 1):
            many.append(categories)
        elif categories.size > 1:
            few.append(OneHot.fit(categories, categories.codes(found, levels)))
    return few, many, labels
