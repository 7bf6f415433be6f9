"""Arrays of one column: what is missing, their numbers, their levels."""

from itertools import repeat
from typing import Any

import numpy as np

from sklearn_nn.core import Array

_NO_NUMBER = (TypeError, ValueError, OverflowError)


def is_missing(value: Any) -> bool:
    """Whether ``value`` is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ == "NAType":
        return True
    try:
        return bool(value != value)  # NaN and NaT
    except (TypeError, ValueError):
        return False


def first_given(values: Array) -> Any:
    """Return the first of the values that is not missing, or None."""
    return next((v for v in values.tolist() if not is_missing(v)), None)


def floats(values: Array) -> Array:
    """Return values as float64, NaN where one is missing; raise if one is no number."""
    try:
        return values.astype(np.float64)
    except _NO_NUMBER:
        objects = values.astype(object)
        given = np.array([not is_missing(v) for v in objects.tolist()], bool)
        numbers = np.full(len(values), np.nan)
        numbers[given] = objects[given].astype(np.float64)
        return numbers


def are_numbers(values: Array, *, digits: bool) -> bool:
    """Whether all values that are not missing are numbers.

    ``digits``: whether text that reads as a number is one.
    """
    if not digits and (values.dtype.kind == "U" or has(str, values)):
        return False
    try:
        floats(values)
    except _NO_NUMBER:
        return False
    return True


def has(kind: type | tuple[type, ...], values: Array) -> bool:
    """Whether one of the values is of a type or of a subclass."""
    types = set(map(type, values.tolist()))
    return any(issubclass(t, kind) for t in types)


def levels(values: Array) -> tuple[Array, list[Any]]:
    """Return the position of each value in a list of the distinct ones, and the list.

    The position of what is missing is -1. Shapes: values (n,), positions (n,).
    """
    if values.dtype.kind in "biuf":
        distinct, positions = np.unique(values, return_inverse=True)
        n_given = int(np.count_nonzero(distinct == distinct))
        positions[positions >= n_given] = -1  # NaN comes last
        return positions, distinct[:n_given].tolist()
    objects = values.tolist()
    given = [value for value in dict.fromkeys(objects) if not is_missing(value)]
    position = {value: i for i, value in enumerate(given)}
    found = map(position.get, objects, repeat(-1))
    return np.fromiter(found, np.intp, len(objects)), given
