"""ThreadPool: tasks on several threads."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from sklearn_nn.core import ThreadPool, thread_pool

sizes = pytest.mark.parametrize("n_threads", [1, 2, 3])


def blas_counts():
    pools = ThreadpoolController().select(user_api="blas").info()
    return {pool["num_threads"] for pool in pools}


@sizes
@pytest.mark.parametrize("n_tasks", [0, 1, 2, 5])
def test_all_tasks_have_run_when_it_returns(n_threads, n_tasks):
    done = []
    with ThreadPool(n_threads) as pool:
        for _ in range(3):
            pool.run([lambda i=i: done.append(i) for i in range(n_tasks)])
            assert sorted(done) == list(range(n_tasks))
            done.clear()


@sizes
def test_tasks_run_on_as_many_threads_as_it_has(n_threads):
    seen = [None] * 6

    def note(i):
        seen[i] = threading.get_ident()

    with ThreadPool(n_threads) as pool:
        pool.run([lambda i=i: note(i) for i in range(6)])
    assert seen[0] == threading.get_ident()
    assert len(set(seen)) == n_threads
    assert seen[:n_threads] == seen[n_threads : 2 * n_threads]


def test_tasks_run_at_once():
    both = threading.Barrier(2, timeout=30)
    with ThreadPool(2) as pool:
        pool.run([both.wait, both.wait])  # neither passes without the other


@sizes
@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_error_is_raised_after_all_tasks_have_ended(n_threads, which):
    done = []

    def task(i):
        if i == which:
            raise ZeroDivisionError(str(i))
        done.append(i)

    with ThreadPool(n_threads) as pool:
        with pytest.raises(ZeroDivisionError, match=str(which)):
            pool.run([lambda i=i: task(i) for i in range(3)])
        if n_threads == 3:
            assert sorted(done) == [i for i in range(3) if i != which]
        pool.run([lambda: done.append("next")])
    assert done[-1] == "next"


def test_tasks_see_the_error_settings_of_the_maker():
    seen = []
    with np.errstate(all="ignore"), ThreadPool(2) as pool:
        pool.run([lambda: None, lambda: seen.append(np.geterr()["over"])])
    assert seen == ["ignore"]


def test_the_threads_end_with_the_pool():
    before = threading.active_count()
    with ThreadPool(3):
        assert threading.active_count() == before + 2
    assert threading.active_count() == before


def test_own_threads_are_those_that_products_might_use():
    with threadpool_limits(2, "blas"), thread_pool(8) as pool:
        assert pool.n_threads == 2
        assert blas_counts() == {1}
    with threadpool_limits(1, "blas"), thread_pool(8) as pool:
        assert pool.n_threads == 1


def test_own_threads_are_at_most_as_many_as_asked_for():
    with threadpool_limits(2, "blas"), thread_pool(1) as pool:
        assert pool.n_threads == 1


def test_who_comes_second_gets_no_more_threads():
    with (
        threadpool_limits(2, "blas"),
        thread_pool(2),
        ThreadPoolExecutor(1) as other,
    ):

        def ask():
            with thread_pool(2) as pool:
                return pool.n_threads

        assert other.submit(ask).result() == 1


@pytest.mark.parametrize("n_started", [0, 1])
def test_the_calling_thread_works_where_no_other_starts(n_started, monkeypatch):
    start, started = threading.Thread.start, []

    def refuse(thread):
        if len(started) == n_started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    done = []
    with ThreadPool(4) as pool:
        assert pool.n_threads == 1 + n_started
        pool.run([lambda i=i: done.append(i) for i in range(5)])
    assert sorted(done) == list(range(5))


def test_a_pool_without_with_is_the_calling_thread():
    seen = []
    ThreadPool(3).run([lambda: seen.append(threading.get_ident())] * 3)
    assert set(seen) == {threading.get_ident()}


def test_a_pool_that_is_lost_leaves_no_threads():
    before = threading.active_count()
    pool = ThreadPool(3).__enter__()
    pool.run([lambda: None] * 3)
    assert threading.active_count() == before + 2
    del pool
    gc.collect()
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.01)
    assert threading.active_count() == before
