"""How many threads matrix products use, for the time of a training."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock, get_ident
from typing import Any

from joblib import cpu_count
from threadpoolctl import OpenBLASController, ThreadpoolController

# Below this many operations a product gains little by several threads, and where other
# processes want the cores it becomes ten times as slow.
FLOPS_PER_THREADED_PRODUCT = 1e8
# Below this many the libraries keep to one thread by themselves.
FLOPS_NEVER_THREADED = 1e4

_lock = Lock()
_holders: dict[object, int] = {}  # who wants a single thread, and in which thread
_found: list[int] | None = None  # how many threads there were before the first of them


@cache
def _controller() -> Any:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def single_blas_thread() -> Iterator[None]:
    """Keep matrix products to one thread.

    The limit is the process's. It is set by the first and lifted by the last of those
    who ask for it at the same time, so that the process is left as it was found; also
    where Ctrl-C comes in between.
    """
    holder = object()
    try:
        _hold(holder)
        yield
    finally:
        try:
            _release(holder)
        except BaseException:  # Ctrl-C, again: it must be done all the same
            _release(holder)
            raise


def no_fork() -> AbstractContextManager[Any]:
    """Keep the process from being forked, for as long as a lock of others is closed.

    The child would find it closed for ever.
    """
    return _lock


def _hold(holder: object) -> None:
    global _found
    with _lock:
        _holders[holder] = get_ident()
        if _found is None:
            libraries = _controller().lib_controllers
            _found = [library.num_threads for library in libraries]
            for library in libraries:
                library.set_num_threads(1)
            # threadpoolctl ignores it while another thread is in control.
            if any(library.num_threads != 1 for library in libraries):
                _found = []


def _release(holder: object) -> None:
    with _lock:
        _holders.pop(holder, None)
        if not _holders:
            _restore()


def _restore() -> None:
    """Restore the numbers of threads that were found, from whatever thread."""
    global _found
    if _found:
        _clear_controlling_thread()
        libraries = _controller().lib_controllers
        for library, n_threads in zip(libraries, _found, strict=True):
            library.set_num_threads(n_threads)
        _clear_controlling_thread()
    _found = None


def _clear_controlling_thread() -> None:
    """Let any thread set limits again.

    Newer versions of threadpoolctl hear only the thread that set the first limit, and
    that one may have ended its training long ago.
    """
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


def _after_fork_in_child() -> None:
    """Forget those who wait in threads that the new process does not have."""
    _lock.release()
    for holder, thread in list(_holders.items()):
        if thread != get_ident():
            del _holders[holder]
    if not _holders:
        _restore()


if hasattr(os, "register_at_fork"):
    # No other thread shall be within these functions, nor in threadpoolctl on their
    # behalf: its locks would stay closed in the child.
    os.register_at_fork(
        before=_lock.acquire,
        after_in_parent=_lock.release,
        after_in_child=_after_fork_in_child,
    )


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
