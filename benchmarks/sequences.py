"""Sequences: recurrent blocks against torch, an epoch of classification each."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.models import has_torch
from benchmarks.timing import medians
from sklearn_nn.blocks import GRU, LSTM, Dense, SimpleRNN, chain
from sklearn_nn.core import compile_network, single_blas_thread
from sklearn_nn.losses import SoftmaxCrossEntropy
from sklearn_nn.optimizers import Adam

Row = dict[str, Any]
Calls = dict[str, Callable[[], Any]]
KINDS = {"RNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM}
CLASSES = 3
# Rows, time steps, features, units, batch size.
SIZES = {
    "as tabular": (500, 100, 8, 64, 50),
    "narrow, long": (200, 400, 1, 16, 20),
    "wide, short": (1000, 20, 64, 256, 100),
}
TINY = {"tiny": (20, 5, 2, 4, 10)}


def rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per size and kind: milliseconds of an epoch, torch's by ours.

    Both on one thread: the products of most steps are too small for a second.
    """
    for size, sizes in (TINY if quick else SIZES).items():
        n, time, d, units, batch = sizes
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, time, d), dtype=np.float32)
        y = rng.integers(0, CLASSES, n)
        for kind in KINDS:
            calls: Calls = {"ours": _epoch(kind, units, batch, X, y)}
            if has_torch():
                calls["torch"] = _torch_epoch(kind, units, batch, X, y)
            yield _row(f"{kind}, {size}", calls, rounds)


def _row(name: str, calls: Calls, rounds: int) -> Row:
    times = medians(calls, rounds)
    row: Row = {"sequences": name} | {k: 1e3 * t for k, t in times.items()}
    return row | {"ratio": times["torch"] / times["ours"]} if "torch" in times else row


def _epoch(kind: str, units: int, batch: int, X: Any, y: Any) -> Callable[[], Any]:
    rng, loss, adam = np.random.default_rng(0), SoftmaxCrossEntropy(), Adam()
    net = chain(KINDS[kind](units), Dense(CLASSES))
    net = compile_network(net, X.shape[1:], X.dtype, rng)
    state = adam.init(net.params)
    d_raw = np.empty((batch, CLASSES), X.dtype)

    def epoch() -> None:
        with single_blas_thread():
            for rows in np.split(rng.permutation(len(X)), len(X) // batch):
                loss.value_and_grad(y[rows], net.forward(X[rows], rng), None, d_raw)
                net.backward(d_raw)
                adam.step(state, net.params, net.grads, 1e-3)

    return epoch


def _torch_epoch(
    kind: str, units: int, batch: int, X: Any, y: Any
) -> Callable[[], Any]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    rnn = getattr(nn, kind)(X.shape[-1], units, batch_first=True)
    head = nn.Linear(units, CLASSES)
    params = [*rnn.parameters(), *head.parameters()]
    adam = torch.optim.Adam(params, lr=1e-3, fused=True)
    loss_of = nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)

    def epoch() -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        for rows in torch.randperm(len(X)).split(batch):
            adam.zero_grad()
            last = rnn(inputs[rows])[0][:, -1]
            loss_of(head(last), targets[rows]).backward()
            adam.step()
        torch.set_num_threads(threads)

    return epoch
