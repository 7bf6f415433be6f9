"""Arrays of one column: what is missing, their numbers, their levels."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import repeat
from typing import Any

import numpy as np

from sklearn_nn.core import Array, is_missing

Types = type | tuple[type, ...]

MOMENT = np.dtype("datetime64[us]")
SPAN = np.dtype("timedelta64[us]")
_OF_TIME = (date, np.datetime64, timedelta, np.timedelta64, time)
_NO_NUMBER = (TypeError, ValueError, OverflowError)


def first_given(values: Array) -> Any:
    """Return the first of the values that is not missing, or None."""
    return next((v for v in values.tolist() if not is_missing(v)), None)


def typed(values: Array) -> Array:
    """Return objects that are dates, or lengths of time, as an array of such a type.

    A time of the day is the length of time since midnight.
    """
    if values.dtype.kind != "O" or not has(_OF_TIME, values):
        return values
    if _are((date, np.datetime64), values):
        times = [None if is_missing(v) else _in_utc(v) for v in values.tolist()]
        return np.array(times, MOMENT)
    if _are((timedelta, np.timedelta64), values):
        spans = [None if is_missing(v) else v for v in values.tolist()]
        return np.array(spans, SPAN)
    if _are(time, values):
        spans = [None if is_missing(v) else _since_midnight(v) for v in values.tolist()]
        return np.array(spans, SPAN)
    return values


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


def has(kind: Types, values: Array) -> bool:
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


def _are(kind: Types, values: Array) -> bool:
    """Whether all objects that are not missing are of a type, and some are."""
    return has(kind, values) and all(
        isinstance(v, kind) or is_missing(v) for v in values.tolist()
    )


def _in_utc(moment: Any) -> Any:
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment.astimezone(UTC).replace(tzinfo=None)
    return moment


def _since_midnight(clock: time) -> timedelta:
    return datetime.combine(date.min, clock.replace(tzinfo=None)) - datetime.min
