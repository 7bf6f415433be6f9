"""Team: a few threads that run tasks together, in place of those of products."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from queue import SimpleQueue
from typing import Self

from sklearn_nn.core.parallel._blas_threads import n_blas_threads, single_blas_thread

Task = Callable[[], None]


class ThreadPool(AbstractContextManager["ThreadPool"]):
    """Runs tasks at once: some in the calling thread, the others in its own.

    The threads see the context of their maker, NumPy's error settings among it. They
    end with the ``with`` statement.

    Parameters
    ----------
    n_threads : int
        Number of threads, the calling one included.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._queues: list[SimpleQueue[Task | None]] = []
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        for _ in range(n_threads - 1):
            queue: SimpleQueue[Task | None] = SimpleQueue()
            work = (copy_context().run, self._work, queue)
            thread = threading.Thread(target=work[0], args=work[1:], daemon=True)
            thread.start()
            self._queues.append(queue)
            self._threads.append(thread)

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

    def _work(self, queue: "SimpleQueue[Task | None]") -> None:
        while (task := queue.get()) is not None:
            try:
                task()
            except BaseException as error:  # it is raised again where it was asked for
                self._done.put(error)
            else:
                self._done.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for queue in self._queues:
            queue.put(None)
        for thread in self._threads:
            thread.join()


@contextmanager
def thread_pool(at_most: int) -> Iterator[ThreadPool]:
    """Keep products to one thread, and yield a team of the threads they could use.

    A whole computation on several threads is faster than one whose products alone use
    them; and it does not wait for cores that other processes hold, as those threads do.
    """
    n_threads = min(at_most, n_blas_threads())
    with single_blas_thread(), ThreadPool(n_threads) as pool:
        yield pool
