"""
Sequences
=========

Recurrent networks in a pipeline: they read digits row by row, from top to bottom, as a
sequence of 8 steps with 8 features. And a forecaster: from 24 values of a chaotic
series it predicts the next 6, with half the error of a linear model and a quarter of
that of the last value repeated.
"""

import time

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    GRU,
    LSTM,
    Bidirectional,
    Conv1D,
    SimpleRNN,
    ToSequence,
    chain,
)


def mackey_glass(n, delay=17, steps_per_unit=10, warm_up=100):
    """Return n values of the chaotic series of Mackey and Glass (1977)."""
    lag, dt = delay * steps_per_unit, 1 / steps_per_unit
    x = np.full(lag + (n + warm_up) * steps_per_unit, 1.2)
    for t in range(lag, len(x) - 1):
        before = x[t - lag]
        x[t + 1] = x[t] + dt * (0.2 * before / (1 + before**10) - 0.1 * x[t])
    return x[lag + warm_up * steps_per_unit :: steps_per_unit]


def windows(series, n_past, n_future):
    """Return the values that are known and those to be predicted, one window a row."""
    both = np.lib.stride_tricks.sliding_window_view(series, n_past + n_future)
    return both[:, :n_past], both[:, n_past:]


def fitted(model, X, y):
    """Return the fitted model, and the seconds it took."""
    start = time.perf_counter()
    return model.fit(X, y), time.perf_counter() - start


print("Digits, row by row")
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
readers = {
    "SimpleRNN": SimpleRNN(32),
    "LSTM": LSTM(32),
    "GRU": GRU(32),
    "two GRUs": chain(GRU(32, return_sequences=True), GRU(32)),
    "Bidirectional(GRU)": Bidirectional(GRU(16)),
}
for name, reader in readers.items():
    network = NetworkClassifier(
        chain(ToSequence(n_features=8), reader),
        learning_rate=0.01,
        tol=0.02,
        n_iter_no_change=5,
        dtype=np.float32,
        random_state=0,
    )
    model, seconds = fitted(make_pipeline(MinMaxScaler(), network), X_train, y_train)
    score = model.score(X_test, y_test)
    print(f"{name:20} accuracy {score:.3f} {seconds:8.2f} s")
    assert score > 0.9

print("\nMackey-Glass, 6 steps ahead")
n_past, n_future = 24, 6
noise = 0.02 * np.random.default_rng(0).standard_normal(1500)
X, Y = windows(mackey_glass(1500) + noise, n_past, n_future)
cut = 1000  # the test windows have no value in common with the training windows
X_train, X_test = X[:cut], X[cut + n_past + n_future :]
Y_train, Y_test = Y[:cut], Y[cut + n_past + n_future :]

network = NetworkRegressor(
    chain(ToSequence(n_features=1), Conv1D(16, 5, "relu", padding="causal"), GRU(16)),
    learning_rate=0.01,
    tol=1e-3,
    n_iter_no_change=5,
    random_state=0,
)
forecasters = {
    "Ridge": make_pipeline(StandardScaler(), Ridge()),
    "Conv1D and GRU": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    ),
}
last_value = np.repeat(X_test[:, -1:], n_future, axis=1)
to_beat = mean_absolute_error(Y_test, last_value)
print(f"{'last value repeated':20} mean absolute error {to_beat:.4f}")
errors = {}
for name, forecaster in forecasters.items():
    model, seconds = fitted(forecaster, X_train, Y_train)
    errors[name] = mean_absolute_error(Y_test, model.predict(X_test))
    print(f"{name:20} mean absolute error {errors[name]:.4f} {seconds:8.2f} s")

assert errors["Conv1D and GRU"] < 0.7 * errors["Ridge"]
assert errors["Conv1D and GRU"] < 0.5 * to_beat
