"""Training: seconds per epoch of the whole estimator, beside its rivals."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.models import (
    has_torch,
    train_ours,
    train_ours_float32,
    train_sklearn,
    train_torch,
)
from benchmarks.timing import medians, product_rate

Row = dict[str, Any]


def rows(names: str, rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per case and dtype: milliseconds per epoch and ratios."""
    cases = {name: CASES[name].small() if quick else CASES[name] for name in names}
    for dtype in (np.float64, np.float32):
        for name, case in cases.items():
            yield _row(name, case, dtype, rounds)
    for name, case in cases.items():
        yield _as_users_call_it(name, case, rounds)


def _row(name: str, case: Case, dtype: Any, rounds: int) -> Row:
    X, y = case.make(dtype)
    rivals = {"ours": train_ours, "scikit-learn": train_sklearn}
    if dtype is np.float32 and has_torch():
        rivals["torch"] = train_torch
    calls = {rival: partial(train, case, X, y) for rival, train in rivals.items()}
    row: Row = {"case": name, "dtype": np.dtype(dtype).name}
    times = medians(calls, rounds)
    row |= {rival: 1e3 * t / case.epochs for rival, t in times.items()}
    row |= _ratios(times)
    width = max(case.hidden)
    peak = product_rate(case.batch, width, width, dtype)
    row["% of product rate"] = 100 * case.flops * case.epochs / times["ours"] / peak
    return row


def _as_users_call_it(name: str, case: Case, rounds: int) -> Row:
    """Float64 input: ours with ``dtype=np.float32``, scikit-learn as it is."""
    X, y = case.make(np.float64)
    calls = {
        "ours": partial(train_ours_float32, case, X, y),
        "scikit-learn": partial(train_sklearn, case, X, y),
    }
    times = medians(calls, rounds)
    row: Row = {"case": name, "dtype": "float32 of float64"}
    row |= {rival: 1e3 * t / case.epochs for rival, t in times.items()}
    return row | _ratios(times)


def _ratios(times: dict[str, float]) -> Row:
    rivals = [rival for rival in times if rival != "ours"]
    return {f"{rival} / ours": times[rival] / times["ours"] for rival in rivals}
