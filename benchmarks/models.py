"""The rivals of the training benchmark, each as a function that trains some epochs."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier

from benchmarks.cases import Case
from sklearn_nn import MLPClassifier

Train = Callable[[Case, Any, Any], None]


def train_ours(case: Case, X: Any, y: Any) -> None:
    """Train sklearn_nn's estimator."""
    _fit(MLPClassifier, case, X, y)


def train_ours_float32(case: Case, X: Any, y: Any) -> None:
    """Train sklearn_nn's estimator in float32, whatever X is."""
    _fit(MLPClassifier, case, X, y, dtype=np.float32)


def train_sklearn(case: Case, X: Any, y: Any) -> None:
    """Train scikit-learn's estimator."""
    _fit(SklearnMLPClassifier, case, X, y)


def _fit(kind: Any, case: Case, X: Any, y: Any, **more: Any) -> None:
    estimator = kind(
        case.hidden,
        batch_size=case.batch,
        max_iter=case.epochs,
        n_iter_no_change=case.epochs + 1,
        random_state=0,
        **more,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more epochs would be needed to converge
        estimator.fit(X, y)


def train_torch(case: Case, X: Any, y: Any) -> None:
    """Train the same network in torch: eager, fused Adam, no DataLoader."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    outputs = case.classes if case.classes > 2 else 1
    widths = (case.features, *case.hidden, outputs)
    layers: list[Any] = []
    for d_in, d_out in pairwise(widths):
        layers += [nn.Linear(d_in, d_out), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    loss_of = nn.CrossEntropyLoss() if outputs > 1 else nn.BCEWithLogitsLoss()
    inputs = torch.from_numpy(X)
    targets = torch.from_numpy(y)
    if outputs == 1:
        targets = targets.to(inputs.dtype)[:, None]
    for _ in range(case.epochs):
        for rows in torch.randperm(case.rows).split(case.batch):
            adam.zero_grad()
            loss_of(net(inputs[rows]), targets[rows]).backward()
            adam.step()


def has_torch() -> bool:
    """Whether torch is installed."""
    return find_spec("torch") is not None
