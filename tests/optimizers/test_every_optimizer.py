"""Laws that every public optimizer obeys."""

import inspect
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn import optimizers
from sklearn_nn.core import Optimizer, Segment, ThreadPool
from sklearn_nn.core._protocols import SHARED_PIECE_BYTES
from sklearn_nn.optimizers import SGD, Adam, AdamW
from sklearn_nn.schedules import FlatCosine

CASES = {
    "Adam": Adam(),
    "Adam, other constants": Adam(0.5, 0.75, 0.5),
    "AdamW": AdamW(),
    "AdamW, other constants": AdamW(0.5, 0.75, 0.5, 0.3, FlatCosine()),
    "SGD": SGD(),
    "SGD, classical momentum": SGD(0.5, nesterov=False),
    "SGD, no momentum": SGD(0.0),
}
every_optimizer = pytest.mark.parametrize("rule", CASES.values(), ids=CASES)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SIZE = 50


def vectors(rng, dtype=np.float64, size=SIZE, steps=3):
    """Return parameters and one gradient per step."""
    return (
        rng.standard_normal(size).astype(dtype),
        rng.standard_normal((steps, size)).astype(dtype),
    )


def walk(rule, params, grads, lr=0.1, **penalty):
    """Return parameters and state after one step per gradient."""
    params = params.copy()
    state = rule.init(params)
    for g in grads:
        rule.step(state, params, g.copy(), lr, **penalty)  # a step uses it up
    return params, state


def assert_close(actual, desired):
    """Check equality but for the last bits: BLAS may round ends of vectors otherwise.

    Its loops take many entries at once, and what is left over one by one.
    """
    assert_allclose(actual, desired, rtol=1e-13, atol=1e-15)


def watched(monkeypatch, pool):
    """Return a list that gets the tasks of each run of ``pool``."""
    runs, run = [], pool.run
    monkeypatch.setattr(pool, "run", lambda tasks: (runs.append(tasks), run(tasks)))
    return runs


