"""ThreadPool: a few threads that run tasks together, in place of those of products."""

import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from itertools import repeat
from queue import SimpleQueue
from typing import Self

from sklearn_nn.core.parallel._blas_threads import n_blas_threads, single_blas_thread

Task = Callable[[], None]
TaskQueue = SimpleQueue[Task | None]
DoneQueue = SimpleQueue[BaseException | None]


class ThreadPool(AbstractContextManager["ThreadPool"]):
    """Runs tasks at once: some in the calling thread, the others in its own.

    The threads see the context of their maker, NumPy's error settings among it. They
    begin and end with the ``with`` statement; without it, or where the machine has no
    more threads, the calling thread does the work.

    Parameters
    ----------
    at_most : int
        Number of threads, the calling one included.
    """

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._queues: list[TaskQueue] = []
        self._done: DoneQueue = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.n_threads = 1

    def run(self, tasks: Sequence[Task]) -> None:
        """Run all ``tasks`` to their end; raise the first error that one raised.

        Which thread runs a task depends on its place alone.
        """
        n_threads = self.n_threads
        for i, task in enumerate(tasks):
            if i % n_threads:
                self._queues[i % n_threads - 1].put(task)
        errors: list[BaseException | None] = []
        try:
            for task in tasks[::n_threads]:
                task()
        finally:
            n_own = len(tasks[::n_threads])
            errors += [self._done.get() for _ in range(len(tasks) - n_own)]
        for error in filter(None, errors):
            raise error

    def __enter__(self) -> Self:
        # A pool that is lost on the way, as by Ctrl-C, must not leave threads behind.
        weakref.finalize(self, _end, self._queues).atexit = False
        try:
            self._start_threads()
            return self
        except BaseException:
            self._close()
            raise

    def _start_threads(self) -> None:
        for _ in range(self._at_most - 1):
            queue: TaskQueue = SimpleQueue()
            work = (copy_context().run, _work, queue, self._done)
            thread = threading.Thread(target=work[0], args=work[1:], daemon=True)
            self._queues.append(queue)
            try:
                thread.start()
            except RuntimeError:  # the machine has no more threads
                break
            self._threads.append(thread)
        self.n_threads = 1 + len(self._threads)

    def __exit__(self, *exc: object) -> None:
        try:
            self._close()
        except BaseException:  # Ctrl-C, again: no task may go on
            self._close()
            raise

    def _close(self) -> None:
        _end(self._queues)
        for thread in self._threads:
            thread.join()


def _work(queue: TaskQueue, done: DoneQueue) -> None:
    """Run the tasks of a queue until it holds None; it knows nothing of its pool."""
    while (task := queue.get()) is not None:
        try:
            task()
        except BaseException as error:  # it is raised again where it was asked for
            done.put(error)
        else:
            done.put(None)
        del task  # which may know the pool


def _end(queues: list[TaskQueue]) -> None:
    """Tell all threads to end, in one call of C, which no signal interrupts."""
    deque(map(SimpleQueue.put, queues, repeat(None)), maxlen=0)


@contextmanager
def thread_pool(at_most: int) -> Iterator[ThreadPool]:
    """Keep products to one thread, and yield a pool of the threads they could use.

    A whole computation on several threads is faster than one whose products alone use
    them; and it does not wait for cores that other processes hold, as those threads do.
    """
    n_threads = min(at_most, n_blas_threads())
    with single_blas_thread(), ThreadPool(n_threads) as pool:
        yield pool
