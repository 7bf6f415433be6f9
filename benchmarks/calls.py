"""Calls: grid search, one row at a time, prediction of many rows, the perceptron."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import Perceptron
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from benchmarks.timing import medians
from sklearn_nn import MLPClassifier, PerceptronClassifier

Row = dict[str, Any]
KINDS = {"ours": MLPClassifier, "scikit-learn": SklearnMLPClassifier}
GRID = {
    "hidden_layer_sizes": [(30,), (60,), (100,), (60, 30)],
    "alpha": [1e-4, 1e-2, 1.0],
    "learning_rate_init": [1e-3, 1e-2],
}


def rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per kind of call: milliseconds and the ratio."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs, on purpose
        yield _row("GridSearchCV, digits", _grid_search(quick), 1 if quick else 3)
        yield _row("partial_fit, 1 row", _partial_fit(), 20 * rounds)
        yield _row("predict, 1 row", _predict(1, "predict"), 50 * rounds)
        many = 1_000 if quick else 100_000
        yield _row(f"predict_proba, {many} rows", _predict(many), rounds)
        yield _row("perceptron, separable", _perceptron(quick), rounds)
        yield _row("perceptron, 10 % label noise", _noisy_perceptron(quick), rounds)


def _row(name: str, calls: dict[str, Callable[[], Any]], rounds: int) -> Row:
    times = medians(calls, rounds)
    ours, rival = times.values()
    ratio = rival / ours
    return {"call": name} | {k: 1e3 * t for k, t in times.items()} | {"ratio": ratio}


def _grid_search(quick: bool) -> dict[str, Callable[[], Any]]:
    X, y = load_digits(return_X_y=True)
    X, y, cv = (X[:300], y[:300], 2) if quick else (X, y, 5)
    grid = {"alpha": [1e-4]} if quick else GRID

    def search(kind: Any) -> Any:
        estimator = kind(max_iter=50, random_state=0)
        return GridSearchCV(estimator, grid, cv=cv, n_jobs=2).fit(X / 16, y)

    return {name: lambda kind=kind: search(kind) for name, kind in KINDS.items()}


def _fitted(kind: Any) -> Any:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000, 30))
    return kind(max_iter=5, random_state=0).fit(X, X[:, 0] > 0)


def _partial_fit() -> dict[str, Callable[[], Any]]:
    x, y = np.ones((1, 30)), np.array([True])
    models = {name: _fitted(kind) for name, kind in KINDS.items()}
    return {k: lambda model=m: model.partial_fit(x, y) for k, m in models.items()}


def _predict(n: int, method: str = "predict_proba") -> dict[str, Callable[[], Any]]:
    X = np.random.default_rng(1).standard_normal((n, 30))
    models = {name: _fitted(kind) for name, kind in KINDS.items()}
    return {k: lambda model=m: getattr(model, method)(X) for k, m in models.items()}


def _perceptron(quick: bool) -> dict[str, Callable[[], Any]]:
    """Both for the number of passes that ours needs until it makes no mistake."""
    rng = np.random.default_rng(0)
    n = 1_000 if quick else 100_000
    X = rng.standard_normal((n, 50))
    margin = X @ rng.standard_normal(50)
    X, y = X[abs(margin) > 0.3], (margin > 0)[abs(margin) > 0.3]
    ours = PerceptronClassifier(random_state=0)
    passes = ours.fit(X, y).n_iter_
    theirs = Perceptron(max_iter=passes, tol=None, random_state=0)
    return {"ours": lambda: ours.fit(X, y), "scikit-learn": lambda: theirs.fit(X, y)}


def _noisy_perceptron(quick: bool, passes: int = 5) -> dict[str, Callable[[], Any]]:
    """Beside the loop of the textbooks, which takes one row after the other."""
    rng = np.random.default_rng(0)
    n = 1_000 if quick else 100_000
    X = rng.standard_normal((n, 50))
    y = (X @ rng.standard_normal(50) > 0) ^ (rng.random(n) < 0.1)
    ours = PerceptronClassifier(max_iter=passes, random_state=0)

    def loop() -> None:
        w, b, sides = np.zeros(50), 0.0, np.where(y, 1.0, -1.0).tolist()
        for _ in range(passes):
            for i in rng.permutation(n).tolist():
                x, side = X[i], sides[i]
                if (x.dot(w) + b > 0) != (side > 0):
                    w += side * x
                    b += side

    return {"ours": lambda: ours.fit(X, y), "textbook loop": loop}