def peak_bytes(rule, size):
    """Return the most memory that a step takes after the first one."""
    params, grads = np.ones(size), np.ones(size)
    state = rule.init(params)
    for _ in range(2):
        tracemalloc.start()
        rule.step(state, params, grads, 0.1, 0.01, size // 2)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_every_public_optimizer_has_a_case():
    items = [getattr(optimizers, name) for name in optimizers.__all__]
    public = {item for item in items if inspect.isclass(item)}
    assert {type(rule) for rule in CASES.values()} == public
    assert all(issubclass(item, Optimizer) for item in public)


@every_optimizer
@pytest.mark.parametrize("piece", [8, 64, 8 * SIZE - 8])
def test_a_step_in_pieces_is_a_step_at_once(rule, piece, monkeypatch, rng):
    params, grads = vectors(rng)
    whole, _ = walk(rule, params, grads)
    monkeypatch.setattr("sklearn_nn.core._protocols.PIECE_BYTES", piece)
    assert_close(walk(rule, params, grads)[0], whole)


@every_optimizer
@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize("segments", [(), (Segment(0, 20), Segment(20, SIZE, 0.5))])
def test_threads_share_a_step(rule, n_threads, segments, monkeypatch, rng):
    params, grads = vectors(rng)
    penalty = {"l2": 0.3, "n_l2": 30, "segments": segments}
    whole, _ = walk(rule, params, grads, **penalty)
    monkeypatch.setattr("sklearn_nn.core._protocols.PIECE_BYTES", 64)
    monkeypatch.setattr("sklearn_nn.core._protocols.LONG", 56)
    monkeypatch.setattr("sklearn_nn.core._protocols.SHARED_BYTES", 1)
    monkeypatch.setattr("sklearn_nn.core._protocols.SHARED_PIECE_BYTES", 64)
    alone, state = walk(rule, params, grads, **penalty)
    with ThreadPool(n_threads) as pool:
        runs = watched(monkeypatch, pool)
        shared, shared_state = walk(rule, params, grads, pool=pool, **penalty)
    assert len(runs) == 3 * (n_threads > 1)
    assert all(len(tasks) > 2 for tasks in runs)
    assert_close(alone, whole)
    assert_array_equal(shared, alone)  # threads change no bit
    for name, slot in state.slots.items():
        assert_array_equal(shared_state.slots[name], slot)


@every_optimizer
@pytest.mark.parametrize("piece", [64, 8 * SIZE])
@given(n_l2=st.integers(0, SIZE), seed=st.integers(0, 2**16))
def test_a_penalty_adds_its_gradient_to_the_first_entries(rule, piece, n_l2, seed):
    params, grads = vectors(np.random.default_rng(seed), steps=1)
    by_hand = grads[0].copy()
    by_hand[:n_l2] += 0.3 * params[:n_l2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_nn.core._protocols.PIECE_BYTES", piece)
        penalized, _ = walk(rule, params, grads, l2=0.3, n_l2=n_l2)
    assert_allclose(penalized, walk(rule, params, [by_hand])[0], rtol=1e-12, atol=1e-15)


@every_optimizer
@pytest.mark.parametrize("piece", [64, 8 * SIZE])
def test_several_gradients_are_summed(rule, piece, monkeypatch, rng):
    monkeypatch.setattr("sklearn_nn.core._protocols.PIECE_BYTES", piece)
    params, grads = vectors(rng)
    summed, _ = walk(rule, params, [grads.sum(axis=0)], l2=0.3, n_l2=SIZE // 2)
    several, _ = walk(rule, params, [grads], l2=0.3, n_l2=SIZE // 2)
    assert_allclose(several, summed, rtol=1e-12, atol=1e-15)


@every_optimizer
@pytest.mark.parametrize("piece", [64, 8 * SIZE])
@given(cut=st.integers(0, SIZE), seed=st.integers(0, 2**16))
def test_a_segment_has_a_rate_of_its_own(rule, piece, cut, seed):
    params, grads = vectors(np.random.default_rng(seed))
    segments = Segment(0, cut, 0.5), Segment(cut, SIZE, 2.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_nn.core._protocols.PIECE_BYTES", piece)
        both, _ = walk(rule, params, grads, segments=segments)
    slow, fast = (walk(rule, params, grads, lr=lr)[0] for lr in (0.05, 0.2))
    assert_close(both[:cut], slow[:cut])
    assert_close(both[cut:], fast[cut:])


@every_optimizer
@given(cut=st.integers(0, SIZE), seed=st.integers(0, 2**16))
def test_a_segment_has_a_decay_of_its_own(rule, cut, seed):
    # against no gradient, nothing but the decay moves anything
    params, _ = vectors(np.random.default_rng(seed))
    segments = Segment(0, cut, 3.0, 0.5), Segment(cut, SIZE, 1.0, 0.0)
    decayed, _ = walk(rule, params, np.zeros((2, SIZE)), decay=0.2, segments=segments)
    assert_allclose(decayed[:cut], 0.81 * params[:cut], rtol=1e-12)
    assert_array_equal(decayed[cut:], params[cut:])


@every_optimizer
@given(seed=st.integers(0, 2**16))
def test_a_segment_of_all_without_factors_changes_nothing(rule, seed):
    params, grads = vectors(np.random.default_rng(seed))
    options = {"l2": 0.3, "n_l2": SIZE // 2, "decay": 0.1}
    whole, _ = walk(rule, params, grads, **options)
    one, _ = walk(rule, params, grads, **options, segments=[Segment(0, SIZE)])
    assert_array_equal(one, whole)


@every_optimizer
@pytest.mark.parametrize("cut", [0, 10, 30, SIZE])
def test_a_penalty_reaches_into_segments(rule, cut, rng):
    params, grads = vectors(rng, steps=1)
    segments = Segment(0, cut), Segment(cut, SIZE)
    whole, _ = walk(rule, params, grads, l2=0.3, n_l2=20)
    cut_up, _ = walk(rule, params, grads, l2=0.3, n_l2=20, segments=segments)
    assert_close(cut_up, whole)


@every_optimizer
def test_a_step_against_a_constant_gradient_goes_down(rule):
    params, _ = walk(rule, np.zeros(2), [np.array([3.0, -0.1])])
    assert_array_equal(np.sign(params), [-1, 1])


@every_optimizer
def test_a_rate_of_zero_moves_nothing(rule, rng):
    params, grads = vectors(rng)
    assert_array_equal(walk(rule, params, grads, lr=0.0)[0], params)


@every_optimizer
def test_entries_do_not_see_each_other(rule, rng):
    params, grads = vectors(rng)
    order = rng.permutation(SIZE)
    permuted, _ = walk(rule, params[order], grads[:, order])
    assert_allclose(permuted, walk(rule, params, grads)[0][order], rtol=1e-13)


@every_optimizer
@both_dtypes
def test_the_dtype_is_kept(rule, dtype, rng):
    params, state = walk(rule, *vectors(rng, dtype), l2=0.1, n_l2=SIZE // 2)
    assert {a.dtype for a in (params, *state.slots.values())} == {np.dtype(dtype)}


@every_optimizer
def test_both_dtypes_walk_the_same_way(rule, rng):
    params, grads = vectors(rng, np.float32)
    double, _ = walk(rule, params.astype(float), grads.astype(float))
    assert_allclose(walk(rule, params, grads)[0], double, atol=1e-5)


@every_optimizer
def test_the_state_has_a_vector_per_slot(rule):
    state = rule.init(np.ones(7))
    assert {name: v.tolist() for name, v in state.slots.items()} == dict.fromkeys(
        rule.slot_names(), [0.0] * 7
    )


@every_optimizer
def test_the_state_counts_the_steps(rule, rng):
    assert walk(rule, *vectors(rng, steps=3))[1].t == 3


@every_optimizer
def test_a_copied_state_goes_on_in_the_same_way(rule, rng):
    params, grads = vectors(rng, steps=4)
    through, _ = walk(rule, params, grads)
    half, state = walk(rule, params, grads[:2])
    copy = state.copy()
    for g in grads[2:]:
        rule.step(copy, half, g.copy(), 0.1)
    assert_array_equal(half, through)


@every_optimizer
def test_steps_with_a_copied_state_leave_the_first_alone(rule, rng):
    params, grads = vectors(rng)
    _, state = walk(rule, params, grads)
    before = state.t, {name: v.copy() for name, v in state.slots.items()}
    rule.step(state.copy(), params, grads[0], 0.1)
    assert state.t == before[0]
    assert all((state.slots[name] == v).all() for name, v in before[1].items())


@every_optimizer
def test_two_states_of_one_rule_do_not_meet(rule, rng):
    params, grads = vectors(rng)
    alone, _ = walk(rule, params, grads)
    other, mine = rng.standard_normal(SIZE), params.copy()
    state, other_state = rule.init(mine), rule.init(other)
    for g in grads:
        rule.step(other_state, other, -g, 0.1)
        rule.step(state, mine, g.copy(), 0.1)
    assert_array_equal(mine, alone)


@every_optimizer
def test_memory_of_a_step_does_not_grow_with_the_vector(rule):
    few, many = peak_bytes(rule, 100_000), peak_bytes(rule, 1_600_000)
    assert few <= 8000
    assert many <= SHARED_PIECE_BYTES + 8000


@every_optimizer
def test_a_clone_is_the_same_rule(rule):
    assert repr(clone(rule)) == repr(rule)


@every_optimizer
def test_use_leaves_the_rule_as_it_was(rule, rng):
    before = dict(vars(rule))
    walk(rule, *vectors(rng))
    assert vars(rule) == before
