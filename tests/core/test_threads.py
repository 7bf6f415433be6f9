"""blas_threads: one thread for small products, and the process left as it was."""

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from sklearn_nn.core import blas_threads

SMALL, LARGE = 1e3, 1e12


def counts():
    """Return the number of threads of each BLAS library in the process."""
    controller = ThreadpoolController().select(user_api="blas")
    return [library["num_threads"] for library in controller.info()]


@pytest.fixture(autouse=True)
def two_threads():
    """Let every library use two threads, so that a limit of one can be seen."""
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2, user_api="blas"):
        if set(counts()) != {2}:
            pytest.skip("needs a BLAS library with threads")
        yield


def test_small_products_have_one_thread():
    with blas_threads(SMALL):
        assert set(counts()) == {1}


def test_large_products_have_the_threads_of_the_process():
    with blas_threads(LARGE):
        assert set(counts()) == {2}


def test_the_process_is_left_as_it_was():
    with blas_threads(SMALL):
        pass
    assert set(counts()) == {2}


def test_the_process_is_left_as_it_was_after_an_error():
    with pytest.raises(RuntimeError, match="inside"), blas_threads(SMALL):
        raise RuntimeError("inside")
    assert set(counts()) == {2}


def test_the_limit_holds_until_the_last_one_leaves():
    first, second = blas_threads(SMALL), blas_threads(SMALL)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(counts()) == {1}
    second.__exit__(None, None, None)
    assert set(counts()) == {2}


def test_the_limit_can_be_asked_for_again():
    for _ in range(2):
        with blas_threads(SMALL):
            assert set(counts()) == {1}
