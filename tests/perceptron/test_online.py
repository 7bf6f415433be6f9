"""The online algorithm does what the textbook's loop does, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from textbook import mistakes_of, textbook

from sklearn_nn.core import Workspace
from sklearn_nn.perceptron._binary_problem import BLOCK, BinaryProblem, RowChunk
from sklearn_nn.perceptron._online import (
    fixed_point,
    one_by_one,
    run_pass,
    scan,
    solve_block,
    train_online,
)
from sklearn_nn.perceptron._training_rows import DenseRows, SparseRows
from sklearn_nn.perceptron._weight_trackers import Averaged, Pocket


class Recorder:
    """A recorder that writes down the rows on which mistakes were made."""

    def __init__(self, order):
        self.order, self.position, self.rows = order, 0, []

    def on_start(self, problem, w):
        pass

    def on_rows(self, chunk, before, mistakes, n):
        self.rows += self.order[self.position + np.array(mistakes, int)].tolist()
        self.position += n

    def on_pass_end(self, problem, w):
        pass


def make(rng, n, d, kind, noise, dtype):
    """Return rows, sides and steps; "ties" makes margins that are exactly zero."""
    X = rng.standard_normal((n, d))
    if kind == "ties":
        X = np.round(X)
    if kind == "wild":  # margins dwarfed by the rounding errors of their terms
        X *= 10.0 ** rng.integers(-8, 8, (n, 1))
    if kind == "repeated":
        X = X[rng.integers(0, 3, n) % n]
    X = X.astype(dtype)
    above = (X @ rng.standard_normal(d) > 0) ^ (rng.random(n) < noise)
    sign = np.where(above, 1, -1).astype(dtype)
    eta0 = 1.0 if kind == "ties" else 0.1
    return X, above, sign, (eta0 * sign * rng.choice([1.0, 1.0, 0.5], n)).astype(dtype)


def start(rng, d, dtype, zero):
    return (np.zeros if zero else rng.standard_normal)(d + 1).astype(dtype)


cases = given(
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["plain", "ties", "wild", "repeated"]),
    noise=st.sampled_from([0.0, 0.05, 0.5]),
    dtype=st.sampled_from([np.float64, np.float32]),
    zero=st.booleans(),
    sparse=st.booleans(),
)


@pytest.mark.parametrize("visit", [one_by_one, scan, solve_block])
@settings(max_examples=40)
@cases
def test_every_way_to_visit_a_block_is_the_textbook_loop(
    visit, seed, kind, noise, dtype, zero, sparse
):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, BLOCK + 1), rng.integers(1, 20)
    X, above, sign, step = make(rng, n, d, kind, noise, dtype)
    w, order = start(rng, d, dtype, zero), rng.permutation(n)
    rows = SparseRows(csr_array(X)) if sparse else DenseRows(X)
    problem = BinaryProblem(rows, sign, step)
    chunk = RowChunk.of(problem, order, Workspace(dtype))
    *_, (_, _, _, expected) = loop = list(textbook(X, above, step, w, [order]))
    mistakes, seen = visit(chunk, w, 0.1)
    assert seen == n
    assert mistakes == [j for j, (_, _, wrong, _) in enumerate(loop) if wrong]
    np.testing.assert_array_equal(w, expected)


@settings(max_examples=40)
@cases
def test_a_training_is_the_textbook_loop(seed, kind, noise, dtype, zero, sparse):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 400), rng.integers(1, 8)
    X, above, sign, step = make(rng, n, d, kind, noise, dtype)
    w = start(rng, d, dtype, zero)
    problem = BinaryProblem(
        SparseRows(csr_matrix(X)) if sparse else DenseRows(X), sign, step
    )
    other = np.random.default_rng(seed)
    passes = [other.permutation(n) for _ in range(4)]
    loop = list(textbook(X, above, step, w, passes))
    mistakes = train_online(problem, w, np.random.default_rng(seed), 4)
    counts = [sum(r[2] for r in loop if r[0] == number) for number in range(4)]
    assert mistakes == counts[: len(mistakes)]
    assert not any(counts[len(mistakes) :])
    np.testing.assert_array_equal(w, loop[-1][3])


@pytest.mark.parametrize("visit", [scan, solve_block])
@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    share=st.sampled_from([0.05, 1.0]),
    dtype=st.sampled_from([np.float64, np.float32]),
    sparse=st.booleans(),
)
def test_rows_on_the_plane_are_decided_by_the_textbooks_rounding(
    visit, seed, share, dtype, sparse
):
    rng = np.random.default_rng(seed)
    d = rng.integers(5, 40)
    w = start(rng, d, dtype, zero=False)
    X = rng.standard_normal((BLOCK, d))
    on_plane = rng.random(BLOCK) < share
    X[on_plane] -= np.outer((X @ w[:-1] + w[-1])[on_plane], w[:-1] / (w[:-1] @ w[:-1]))
    X, above = X.astype(dtype), rng.random(BLOCK) < 0.5
    sign = np.where(above, 1, -1).astype(dtype)
    step = (1e-20 * sign).astype(dtype)  # so short that the plane stays where it is
    rows = SparseRows(csr_array(X)) if sparse else DenseRows(X)
    chunk = RowChunk.of(
        BinaryProblem(rows, sign, step), slice(0, BLOCK), Workspace(dtype)
    )
    loop = list(textbook(X, above, step, w, [range(BLOCK)]))
    mistakes, _ = visit(chunk, w, 0.1)
    assert mistakes == [j for j, (_, _, wrong, _) in enumerate(loop) if wrong]
    np.testing.assert_array_equal(w, loop[-1][3])


REAL = {
    "breast cancer": (load_breast_cancer, lambda y: y == 1),
    "digits": (load_digits, lambda y: y == 8),
    "iris": (load_iris, lambda y: y == 2),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", REAL)
def test_mistakes_on_real_data_come_in_the_textbook_order(name, dtype, rng):
    load, is_above = REAL[name]
    X, y = load(return_X_y=True)
    X, above = np.ascontiguousarray(X, dtype), is_above(y)
    sign = np.where(above, 1, -1).astype(dtype)
    step, w = (0.1 * sign).astype(dtype), start(rng, X.shape[1], dtype, zero=True)
    for _ in range(5):
        order = rng.permutation(len(X))
        loop = list(textbook(X, above, step, w, [order]))
        recorder = Recorder(order)
        train_online(
            BinaryProblem(DenseRows(X), sign, step, order), w, None, 1, recorder
        )
        assert recorder.rows == [i for _, i, wrong, _ in loop if wrong]
        np.testing.assert_array_equal(w, loop[-1][3])


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), m=st.integers(1, BLOCK))
def test_the_fixed_point_solves_its_equation(seed, m):
    rng = np.random.default_rng(seed)
    z0, L = rng.standard_normal(m), np.tril(rng.standard_normal((m, m)), -1)
    z, wrong = fixed_point(z0, L)
    np.testing.assert_allclose(z, z0 + L @ wrong, atol=1e-12)
    np.testing.assert_array_equal(wrong, z < 0)


def test_rows_that_are_not_finite_in_products_do_not_hang_the_fixed_point():
    L = np.tril(np.full((8, 8), np.nan), -1)
    z, _ = fixed_point(-np.ones(8), L)
    assert np.isnan(z[1:]).all()


def test_rare_mistakes_among_many_rows_are_found(rng):
    X = rng.standard_normal((20_000, 5))
    w = np.array([1.0, 0, 0, 0, 0, 0])
    above = X[:, 0] > 0
    above[[7000, 19_000]] ^= True
    sign = np.where(above, 1.0, -1.0)
    problem = BinaryProblem(DenseRows(X), sign, 1e-3 * sign)
    start_w, other = w.copy(), np.random.default_rng(1)
    mistakes = train_online(problem, w, np.random.default_rng(1), 3)
    passes = [other.permutation(20_000) for _ in mistakes]
    loop = list(textbook(X, above, 1e-3 * sign, start_w, passes))
    assert sum(mistakes) == sum(wrong for _, _, wrong, _ in loop)
    np.testing.assert_array_equal(w, loop[-1][3])


@pytest.mark.parametrize("guess", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("d", [3, 400])
def test_a_wrong_guess_of_the_number_of_mistakes_changes_nothing(guess, d, rng):
    X, above, sign, step = make(rng, 3000, d, "plain", 0.1, np.float64)
    w, order = start(rng, d, np.float64, zero=False), rng.permutation(3000)
    loop = list(textbook(X, above, step, w, [order]))
    problem = BinaryProblem(DenseRows(X), sign, step)
    n_mistakes = run_pass(problem, w, order, guess, Workspace(np.float64))
    assert n_mistakes == sum(wrong for _, _, wrong, _ in loop)
    np.testing.assert_array_equal(w, loop[-1][3])


def test_weights_that_overflow_are_an_error():
    X = np.array([[1e308], [-1e308]])
    sign = np.array([1.0, 1.0])
    problem = BinaryProblem(DenseRows(X), sign, 1e10 * sign)
    with pytest.raises(ValueError, match=r"infinite in pass 1\. Scale"):
        train_online(problem, np.zeros(2), None, 5)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), sparse=st.booleans())
def test_averaged_is_the_mean_of_the_weights_after_each_row(seed, sparse):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 150), 4
    X, above, sign, step = make(rng, n, d, "plain", 0.3, np.float64)
    w, passes = start(rng, d, float, zero=False), [np.arange(n)] * 3
    loop = list(textbook(X, above, step, w, passes))
    problem = BinaryProblem(
        SparseRows(csr_array(X)) if sparse else DenseRows(X), sign, step
    )
    averaged = Averaged()
    run = len(train_online(problem, w, None, 3, averaged)) * n
    weights = [abs(step[i]) for _, i, _, _ in loop[:run]]
    mean = np.average([after for *_, after in loop[:run]], axis=0, weights=weights)
    np.testing.assert_allclose(averaged.final_weights(w), mean, rtol=1e-9, atol=1e-12)


def textbook_pocket(X, above, step, w, n_passes):
    """Return the pocket's weights: tried after the longest runs and after each pass."""
    best, run = w, 0

    def better(w, best):
        weights = np.abs(step) / np.abs(step).max()
        cost = [weights @ mistakes_of(v, X, above) for v in (w, best)]
        return w if cost[0] < cost[1] else best

    for _ in range(n_passes):
        before, any_wrong, longest = w, False, 0
        for _, _, wrong, after in textbook(X, above, step, w, [range(len(X))]):
            if wrong and run > longest:
                longest, best = run, better(before, best)
            run = 0 if wrong else run + 1
            any_wrong |= wrong
            before = w = after
        best = better(w, best)
        if not any_wrong:
            break
    return best


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_pocket_keeps_what_the_textbook_pocket_keeps(seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(1, 300), 3
    X, above, sign, step = make(rng, n, d, "plain", 0.3, np.float64)
    w = start(rng, d, float, zero=False)
    expected = textbook_pocket(X, above, step, w.copy(), 4)
    pocket = Pocket()
    train_online(BinaryProblem(DenseRows(X), sign, step), w, None, 4, pocket)
    np.testing.assert_array_equal(pocket.final_weights(w), expected)
