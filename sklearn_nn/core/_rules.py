"""Rules for constructor parameters; a rule prints itself into its error message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np

from sklearn_nn.core._values import shown


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter breaks its rule."""


class Rule(Protocol):
    """What a parameter must be; ``str(rule)`` completes "must be ..."."""

    def allows(self, value: Any, /) -> bool:
        """Whether ``value`` obeys."""


# The numbers one meets, for which no abstract class need be asked: that takes time.
_PLAIN: dict[Any, tuple[type, ...]] = {Integral: (int,), Real: (float, int)}


@dataclass(frozen=True, eq=False)
class Number:
    """A number in an interval, whose brackets are given as in print: ``"[)"``."""

    kind: type
    low: float
    high: float
    brackets: str

    def allows(self, value: Any, /) -> bool:
        if type(value) not in _PLAIN[self.kind] and (
            not isinstance(value, self.kind) or isinstance(value, (bool, np.bool_))
        ):
            return False
        try:
            x = float(value)
        except OverflowError:  # an integer beyond all floats
            return False
        above = x >= self.low if self.brackets[0] == "[" else x > self.low
        below = x <= self.high if self.brackets[1] == "]" else x < self.high
        return above and below

    def __str__(self) -> str:
        noun = "an integer" if self.kind is Integral else "a number"
        return f"{noun} in {self.brackets[0]}{self.low}, {self.high}{self.brackets[1]}"


@dataclass(frozen=True, eq=False)
class OneOf:
    """One of a few values, compared with their kind: True is not 1."""

    values: tuple[Any, ...]

    def allows(self, value: Any, /) -> bool:
        if any(value is v for v in self.values):  # nearly always, and fast
            return True
        same_kind = [v for v in self.values if isinstance(value, type(v))]
        is_bool = isinstance(value, bool)
        return any(value == v and is_bool is isinstance(v, bool) for v in same_kind)

    def __str__(self) -> str:
        *most, last = map(repr, self.values)
        return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True, eq=False)
class Boolean:
    """True or False."""

    def allows(self, value: Any, /) -> bool:
        return isinstance(value, (bool, np.bool_))

    def __str__(self) -> str:
        return "True or False"


@dataclass(frozen=True, eq=False)
class Satisfying:
    """A value that ``test`` accepts; ``words`` say which."""

    test: Callable[[Any], bool]
    words: str

    def allows(self, value: Any, /) -> bool:
        return bool(self.test(value))

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, eq=False)
class AnyOf:
    """A value that at least one of the rules allows."""

    rules: tuple[Rule, ...]

    def allows(self, value: Any, /) -> bool:
        return any(rule.allows(value) for rule in self.rules)

    def __str__(self) -> str:
        *most, last = map(str, self.rules)
        return f"{', '.join(most)} or {last}"


def any_of(*rules: Rule) -> AnyOf:
    """Return the rule that one of ``rules`` must allow the value."""
    return AnyOf(rules)


def instance_of(kind: type, words: str) -> Satisfying:
    """Return the rule that the value is an instance of ``kind``."""
    return Satisfying(lambda value: isinstance(value, kind), words)


def integer(low: int, high: float = np.inf) -> Number:
    """Return the rule for an integer of at least ``low``."""
    return Number(Integral, low, high, "[)" if high == np.inf else "[]")


def number(low: float, high: float, brackets: str) -> Number:
    """Return the rule for a real number in an interval."""
    return Number(Real, low, high, brackets)


def check_params(owner: Any, rules: Mapping[str, Rule]) -> None:
    """Raise InvalidParameterError for the first parameter that breaks its rule."""
    for name, rule in rules.items():
        if not rule.allows(value := getattr(owner, name)):
            kind, got = type(owner).__name__, shown(value)
            raise InvalidParameterError(
                f"`{name}` of {kind} must be {rule}; got {got}."
            )


def check_in_memory(X: Any, name: str) -> None:
    """Raise TypeError if ``X`` is a lazy frame, of polars or of narwhals."""
    if type(X).__name__ == "LazyFrame":
        raise TypeError(
            f"`{name}` must be in memory; got a LazyFrame, which is still to be "
            "computed. Call its method `collect`."
        )


def uneven_rows(rows: Any, name: str) -> ValueError:
    """Return the error for rows of several lengths."""
    lengths = sorted({len(row) if hasattr(row, "__len__") else 1 for row in rows})
    return ValueError(
        f"`{name}` must have the same number of values in each row; got rows of "
        f"{' and '.join(map(str, lengths[:3]))}."
    )
