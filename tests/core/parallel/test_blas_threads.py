"""blas_threads: one thread for small products, and the process left as it was."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from threadpoolctl import (
    OpenBLASController,
    ThreadpoolController,
    threadpool_limits,
)

from sklearn_nn import MLPClassifier
from sklearn_nn.core import Network, blas_threads
from sklearn_nn.training import Monitor

SMALL, LARGE = 1e5, 1e12


def counts():
    pools = ThreadpoolController().select(user_api="blas").info()
    return [pool["num_threads"] for pool in pools]


def free():
    """Leave no thread in control of threadpoolctl, where it knows such a thing."""
    getattr(OpenBLASController, "clear_controlling_thread", lambda force: None)(True)


@pytest.fixture(autouse=True)
def _two_threads():
    limit = ThreadpoolController().select(user_api="blas").limit(limits=2)
    free()
    yield
    free()
    limit.restore_original_limits()
    free()


def test_small_products_go_by_one_thread():
    with blas_threads(SMALL):
        assert set(counts()) == {1}
    assert set(counts()) == {2}


def test_large_products_keep_the_threads_of_the_process():
    with blas_threads(LARGE):
        assert set(counts()) == {2}


def test_the_limit_is_lifted_by_the_last_who_asked_for_it():
    first, second = blas_threads(SMALL), blas_threads(SMALL)
    with ThreadPoolExecutor(1) as other:
        other.submit(first.__enter__).result()
        second.__enter__()
        other.submit(first.__exit__, None, None, None).result()
        assert set(counts()) == {1}
        second.__exit__(None, None, None)
        assert set(counts()) == {2}


def test_a_limit_that_another_thread_holds_is_left_alone():
    def ask():
        with blas_threads(SMALL):
            pass

    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(1) as other:
        other.submit(ask).result()
        assert set(counts()) == {1}
    assert set(counts()) == {2}


def test_the_limit_is_lifted_when_training_raises():
    with pytest.raises(ZeroDivisionError), blas_threads(SMALL):
        1 / 0  # noqa: B018  # only its error counts
    assert set(counts()) == {2}


def test_two_concurrent_fits_leave_the_thread_counts_as_they_were(monkeypatch):
    both_train, seen = Barrier(2, timeout=30), []

    def before_epoch(self: Monitor, net: Network) -> None:
        both_train.wait()
        seen.append(counts())

    monkeypatch.setattr(Monitor, "before_epoch", before_epoch)
    X = np.random.default_rng(0).standard_normal((50, 3))

    def fit(seed):
        model = MLPClassifier(random_state=seed)
        model.partial_fit(X, X[:, 0] > 0, classes=[False, True])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fit, range(2)))
    assert len(seen) == 2
    assert all(set(threads) == {1} for threads in seen)
    assert set(counts()) == {2}


FORKS = """
import os, random, threading, time, warnings
import numpy as np
from threadpoolctl import threadpool_info
from sklearn_nn import MLPClassifier

warnings.simplefilter("ignore")  # Python's own of a fork with threads among them
X = np.random.default_rng(0).standard_normal((400, 6))
y = X[:, 0] > 0
before = threadpool_info()
stop = []

def fit_all_the_time():
    while not stop:
        MLPClassifier((60,), max_iter=2).fit(X, y)

threads = [threading.Thread(target=fit_all_the_time) for _ in range(2)]
for thread in threads:
    thread.start()
try:
    for i in range(40):
        time.sleep(random.Random(i).uniform(0, 0.01))
        if not (child := os.fork()):
            limited = threadpool_info() != before
            MLPClassifier((60,), max_iter=1).fit(X, y)
            os._exit(limited or threadpool_info() != before)
        for _ in range(1000):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.01)
        else:
            os.kill(child, 9)
            raise SystemExit("a child hangs")
        assert status == 0, "a child is left with one thread"
finally:
    stop.append(True)
    for thread in threads:
        thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_while_another_thread_trains_is_a_process_like_any_other():
    run = [sys.executable, "-c", FORKS]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    subprocess.run(run, check=True, env=environment)
