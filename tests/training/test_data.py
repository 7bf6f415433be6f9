"""Data: every row once, in batches."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.core import Workspace
from sklearn_nn.training import Data

shuffled_or_not = pytest.mark.parametrize("shuffle", [False, True])


def numbered(n, *, weights=None, rows=None, dtype=np.float64):
    """Return data whose X, y and weights (if any) tell the number of the row."""
    number = np.arange(n)
    X = np.column_stack([number, -number]).astype(dtype)
    return Data.of(X, 10.0 * number[:, None], weights, rows)


def epoch(data, size, rng=None):
    """Return copies of the batches of an epoch."""
    copies = []
    for X, y, w in data.batches(size, rng, Workspace(data.X.dtype)):
        copies.append((X.copy(), y.copy(), None if w is None else w.copy()))
    return copies


def rows_of(batches):
    return [int(i) for X, _, _ in batches for i in X[:, 0]]


@shuffled_or_not
@given(st.data())
def test_an_epoch_has_every_row_that_counts_once(shuffle, draw):
    n, size = draw.draw(st.integers(1, 30)), draw.draw(st.integers(1, 40))
    weights = draw.draw(st.none() | st.lists(st.integers(0, 2), min_size=n, max_size=n))
    rows = draw.draw(st.none() | st.lists(st.integers(0, n - 1), unique=True))
    chosen = range(n) if rows is None else rows
    expected = sorted(i for i in chosen if weights is None or weights[i])
    if not expected:
        return
    w = None if weights is None else np.array(weights, float)
    data = numbered(n, weights=w, rows=None if rows is None else np.array(rows, int))
    rng = np.random.default_rng(draw.draw(st.integers(0, 99))) if shuffle else None
    assert len(data) == len(expected)
    assert sorted(rows_of(epoch(data, size, rng))) == expected


@shuffled_or_not
@given(n=st.integers(1, 30), size=st.integers(1, 40), seed=st.integers(0, 99))
def test_targets_and_weights_stay_with_their_rows(shuffle, n, size, seed):
    data = numbered(n, weights=1.0 + np.arange(n))
    rng = np.random.default_rng(seed) if shuffle else None
    for X, y, w in epoch(data, size, rng):
        assert_array_equal(X[:, 1], -X[:, 0])
        assert_array_equal(y, 10 * X[:, :1])
        assert_allclose(w * data.mean_weight, 1 + X[:, 0])


@given(n=st.integers(1, 30), size=st.integers(1, 40))
def test_all_batches_but_the_last_are_full(n, size):
    lengths = [len(X) for X, _, _ in epoch(numbered(n), size)]
    assert lengths[:-1] == [size] * (len(lengths) - 1)
    assert 1 <= lengths[-1] <= size


@pytest.mark.parametrize("size", [1, 4, 10, 11])
@pytest.mark.parametrize("weights", [None, np.arange(1.0, 11)])
def test_rows_by_number_are_rows_by_slice(size, weights):
    sliced = numbered(10, weights=weights)
    gathered = numbered(10, weights=weights, rows=np.arange(10))
    for one, two in zip(epoch(sliced, size), epoch(gathered, size), strict=True):
        assert_array_equal(one[0], two[0])
        assert_array_equal(one[1], two[1])
        assert_array_equal(one[2], two[2])


@pytest.mark.parametrize("size", [1, 4, 10])
def test_rows_come_in_order_without_a_generator(size):
    assert rows_of(epoch(numbered(10), size)) == list(range(10))


def test_chosen_rows_come_in_their_order_without_a_generator():
    assert rows_of(epoch(numbered(10, rows=np.array([7, 2, 5])), 2)) == [7, 2, 5]


def test_each_epoch_has_an_order_of_its_own(rng):
    data = numbered(30)
    assert rows_of(epoch(data, 10, rng)) != rows_of(epoch(data, 10, rng))


def test_the_generator_decides_on_the_order():
    one, two = [epoch(numbered(30), 10, np.random.default_rng(4)) for _ in range(2)]
    assert rows_of(one) == rows_of(two)


def test_every_row_comes_first_some_day(rng):
    firsts = {rows_of(epoch(numbered(4), 2, rng))[0] for _ in range(200)}
    assert firsts == {0, 1, 2, 3}


@pytest.mark.parametrize("rows", [None, np.arange(6)])
def test_a_single_batch_is_not_shuffled(rows, rng):
    assert rows_of(epoch(numbered(6, rows=rows), 6, rng)) == list(range(6))


def test_weights_have_mean_one():
    assert numbered(4, weights=np.array([1.0, 2, 3, 6])).w.mean() == 1


def test_the_mean_weight_is_kept():
    assert numbered(4, weights=np.array([1.0, 2, 3, 6])).mean_weight == 3


def test_weights_have_mean_one_over_the_chosen_rows():
    data = numbered(4, weights=np.array([1.0, 2, 3, 6]), rows=np.array([0, 2]))
    assert data.mean_weight == 2
    assert_array_equal(data.w[data.rows], [0.5, 1.5])


def test_weights_have_mean_one_over_the_rows_that_are_not_zero():
    data = numbered(4, weights=np.array([0.0, 1, 0, 3]))
    assert data.mean_weight == 2
    assert_array_equal(data.w[data.rows], [0.5, 1.5])


def test_no_weights_have_a_mean_of_one():
    assert numbered(4).mean_weight == 1


def test_weights_have_the_dtype_of_the_rows():
    data = numbered(4, weights=np.array([1.0, 2, 3, 6]), dtype=np.float32)
    assert data.w.dtype == np.float32


def test_weights_given_are_left_alone():
    weights = np.array([0.0, 1, 0, 3])
    weights.setflags(write=False)
    numbered(4, weights=weights)


@shuffled_or_not
def test_rows_given_are_left_alone(shuffle, rng):
    rows = np.array([3, 1, 2, 0])
    rows.setflags(write=False)
    epoch(numbered(4, rows=rows), 2, rng if shuffle else None)
    assert_array_equal(rows, [3, 1, 2, 0])


def test_arrays_are_shared():
    X, y = np.ones((4, 2)), np.ones(4)
    data = Data.of(X, y, np.ones(4))
    assert data.X is X
    assert data.y is y


def test_batches_in_order_are_views():
    data = numbered(10)
    batches = data.batches(4, None, Workspace(np.float64))
    assert all(np.shares_memory(batch.X, data.X) for batch in batches)


def test_gathered_batches_reuse_their_memory(rng, monkeypatch):
    monkeypatch.setattr("sklearn_nn.training._data.GATHERED_BYTES", 1)
    batches = numbered(8).batches(4, rng, Workspace(np.float64))
    assert np.shares_memory(next(batches).X, next(batches).X)


@shuffled_or_not
def test_batches_leave_the_data_alone(shuffle, rng):
    data = numbered(10, weights=np.ones(10))
    before = data.X.copy()
    for batch in data.batches(4, rng if shuffle else None, Workspace(np.float64)):
        assert batch.X.dtype == np.float64
    assert_array_equal(data.X, before)


def test_classes_stay_integers(rng):
    data = Data.of(np.ones((6, 1)), np.arange(6), None)
    assert next(data.batches(4, rng, Workspace(np.float64))).y.dtype.kind == "i"


@pytest.mark.parametrize("size", [3, 10])
@pytest.mark.parametrize("rows", [None, np.array([5, 1, 8, 2])])
@shuffled_or_not
def test_sparse_rows_are_the_dense_ones(size, rows, shuffle):
    X = np.arange(20.0).reshape(10, 2) % 3
    seeds = [np.random.default_rng(2) if shuffle else None for _ in range(2)]
    dense = epoch(Data.of(X, np.arange(10), None, rows), size, seeds[0])
    sparse = epoch(Data.of(sp.csr_array(X), np.arange(10), None, rows), size, seeds[1])
    for one, two in zip(dense, sparse, strict=True):
        assert sp.issparse(two[0])
        assert_array_equal(two[0].toarray(), one[0])
        assert_array_equal(two[1], one[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_group_holds_the_rows_of_its_batches(weighted, rng):
    data = numbered(40)
    if weighted:
        data = Data.of(data.X, data.y, rng.integers(1, 4, 40).astype(float))
    for group in data.groups(7, rng, Workspace(np.float64)):
        assert group.rows.n_rows == 40
        assert [batch.n_rows for batch in group.batches] == [7] * 5 + [5]
        for whole, *parts in zip(group.rows, *group.batches, strict=True):
            if whole is not None:
                assert_array_equal(np.concatenate(parts), whole)


def test_the_group_of_the_next_epoch_is_the_same_with_other_rows(rng):
    ws, seen = Workspace(np.float64), []
    for _ in range(2):
        (group,) = numbered(40).groups(7, rng, ws)
        seen.append((group, group.rows.y.copy()))
    assert seen[0][0] is seen[1][0]
    assert not np.array_equal(seen[0][1], seen[1][1])
    assert_array_equal(*(np.sort(y, axis=0) for _, y in seen))


def test_wide_outputs_leave_less_room_for_a_group(rng):
    sizes = [
        max(g.rows.n_rows for g in numbered(400).groups(10, rng, ws, n_raw))
        for n_raw, ws in [(1, Workspace(float)), (1 << 10, Workspace(float))]
    ]
    assert sizes == [400, 10]
