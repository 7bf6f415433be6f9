"""What the tests of NetworkClassifier and NetworkRegressor share."""

from copy import deepcopy

import numpy as np
import pytest

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    GRU,
    BatchNorm,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Graph,
    ReLU,
    Reshape,
    Residual,
    SelfAttention,
    ToSequence,
    chain,
    parallel,
)
from sklearn_nn.core import Network

both = pytest.mark.parametrize("cls", [NetworkClassifier, NetworkRegressor])

# A network of every kind, for rows with one axis of any length.
NETWORKS = {
    "default": None,
    "inception": chain(
        Residual(Dense(8, "tanh")),
        parallel(Dense(4, "relu"), chain(Dense(3), Dense(4, "tanh")), "passthrough"),
    ),
    "graph": Graph(
        [
            ("stem", Dense(8, "relu"), "input"),
            ("left", Dense(4, "tanh"), "stem"),
            ("right", Dense(4), "stem"),
            ("sum", "add", ["left", "right"]),
            ("last", Dense(5), ["sum", "input"]),
        ]
    ),
    "recurrent": parallel(chain(ToSequence(), GRU(5)), Dense(2)),
    "convolution": chain(Reshape((-1, 1)), Conv1D(4, 3, activation="tanh"), Flatten()),
    "batch norm": chain(Dense(8), BatchNorm(), ReLU()),
    "attention": chain(ToSequence(), Dense(4), SelfAttention(2), Flatten()),
}
every_network = pytest.mark.parametrize("name", NETWORKS)

# Noise, statistics of batches, shared and thinned-out weights in one network.
MANIFOLD = chain(
    Dense(12, "relu", mask=0.6),
    BatchNorm(),
    Dropout(0.1),
    Residual(chain(Dense(12, "tanh"), Dense(12))),
)
CODES = Embedding([3, 4], units=2)


def make_rows(rng, n=60):
    """Return X (n, 4) and y (n,) of 0, 1 and 2, a target for either class."""
    X = rng.standard_normal((n, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    y[:3] = 0, 1, 2
    return X, y


def make_sequences(rng, n=60):
    """Return X (n, 6, 2) and y (n,) of 0 and 1: does the first feature rise?"""
    X = rng.standard_normal((n, 6, 2))
    return X, (X[:, 3:, 0].mean(1) > X[:, :3, 0].mean(1)).astype(int)


def initialized(model, n_features, n_classes=2):
    """Return the model, initialized for that many classes or for one output."""
    classes = {"classes": range(n_classes)} if hasattr(model, "predict_proba") else {}
    return model.initialize(n_features, **classes)


def raw(model, X):
    """Return what a prediction is made of."""
    return (
        model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    )


def parameters(model):
    """Return all learned numbers in one new vector."""
    return model._network.params.copy()


def state_of(value):
    """Return a copy that compares by content: arrays as bytes, objects as dicts."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    if isinstance(value, np.random.Generator):
        return deepcopy(value.bit_generator.state)
    if isinstance(value, Network):  # its scratch memory is nobody's business
        return state_of(value.__getstate__())
    if isinstance(value, dict):
        return {key: state_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [state_of(item) for item in value]
    return state_of(vars(value)) if hasattr(value, "__dict__") else repr(value)


def assert_unchanged_by(model, method, *args, **kwargs):
    """Assert that the method raises and leaves the model as it was."""
    before = state_of(model)
    with np.errstate(all="ignore"), pytest.raises((ValueError, RuntimeError)):
        getattr(model, method)(*args, **kwargs)
    assert state_of(model) == before
