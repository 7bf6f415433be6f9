"""MemberData: rows of which each member reads its own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.core import Workspace
from sklearn_nn.training import MemberData

ROWS = [np.array([0, 2, 4, 6, 8]), np.array([1, 3, 5, 7])]


def numbered(rows=ROWS, weight=None):
    """Return data whose row i of 9 is [i, i], with the target i."""
    X = np.repeat(np.arange(9.0)[:, None], 2, axis=1)
    return MemberData.of(X, np.arange(9), weight, rows)


def batches(data, size, rng=None):
    """Return copies of the batches of an epoch."""
    return [
        tuple(None if a is None else a.copy() for a in batch)
        for group in data.groups(size, rng, Workspace(np.float64))
        for batch in group.batches
    ]


def test_the_length_is_that_of_the_member_with_the_fewest_rows():
    assert len(numbered()) == 4


def test_in_order_each_member_reads_the_first_of_its_rows():
    seen = np.concatenate([y for _, y, _ in batches(numbered(), 2)], axis=1)
    assert_array_equal(seen, [[0, 2, 4, 6], [1, 3, 5, 7]])


@pytest.mark.parametrize("size", [1, 2, 4, 99])
def test_a_shuffled_epoch_gives_each_member_different_rows_of_its_own(size, rng):
    seen = np.concatenate([y for _, y, _ in batches(numbered(), size, rng)], axis=1)
    assert seen.shape == (2, 4)
    for own, allowed in zip(seen, ROWS, strict=True):
        assert len(set(own)) == 4
        assert set(own) <= set(allowed)


def test_what_does_not_fill_a_batch_is_left_out(rng):
    assert [y.shape for _, y, _ in batches(numbered(), 3, rng)] == [(2, 3)]


def test_the_row_that_is_left_out_changes_from_epoch_to_epoch(rng):
    data, missed = numbered(), set()
    for _ in range(100):
        seen = np.concatenate([y[0] for _, y, _ in batches(data, 4, rng)])
        missed |= set(ROWS[0]) - set(seen)
    assert missed == set(ROWS[0])


def test_rows_and_targets_stay_together(rng):
    for X, y, _ in batches(numbered(), 2, rng):
        assert_array_equal(X, np.stack([y, y], axis=-1))


def test_a_batch_says_how_many_rows_a_member_has():
    groups = numbered().groups(3, None, Workspace(np.float64))
    assert [batch.n_rows for group in groups for batch in group.batches] == [3]


def test_there_are_no_weights_without_weights():
    assert [w for *_, w in batches(numbered(), 2)] == [None, None]


def test_the_weights_of_each_member_have_the_mean_one(rng):
    weight = rng.uniform(0.5, 2, 9)
    rows = [np.arange(0, 5), np.arange(4, 9)]
    (_, _, w), *rest = batches(numbered(rows, weight), 5)
    assert not rest
    assert_allclose(w.mean(axis=1), [1, 1])


def test_weights_of_a_member_are_proportional_to_those_given(rng):
    weight = rng.uniform(0.5, 2, 9)
    for _, y, w in batches(numbered(weight=weight), 2, rng):
        assert_allclose(w[:, 1] / w[:, 0], weight[y[:, 1]] / weight[y[:, 0]])


def test_rows_of_weight_zero_are_never_read(rng):
    weight = np.ones(9)
    weight[[2, 3]] = 0
    seen = np.concatenate([y for _, y, _ in batches(numbered(weight=weight), 1, rng)])
    assert not np.isin(seen, [2, 3]).any()


def test_weights_have_the_type_of_the_rows():
    X = np.ones((9, 2), np.float32)
    assert MemberData.of(X, np.arange(9), np.ones(9), ROWS).w.dtype == np.float32


def test_targets_may_have_several_columns(rng):
    y = rng.standard_normal((9, 3))
    data = MemberData.of(np.ones((9, 2)), y, None, ROWS)
    (_, seen, _), *_ = batches(data, 4)
    assert_array_equal(seen, [y[[0, 2, 4, 6]], y[[1, 3, 5, 7]]])
