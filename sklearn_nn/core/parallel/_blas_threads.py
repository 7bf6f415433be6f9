"""How many threads matrix products use, for the time of a training."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock
from typing import Any

from joblib import cpu_count
from threadpoolctl import OpenBLASController, ThreadpoolController

# Below this many operations a product gains little by several threads, and where other
# processes want the cores it becomes ten times as slow.
FLOPS_PER_THREADED_PRODUCT = 1e8
# Below this many the libraries keep to one thread by themselves.
FLOPS_NEVER_THREADED = 1e4

_lock = Lock()
_n_holders = 0  # how many trainings under way want a single thread
_limit: Any = None  # the limit in force on their behalf, if any


@cache
def _controller() -> Any:
    return ThreadpoolController().select(user_api="blas")


def _set_limit() -> Any:
    """Limit the process to one thread; return the limit, or None if another holds."""
    limit = _controller().limit(limits=1)
    # threadpoolctl ignores the call while another thread of the program is in control.
    in_force = all(pool["num_threads"] == 1 for pool in _controller().info())
    return limit if in_force else None


def _restore_limits(limit: Any) -> None:
    """Restore the thread counts, from whatever thread."""
    _clear_controlling_thread()
    limit.restore_original_limits()
    _clear_controlling_thread()


def _clear_controlling_thread() -> None:
    """Let any thread set limits again.

    Newer versions of threadpoolctl hear only the thread that set the first limit, and
    that one may have ended its training long ago.
    """
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Keep matrix products to one thread.

    The limit is the process's. It is set by the first and lifted by the last of those
    who ask for it at the same time, so that the process is left as it was found.
    """
    global _n_holders, _limit
    with _lock:
        if not _n_holders:
            _limit = _set_limit()
        _n_holders += 1
    try:
        yield
    finally:
        with _lock:
            _n_holders -= 1
            if not _n_holders and _limit is not None:
                _restore_limits(_limit)


def n_blas_threads() -> int:
    """Return how many threads a product may use now."""
    pools = _controller().info()
    return max((pool["num_threads"] for pool in pools), default=n_cores())


@cache
def n_cores() -> int:
    """Return how many cores the process may use."""
    return int(cpu_count())


def blas_threads(flops: float) -> AbstractContextManager[None]:
    """Keep products to one thread if ``flops``, the operations of one, are too few."""
    gains = FLOPS_NEVER_THREADED <= flops < FLOPS_PER_THREADED_PRODUCT
    return single_blas_thread() if gains else nullcontext()
