"""Learner and its training: the binary problems of an online classifier."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklearn_nn.core import Array, Rng, single_blas_thread
from sklearn_nn.perceptron._binary_problem import BinaryProblem
from sklearn_nn.perceptron._online import train_online
from sklearn_nn.perceptron._training_rows import training_rows
from sklearn_nn.perceptron._weight_trackers import Averaged, Pocket, WeightTracker

WEIGHT_TRACKERS: Mapping[str, Callable[[], WeightTracker | None]] = {
    "rosenblatt": lambda: None,
    "pocket": Pocket,
    "averaged": Averaged,
}


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


def train_learners(
    learners: list[Learner],
    X: Any,
    codes: Array,
    weight: Array | None,
    options: PassOptions,
    classes: Array,
) -> Array:
    """Train in place; return the mistakes per pass: (n_passes, n_learners).

    Shapes: X (n, d) in C order or CSR, codes (n,) of int, weight (n,) or None. A single
    learner takes the second class for its own, of several each the one of its number.
    """
    rows = training_rows(X)
    rate = (
        np.full(len(codes), options.eta0) if weight is None else options.eta0 * weight
    )
    index = None if weight is None or weight.all() else np.flatnonzero(weight)

    @np.errstate(over="ignore", invalid="ignore")  # weights beyond floats are told
    def train_one(own: int, learner: Learner) -> list[int]:
        sign = np.where(codes == own, 1, -1).astype(X.dtype)
        step = sign * rate.astype(X.dtype)
        problem = BinaryProblem(rows, sign, step, index)
        rng = learner.rng if options.shuffle else None
        report = _printer(classes[own]) if options.verbose else None
        passes = options.max_passes
        return train_online(problem, learner.w, rng, passes, learner.tracker, report)

    owns = range(len(learners)) if len(learners) > 1 else [1]
    tasks = zip(owns, learners, strict=True)
    parallel = Parallel(n_jobs=options.n_jobs, require="sharedmem")
    with single_blas_thread():
        columns = parallel(delayed(train_one)(own, learner) for own, learner in tasks)
    mistakes = np.zeros((max(map(len, columns)), len(columns)), int)
    for k, column in enumerate(columns):
        mistakes[: len(column), k] = column
    return mistakes


def _printer(label: Any) -> Callable[[int, int], None]:
    def report(i: int, mistakes: int) -> None:
        print(f"Pass {i}, class {label}: mistakes = {mistakes}")

    return report
