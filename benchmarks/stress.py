"""Stress: a busy machine, growing data, peak memory, the cost of the import."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Case
from benchmarks.models import train_ours
from benchmarks.timing import medians, seconds

Row = dict[str, Any]

IMPORT = """
import sklearn.neural_network, time
start = time.process_time()
from sklearn_nn import MLPClassifier
print(time.process_time() - start)
"""
PEAK = """
import re, resource, warnings
from pathlib import Path
import numpy as np
from sklearn_nn import MLPClassifier

def peak():
    '''Return the most kilobytes so far; getrusage begins with the parent's.'''
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

rng = np.random.default_rng(0)
X = rng.standard_normal(({rows}, 100), np.float32)
y = rng.integers(0, 2, {rows}, np.int8)
before = peak()
warnings.simplefilter("ignore")
MLPClassifier(max_iter=2, random_state=0).fit(X, y).predict_proba(X)
print(peak() - before)
"""


def rows(names: str, rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per question: what, value, unit."""
    for name in names:
        case = CASES[name].small() if quick else CASES[name]
        yield {"what": f"busy / quiet, case {name}", "value": _busy(case, rounds)}
    top = 10_000 if quick else 1_000_000
    yield {"what": f"growth to {top} rows", "value": _growth(top, rounds)}
    count = 10_000 if quick else 1_000_000
    data = 400 * count / 2**20
    kilobytes = float(_python(PEAK.format(rows=count)))
    yield {
        "what": f"peak memory over {data:.0f} MB of X, MB",
        "value": kilobytes / 1024,
    }
    yield {"what": "import above scikit-learn's, ms", "value": _import_cost(rounds)}


@contextmanager
def _busy_cores() -> Iterator[None]:
    """Keep every core busy with another process for the time of the block."""
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _spin() -> None:
    while True:
        pass


def _busy(case: Case, rounds: int) -> float:
    X, y = case.make(np.float32)
    call = {"ours": partial(train_ours, case, X, y)}
    quiet = medians(call, rounds)["ours"]
    with _busy_cores():
        seconds(call["ours"])  # the others have started by now
        busy = medians(call, rounds, warm_up=False)["ours"]
    return busy / quiet


def _growth(top: int, rounds: int) -> float:
    """Return seconds per row and epoch at ``top`` rows, over those at 10 000."""
    times = []
    for n in (10_000, top):
        case = Case(n, 30, (100,), 2, 200, epochs=max(1, 100_000 // n))
        call = {"ours": partial(train_ours, case, *case.make(np.float64))}
        times.append(medians(call, min(rounds, 3))["ours"] / n / case.epochs)
    return times[1] / times[0]


def _import_cost(rounds: int) -> float:
    """Return the median milliseconds of our import after scikit-learn's.

    They are those of the processor, with compiled files.
    """
    with TemporaryDirectory() as folder:
        _python(IMPORT, folder)
        times = [float(_python(IMPORT, folder)) for _ in range(rounds)]
    return 1e3 * float(np.median(times))


def _python(code: str, compiled: str | None = None) -> str:
    """Run a program; return what it prints. ``compiled`` is for its compiled files."""
    env = dict(os.environ)
    if compiled is not None:
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTHONPYCACHEPREFIX"] = compiled
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=env,
    )
    return done.stdout
