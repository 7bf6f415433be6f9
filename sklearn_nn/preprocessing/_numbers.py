"""Numbers: the numeric columns of a table, scaled, and where they were missing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sklearn_nn.core import Array, row_chunks
from sklearn_nn.preprocessing._scaling import RobustScale
from sklearn_nn.preprocessing._tables import Table
from sklearn_nn.preprocessing._times import PARTS, time_parts


@dataclass(frozen=True, eq=False)
class Numbers:
    """What training found in the numeric columns.

    ``numbers`` and ``times`` are the positions of columns in the table. The raw columns
    are the numbers, and after them the parts of the times. ``kept`` are the positions
    among the raw columns of those that vary, ``marked`` of those that get an indicator
    of what is missing. The rows of ``marks`` (2, m) say "there" and "missing".
    """

    numbers: list[int]
    times: list[int]
    kept: Array
    marked: Array
    scale: RobustScale
    marks: Array

    @classmethod
    def fit(cls, table: Table, numbers: list[int], times: list[int]) -> "Numbers":
        """Return what stands in the columns at these positions."""
        raw = read(table, numbers, times)
        missing = np.isnan(raw)
        some = np.flatnonzero(~missing.all(axis=0))
        scale = RobustScale.fit(raw[:, some])
        source = sources(numbers, times)
        varies = np.flatnonzero(scale.scale > 0)
        varies = varies[np.argsort(source[some[varies]], kind="stable")]
        kept, scale = some[varies], scale.take(varies)

        gaps = missing[:, some].any(axis=0) & (np.diff(source[some], prepend=-1) != 0)
        marked = some[gaps]
        marks = marks_of(missing[:, marked])

        used = np.isin(source, source[np.concatenate([kept, marked])])
        place = np.cumsum(used) - 1  # after the other columns are gone
        numbers = [i for i in numbers if i in source[used]]
        times = [i for i in times if i in source[used]]
        return cls(numbers, times, place[kept], place[marked], scale, marks)

    @property
    def source(self) -> Array:
        """The column in the table of each raw column."""
        return sources(self.numbers, self.times)

    def names(self, name: Callable[[int], str]) -> tuple[list[str], list[str]]:
        """Return the names of the numbers and of the indicators."""
        raw = [name(i) for i in self.numbers]
        raw += [f"{name(i)}_{part}" for i in self.times for part in PARTS]
        marked = self.source[self.marked].tolist()
        marks = [f"missingindicator_{name(i)}" for i in marked]
        return [raw[i] for i in self.kept], marks

    def write(self, table: Table, numbers: Array, marks: Array) -> None:
        """Write the scaled numbers (n, f) and the indicators (n, m) of a table."""
        raw = read(table, self.numbers, self.times)
        there, missing = self.marks
        marks[...] = np.where(np.isnan(raw[:, self.marked]), missing, there)
        for rows in row_chunks(len(raw)):  # for the sake of memory
            numbers[rows] = self.scale(raw[rows, self.kept])


def marks_of(missing: Array) -> Array:
    """Return the scaled zero and one (2, m) of what is missing (n, m) in training."""
    scale = RobustScale.fit(missing.astype(np.float64))
    zero_one = np.repeat([[0.0], [1.0]], missing.shape[1], axis=1)
    return scale(zero_one).astype(np.float32)


def sources(numbers: list[int], times: list[int]) -> Array:
    """Return the column in the table of each raw column."""
    return np.array([*numbers, *np.repeat(times, len(PARTS))], dtype=np.intp)


def read(table: Table, numbers: list[int], times: list[int]) -> Array:
    """Return the raw columns (n, r) of a table; raise if one is infinite."""
    raw = table.numbers(numbers)
    infinite = np.isinf(raw).any(axis=0)
    if infinite.any():
        raise ValueError(
            f"{table.label(numbers[np.argmax(infinite)])} must be finite; got "
            "infinity. Replace it, by NaN if it stands for a missing value."
        )
    if not times:
        return raw
    return np.hstack([raw, *(time_parts(table.times(i)) for i in times)])
