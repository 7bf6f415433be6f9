"""Rosenblatt's algorithm on one binary problem: exact, and many rows at a time.

The textbook takes one row after the other, and a row on the wrong side of the plane
moves it: ``w += step * x``. Between two mistakes nothing changes, so one product gives
the margins of many rows. What follows a mistake is found in one of two ways:

- where mistakes are rare, the margins of the rows behind it are computed anew (`scan`);
- where they are frequent, the margins of a block of rows are ``z0 + L @ wrong``. ``L``
  is what mistakes on earlier rows add to the margins of later ones, and ``wrong`` is 1
  for a row that is a mistake, 0 for others. It is the only solution of
  ``wrong = (z0 + L @ wrong < 0)``, because ``L`` is strictly lower triangular, and
  iteration finds it: each round settles at least one more row (`solve_block`).

Products of many rows round otherwise than those of one. A margin whose sign rounding
might have turned is therefore computed again as the textbook does, and mistakes are
added to the weights one by one: so mistakes and weights are the textbook's to the last
bit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sklearn_nn.core import Array, Rng, Workspace
from sklearn_nn.perceptron._binary_problem import BLOCK, BinaryProblem, RowChunk
from sklearn_nn.perceptron._weight_trackers import WeightTracker

CHUNK_BYTES, CHUNK_ROWS = 1 << 19, 1024  # gathered rows stay in the second-level cache
MARGINS_PER_MISTAKE = 2.0  # in a scan; more are wasted, fewer need more products
RARE = 2  # so few mistakes in a pass
MANY_UNCERTAIN = 4  # in a block; one by one is then the faster way
FIRST_GUESS = 0.25  # share of mistakes before the first pass

Visit = Callable[[RowChunk, Array, float], tuple[list[int], int]]


def train_online(
    problem: BinaryProblem,
    w: Array,
    rng: Rng | None,
    max_passes: int,
    tracker: WeightTracker | None = None,
    after_pass: Callable[[list[int]], bool] | None = None,
    mistakes: Sequence[int] = (),
) -> list[int]:
    """Correct ``w`` in place until a pass makes no mistake; return mistakes per pass.

    With ``rng`` each pass takes the rows in a new random order. ``after_pass`` is told
    the mistakes of all passes so far, and returns whether to stop; with what it was
    told, ``mistakes``, training goes on.
    """
    ws, mistakes, frequency = Workspace(w.dtype), list(mistakes), FIRST_GUESS
    # Overflow is found in the weights, once a pass, not by each operation.
    with np.errstate(over="ignore", invalid="ignore"):
        if tracker is not None:
            tracker.on_start(problem, w)
        while len(mistakes) < max_passes and (not mistakes or mistakes[-1]):
            order = problem.order(rng)
            mistakes.append(run_pass(problem, w, order, frequency, ws, tracker))
            frequency = mistakes[-1] / len(problem)
            if not np.isfinite(w).all():
                raise ValueError(
                    f"The weights became infinite in pass {len(mistakes)}. Scale the "
                    "columns of `X`, or lower `eta0`."
                )
            if tracker is not None:
                tracker.on_pass_end(problem, w)
            if after_pass is not None and after_pass(mistakes):
                break
    return mistakes


def run_pass(
    problem: BinaryProblem,
    w: Array,
    order: Array | None,
    frequency: float,
    ws: Workspace,
    tracker: WeightTracker | None = None,
) -> int:
    """Visit every row once, correcting ``w`` in place; return the number of mistakes.

    ``frequency`` is a guess of the share of mistakes; it decides how the rows are cut
    into pieces, never what comes out.
    """
    position, total, n = 0, 0, len(problem)
    expected = frequency * n
    while position < n:
        left = n - position
        few = max(expected, total) <= RARE and 4 * left > n
        visit, size, gather = _choose_visit(problem, frequency, left, few)
        index: Any = slice(position, position + size)
        index = index if order is None else order[index]
        chunk = RowChunk.of(problem, index, ws if gather or order is None else None)
        before = w.copy() if tracker is not None else w
        mistakes, seen = visit(chunk, w, frequency)
        if tracker is not None:
            tracker.on_rows(chunk, before, mistakes, seen)
        frequency += min(1, seen / CHUNK_ROWS) * (len(mistakes) / seen - frequency)
        total += len(mistakes)
        position += seen
    return total


def _choose_visit(
    problem: BinaryProblem, frequency: float, left: int, few: bool
) -> tuple[Visit, int, bool]:
    """Return how to visit how many rows, and whether to gather them first.

    With ``few`` mistakes to come, products of all rows are faster than gathering.
    """
    if few:
        return scan, left, False
    in_block, in_scan, alone = problem.rows.costs(frequency)
    if alone < min(in_block, in_scan):
        return one_by_one, min(CHUNK_ROWS, left), False
    if in_block < in_scan:
        return solve_block, min(BLOCK, left), True
    rows = CHUNK_BYTES // (problem.sign.itemsize * max(problem.rows.n_terms, 1))
    return scan, min(max(BLOCK, min(CHUNK_ROWS, rows)), left), True


def one_by_one(chunk: RowChunk, w: Array, frequency: float) -> tuple[list[int], int]:
    """Correct ``w`` as the textbook does; return the mistakes and the rows visited."""
    return _one_by_one(chunk, w, 0, len(chunk)), len(chunk)


def _one_by_one(chunk: RowChunk, w: Array, start: int, stop: int) -> list[int]:
    """Visit rows ``start`` to ``stop``, each decided as by `RowChunk.is_wrong`."""
    X, row, weights, mistakes = chunk.X, chunk.problem.rows.row, w[:-1], list[int]()
    at = range(len(chunk)) if chunk.order is None else chunk.order.tolist()
    above = (chunk.sign > 0).tolist()
    for j in range(start, stop):
        if (row(X, at[j]) @ weights + w[-1] > 0) != above[j]:
            chunk.correct(w, [j])
            mistakes.append(j)
    return mistakes


def scan(chunk: RowChunk, w: Array, frequency: float) -> tuple[list[int], int]:
    """Correct ``w``; return the mistakes and the rows visited.

    Margins are computed for some rows at once, and anew after each mistake. Where each
    time costs a product with all rows of the problem, the scan ends after a few.
    """
    limit = np.inf if chunk.order is None else RARE + 1
    stride = int(min(len(chunk), MARGINS_PER_MISTAKE / max(frequency, 1e-9)))
    w_norm, mistakes, position = float(np.abs(w).sum()), list[int](), 0
    while position < len(chunk) and len(mistakes) < limit:
        stop = min(position + stride, len(chunk))
        z = chunk.margins(w, position, stop)
        rounding_bound = chunk.rounding_bound(w_norm, len(mistakes))
        right = z > rounding_bound  # false for what is not a number
        while not right[j := int(right.argmin())]:
            if z[j] < -rounding_bound or chunk.is_wrong(w, position + j):
                mistakes.append(position + j)
                chunk.correct(w, mistakes[-1:])
                stop = position + j + 1
                break
            right[j] = True
        position = stop
    return mistakes, position


def solve_block(chunk: RowChunk, w: Array, frequency: float) -> tuple[list[int], int]:
    """Correct ``w`` for a block of rows; return the mistakes and the rows visited."""
    L, m, start, mistakes = chunk.gram(), len(chunk), 0, list[int]()
    w_norm = float(np.abs(w).sum())
    while start < m:
        z, wrong = fixed_point(chunk.margins(w, start, m), L[start:, start:])
        found = wrong.nonzero()[0]
        rounding_bound = chunk.rounding_bound(w_norm, len(mistakes) + len(found))
        uncertain = (~(np.abs(z) > rounding_bound)).nonzero()[
            0
        ]  # also what is not a number
        stop = int(uncertain[0]) if len(uncertain) else m - start
        decided = start + found[: found.searchsorted(stop)]
        chunk.correct(w, decided)
        mistakes += decided.tolist()
        stop += start
        start = min(m if len(uncertain) > MANY_UNCERTAIN else stop + 1, m)
        mistakes += _one_by_one(chunk, w, stop, start)
    return mistakes, m


def fixed_point(z0: Array, L: Array) -> tuple[Array, Array]:
    """Return ``z = z0 + L @ wrong`` and ``wrong = (z < 0)`` that agree.

    Shapes: z0 (m,), L (m, m) strictly lower triangular.
    """
    z, before = z0, b""
    for _ in range(len(z0) + 1):
        wrong = np.signbit(z)
        if (bits := wrong.tobytes()) == before:
            break
        before = bits
        z = L.dot(wrong.astype(z0.dtype))
        z += z0
    return z, wrong
