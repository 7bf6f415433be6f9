"""What the tests of the estimators for tables share."""

import numpy as np
import pandas as pd
import pytest

from sklearn_nn import TabularClassifier, TabularRegressor

both = pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])

SMALL = {
    "n_bags": 2,
    "n_members": 1,
    "max_epochs": 4,
    "hidden_layer_sizes": [8],
    "embedding": None,
    "batch_size": 32,
    "random_state": 0,
}
# Enough to learn what is easy: all epochs run, and any of them may be the best.
LEARNS = {
    **SMALL,
    "max_epochs": 40,
    "hidden_layer_sizes": [16],
    "tol": None,
    "snapshots": False,
}


def small(cls, **options):
    """Return an estimator that fits in some milliseconds."""
    return cls(**SMALL | options)


def learner(cls, **options):
    """Return an estimator that learns what is easy."""
    return cls(**LEARNS | options)


def make_rows(rng, n=80):
    """Return X (n, 4) and y (n,) of 0, 1 and 2, a target for either estimator."""
    X = rng.standard_normal((n, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 0.5)
    y[:6] = 0, 1, 2, 0, 1, 2
    return X, y


def make_frame(rng, n=80):
    """Return a frame with columns of many kinds and y (n,) of 0 and 1."""
    number = rng.standard_normal(n)
    number[::7] = np.nan
    word = rng.choice(["red", "green", "blue"], n).astype(object)
    word[::9] = None
    seconds = rng.integers(0, 10**8, n)
    count = pd.array(rng.integers(0, 50, n), "Int64")
    count[::8] = pd.NA
    frame = pd.DataFrame(
        {
            "number": number,
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n)),
            "word": word,
            "flag": rng.random(n) < 0.5,
            "count": count,
            "maybe": pd.array(rng.random(n) < 0.5, "boolean"),
            "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(seconds, unit="s"),
            "many": rng.choice([f"k{i}" for i in range(12)], n),
        }
    )
    y = (frame["flag"] ^ (frame["size"] == "S")).to_numpy().astype(int)
    y[:4] = 0, 1, 0, 1
    return frame, y


def outputs(model, X):
    """Return the numbers that a prediction is made of."""
    proba = getattr(model, "predict_proba", model.predict)
    return proba(X)


def parameters(model):
    """Return all trained numbers in one new vector."""
    return np.concatenate([net.params for net in model._networks])


def with_base_rates(p, y):
    """Return p (..., k) of the networks, mixed with the shares of the classes in y."""
    n, counts = len(y), np.unique(y, return_counts=True)[1]
    rates = (counts + 0.5) / (n + len(counts) / 2)
    return (n * p + rates) / (n + 1)
