"""Timing: rivals in turn in one process, and what the processor can do."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController


def seconds(call: Callable[[], Any]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def medians(
    calls: Mapping[str, Callable[[], Any]], rounds: int, warm_up: bool = True
) -> dict[str, float]:
    """Return the median seconds of each call, the calls taken in turn."""
    if warm_up:
        for call in calls.values():
            call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: float(np.median(values)) for name, values in times.items()}


def product_rate(m: int, k: int, n: int, dtype: Any, rounds: int = 30) -> float:
    """Return the best rate of (m, k) @ (k, n), in operations per second."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    a, b, out = a.astype(dtype), b.astype(dtype), np.empty((m, n), dtype)
    best = min(seconds(lambda: np.matmul(a, b, out=out)) for _ in range(rounds))
    return 2.0 * m * k * n / best


def machine() -> str:
    """Return the name of the processor, its cores, and the kernels of the products."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}; {kernels()}"


def kernels() -> str:
    """Return which BLAS libraries are loaded, and for which processor they compute.

    One that takes the processor for an older one, or is told to by a variable such as
    ``OPENBLAS_CORETYPE``, has half the rate, while a rival with a library of its own
    is not slower.
    """
    pools = ThreadpoolController().select(user_api="blas").info()
    names = {f"{p['internal_api']} for {p.get('architecture', '?')}" for p in pools}
    return ", ".join(sorted(names)) or "no known BLAS"
