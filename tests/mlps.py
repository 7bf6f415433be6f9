"""What the tests of the MLPs share."""

import numpy as np
import pytest

from sklearn_nn import MLPClassifier, MLPRegressor
from sklearn_nn.core import Schedule

both = pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])


def make_rows(rng, n=60):
    """Return X (n, 4) and y (n,) of 0, 1 and 2, a target for either class of MLP."""
    X = rng.standard_normal((n, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    y[:3] = 0, 1, 2
    return X, y


def parameters(mlp):
    """Return all weights and biases in one new vector."""
    return np.concatenate([a.ravel() for a in [*mlp.coefs_, *mlp.intercepts_]])


class CtrlC(Schedule):
    """A constant rate during which the user interrupts the training."""

    def __init__(self, after=0):
        self.after = after

    def __call__(self, clock, /):
        if clock.samples >= self.after:
            raise KeyboardInterrupt
        return 1.0
