"""Learner and its training: the binary problems of an online classifier."""

import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from sklearn_nn.core import Array, Rng, ThreadPool, single_blas_thread
from sklearn_nn.perceptron._binary_problem import BinaryProblem
from sklearn_nn.perceptron._online import train_online
from sklearn_nn.perceptron._training_rows import training_rows
from sklearn_nn.perceptron._weight_trackers import Averaged, Pocket, WeightTracker

WEIGHT_TRACKERS: Mapping[str, Callable[[], WeightTracker | None]] = {
    "rosenblatt": lambda: None,
    "pocket": Pocket,
    "averaged": Averaged,
}


SECONDS_PER_TURN = 0.1  # of a learner; at least one pass


@dataclass(eq=False)
class Learner:
    """What one problem must keep to go on with training; w is (n_features + 1,)."""

    w: Array
    rng: Rng
    tracker: WeightTracker | None

    def final_weights(self) -> Array:
        """Return the weights to predict with, the bias weight last."""
        return self.w if self.tracker is None else self.tracker.final_weights(self.w)


@dataclass(frozen=True, eq=False)
class PassOptions:
    """How to train: see the parameters of `PerceptronClassifier`."""

    eta0: float
    max_passes: int
    shuffle: bool
    n_jobs: int | None
    verbose: bool


def new_learners(
    n: int, n_features: int, dtype: Any, init_scale: float, variant: str, seed: int
) -> list[Learner]:
    """Return ``n`` learners with weights from [-init_scale, init_scale)."""
    learners = []
    for sequence in np.random.SeedSequence(seed).spawn(n):
        rng = np.random.default_rng(sequence)
        w = rng.uniform(-init_scale, init_scale, n_features + 1).astype(dtype)
        learners.append(Learner(w, rng, WEIGHT_TRACKERS[variant]()))
    return learners


class _Run:
    """The training of one learner, turn by turn; Ctrl-C leaves it as a turn ended.

    So the learners advance together, and what they need for it is held by those only
    that have their turn.
    """

    def __init__(
        self,
        learner: Learner,
        make_problem: Callable[[], BinaryProblem],
        options: PassOptions,
        label: Any,
        stop: Event,
    ) -> None:
        self.learner, self.make_problem, self.options = learner, make_problem, options
        self.label, self.stop = label, stop
        self.mistakes: list[int] = []
        self._copy: Learner | None = None  # of the learner after these passes
        self._turn_ends = 0.0

    @property
    def ended(self) -> bool:
        """Return whether there is nothing left to do."""
        return self._is_last(self.mistakes)

    def _is_last(self, mistakes: list[int]) -> bool:
        n_passes, at_most = len(mistakes), self.options.max_passes
        return n_passes > 0 and (mistakes[-1] == 0 or n_passes == at_most)

    def __call__(self) -> None:
        own, options = self.learner, self.options
        rng = own.rng if options.shuffle else None
        self._turn_ends = time.perf_counter() + SECONDS_PER_TURN
        parts = self.make_problem(), own.w, rng, options.max_passes, own.tracker
        try:
            mistakes = train_online(*parts, self._after_pass, self.mistakes)
            copy = None if self._is_last(mistakes) else deepcopy(own)
            self._copy, self.mistakes = copy, mistakes
        except BaseException:
            self.stop.set()  # what the others still do is for nothing
            raise

    def _after_pass(self, mistakes: list[int]) -> bool:
        if self.options.verbose:
            n_passes = len(mistakes)
            print(f"Pass {n_passes}, class {self.label}: mistakes = {mistakes[-1]}")
        return time.perf_counter() > self._turn_ends or self.stop.is_set()

    def fall_back(self) -> bool:
        """Return to the end of the last turn; False if there was none."""
        if self._copy is not None:
            vars(self.learner).update(vars(self._copy))
        return self.ended or self._copy is not None


def train_learners(
    learners: list[Learner],
    X: Any,
    codes: Array,
    weight: Array | None,
    options: PassOptions,
    classes: Array,
) -> tuple[Array, KeyboardInterrupt | None]:
    """Train in place; return the mistakes per pass, and what interrupted them.

    Ctrl-C leaves each learner as it was after some pass; it is raised if there is none.

    Shapes: X (n, d) in C order or CSR, codes (n,) of int, weight (n,) or None; mistakes
    (n_passes, n_learners). A single learner takes the second class for its own, of
    several each the one of its number.
    """
    rows = training_rows(X)
    rate = (
        np.full(len(codes), options.eta0) if weight is None else options.eta0 * weight
    )
    index = None if weight is None or weight.all() else np.flatnonzero(weight)

    def make_problem(own: int) -> BinaryProblem:
        sign = np.where(codes == own, 1, -1).astype(X.dtype)
        return BinaryProblem(rows, sign, sign * rate.astype(X.dtype), index)

    stop, interrupt = Event(), None
    runs = [
        _Run(learner, partial(make_problem, own), options, classes[own], stop)
        for own, learner in enumerate(learners, start=len(learners) == 1)
    ]
    n_threads = min(effective_n_jobs(options.n_jobs), len(runs))
    # Weights beyond floats are told; the threads take NumPy's settings from here.
    with np.errstate(over="ignore", invalid="ignore"), single_blas_thread():
        try:
            with ThreadPool(n_threads) as pool:
                _run_all(pool, runs, stop)
        except KeyboardInterrupt as error:
            if not all([run.fall_back() for run in runs]):
                raise
            interrupt = error
    columns = [run.mistakes for run in runs]
    mistakes = np.zeros((max(map(len, columns)), len(columns)), int)
    for k, column in enumerate(columns):
        mistakes[: len(column), k] = column
    return mistakes, interrupt


def _run_all(pool: ThreadPool, runs: list[_Run], stop: Event) -> None:
    """Let the learners take turns until all have ended."""
    try:
        while active := [run for run in runs if not run.ended]:
            pool.run(active)
    except BaseException:  # told before the pool waits for its threads
        stop.set()
        raise
