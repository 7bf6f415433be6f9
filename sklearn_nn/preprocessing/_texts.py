"""Types and texts of categories: how they are kept, and found in another column."""

from datetime import UTC, datetime, time, timedelta
from numbers import Number
from typing import Any

import numpy as np


def kind_of(level: Any) -> str:
    """Return the name of the type of a level; all numbers are of one kind."""
    if isinstance(level, (Number, np.bool_)):
        return "number"
    of_time = [t.__name__ for t in (datetime, timedelta) if isinstance(level, t)]
    return of_time[0] if of_time else type(level).__name__


def standard(level: Any) -> Any:
    """Return an equal level that files of any format can hold, or its text.

    In place of pandas' own times and spans stand those of Python, in UTC where they
    have a zone.
    """
    nanoseconds = ("nanosecond", "nanoseconds")  # of a time, of a span
    if isinstance(level, complex) or any(getattr(level, n, 0) for n in nanoseconds):
        return str(level)
    for convert in ("to_pydatetime", "to_pytimedelta"):
        if hasattr(level, convert):
            level = getattr(level, convert)()
    if isinstance(level, datetime) and level.tzinfo is not None:
        return level.astimezone(UTC)
    return level


def texts_of(level: Any) -> list[str]:
    """Return the texts that may stand for a level in another file or data frame.

    The number 1 may be written as "1" or "1.0", True as "true", midnight as a date.
    """
    if isinstance(level, bytes):
        return [level.decode(errors="replace")]
    text = str(level)
    if isinstance(level, (bool, np.bool_)):
        return [text, text.lower()]
    if isinstance(level, datetime):
        is_midnight = level.time() == time()
        return [text, level.isoformat(), *[str(level.date())] * is_midnight]
    return [text, *_texts_of_number(level)] if isinstance(level, Number) else [text]


def _texts_of_number(number: Any) -> list[str]:
    try:
        value = float(number)
    except (TypeError, ValueError, OverflowError):  # complex, or too large
        return []
    return [str(value), *[str(int(value))] * value.is_integer()]
