"""work_of: operations per row."""

import numpy as np
import pytest

from sklearn_nn.blocks import (
    GRU,
    Conv2D,
    Dense,
    Flatten,
    Identity,
    Parallel,
    Tied,
    chain,
)
from sklearn_nn.core import compile_network

DENSE = Dense(5)  # 4 x 5 weights, 5 biases

CASES = {
    "a dense layer": (DENSE, (4,), 6 * 25, 40, 5),
    "a dense layer at each of 7 steps": (DENSE, (7, 4), 6 * 25 * 7, 40 * 7, 35),
    "layers add up": (chain(DENSE, Dense(2)), (4,), 6 * (25 + 12), 40, 7),
    "branches add up": (
        Parallel([("a", DENSE), ("b", DENSE)]), (4,), 2 * 6 * 25, 40, 10
    ),
    "a tied part works, too": (
        Parallel([("a", DENSE), ("b", Tied("a"))]), (4,), 2 * 6 * 25, 40, 10
    ),
    "a kernel is at every place": (
        chain(Conv2D(2, 3), Flatten()), (6, 5, 1), 6 * 20 * 30, 2 * 18 * 30, 120
    ),
    "a recurrence takes one step after the other": (
        GRU(3), (7, 2), 6 * 7 * (18 + 27 + 9 + 3), 2 * 27, 3
    ),
    "nothing to learn": (Identity(), (4,), 0, 0, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_work_of_a_row(name):
    block, shape, *expected = CASES[name]
    net = compile_network(block, shape, np.float64, np.random.default_rng(0))
    assert net.work == tuple(expected)


def test_a_copy_need_not_work_it_out_again():
    net = compile_network(DENSE, (4,), np.float64, np.random.default_rng(0))
    assert net.work is net.copy(share_buffers=True).work
