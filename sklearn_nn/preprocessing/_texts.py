"""Texts of categories, by which they are found where a column changed its kind."""

from datetime import datetime, time
from numbers import Number
from typing import Any

import numpy as np


def kind_of(level: Any) -> str:
    """Return the name of the type of a level; all numbers are of one kind."""
    is_number = isinstance(level, (Number, np.bool_))
    return "number" if is_number else type(level).__name__


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
