"""Table: columns that are read by their position; ArrayTable: those of an array."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NoReturn

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.preprocessing import _values

# What a column holds: numbers; truth values; levels that are numbers; what is no
# number; points in time; lengths of time.
Kind = Literal["number", "flag", "level", "text", "time", "span"]
KINDS: dict[str, Kind] = {
    "i": "number",
    "u": "number",
    "f": "number",
    "b": "flag",
    "M": "time",
    "m": "span",
}
SECOND = np.timedelta64(1, "s")


class Table(ABC):
    """Columns of kinds of their own, read by their position.

    What is missing is NaN among the numbers, NaT among the times, and has the position
    -1 among the levels. The arrays that are returned may be the caller's.
    """

    takes_digits: ClassVar[bool] = False

    def __init__(self, X: Any, names: Sequence[Any] | None) -> None:
        self.X = X
        self.shape: tuple[int, int] = X.shape
        self.names = names

    @abstractmethod
    def take(self, rows: Array) -> "Table":
        """Return the rows at these positions as a table."""

    @abstractmethod
    def kind(self, position: int) -> Kind:
        """Return what a column holds."""

    @abstractmethod
    def _column(self, position: int) -> Array:
        """Return a column as `column` does, or raise what the library below raises."""

    @abstractmethod
    def is_plain(self, position: int) -> bool:
        """Whether `block` reads a column."""

    @abstractmethod
    def block(self, positions: Sequence[int]) -> Array:
        """Return plain columns as float64 numbers (n, f)."""

    def column(self, position: int) -> Array:
        """Return a column as an array of its own type or of objects."""
        try:
            return self._column(position)
        except (ArithmeticError, NotImplementedError, TypeError, ValueError) as error:
            raise self._unreadable(position, error) from error

    def numbers(self, positions: Sequence[int]) -> Array:
        """Return columns as float64 numbers (n, f); raise if some are none."""
        plain = np.array([self.is_plain(p) for p in positions], bool)
        if plain.all():
            return self.block(positions)
        numbers = np.empty((self.shape[0], len(positions)))
        if plain.any():
            numbers[:, plain] = self.block(np.array(positions)[plain].tolist())
        for i in np.flatnonzero(~plain).tolist():
            numbers[:, i] = self._floats(positions[i])
        return numbers

    def times(self, position: int) -> Array:
        """Return a column as datetime64; raise if it holds no times."""
        values = self.column(position)
        if values.dtype.kind == "M":
            return values.astype(_values.MOMENT)
        if _values.first_given(values) is not None:
            self._refuse(position, "times", values)
        return np.full(len(values), "NaT", _values.MOMENT)

    def levels(self, position: int) -> tuple[Array, list[Any]]:
        """Return the position of each value in a list of levels, and the list."""
        try:
            return self._levels(position)
        except TypeError as error:
            raise self._unreadable(position, error) from error

    def label(self, position: int) -> str:
        """Return how messages call a column."""
        name = position if self.names is None else self.names[position]
        return f"Column {name!r} of `X`"

    def kind_of_values(self, values: Array) -> Kind:
        """Return what an array holds."""
        if (kind := KINDS.get(values.dtype.kind)) is not None:
            return kind
        if not _values.are_numbers(values, digits=self.takes_digits):
            return "text"
        return "flag" if _values.has((bool, np.bool_), values) else "number"

    def _levels(self, position: int) -> tuple[Array, list[Any]]:
        return _values.levels(self.column(position))

    def _floats(self, position: int) -> Array:
        values = self.column(position)
        if values.dtype.kind == "m":
            return values / SECOND
        if values.dtype.kind == "M" and np.isnat(values).all():
            return np.full(len(values), np.nan)
        if values.dtype.kind == "M" or self.kind_of_values(values) == "text":
            self._refuse(position, "numbers", values)
        return _values.floats(values)

    def _unreadable(self, position: int, error: Exception) -> TypeError:
        return TypeError(
            f"{self.label(position)} must hold one number, text, time or truth value a "
            f"row; got values that cannot be read as such ({error}). Drop the column, "
            "or convert it: its argument must be a list of strings or numbers."
        )

    def _refuse(self, position: int, must: str, values: Array) -> NoReturn:
        raise ValueError(
            f"{self.label(position)} must hold {must}, as it did in fit; got "
            f"{_values.first_given(values)!r}. Convert the column, or fit again."
        )


class ArrayTable(Table):
    """The columns of an array (n, f) of numbers, times or objects.

    Text that reads as a number is one: an array has no other way to mix the two.
    """

    takes_digits: ClassVar[bool] = True

    def __init__(self, X: Array) -> None:
        super().__init__(X, None)

    def take(self, rows: Array) -> Table:
        return ArrayTable(self.X[rows])

    def kind(self, position: int) -> Kind:
        return self.kind_of_values(self.column(position))

    def _column(self, position: int) -> Array:
        return _values.typed(self.X[:, position])

    def is_plain(self, position: int) -> bool:
        return self.X.dtype.kind in "biuf"

    def block(self, positions: Sequence[int]) -> Array:
        every = len(positions) == self.shape[1]
        X: Array = self.X if every else self.X[:, positions]
        return X.astype(np.float64, copy=False)
