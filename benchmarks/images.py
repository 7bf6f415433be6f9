"""Images: a small GoogLeNet, and its kinds of layers, against torch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.models import has_torch
from benchmarks.timing import medians
from sklearn_nn.blocks import (
    Conv2D,
    Dense,
    GlobalAveragePool,
    MaxPool2D,
    chain,
    inception,
)
from sklearn_nn.core import Block, compile_network, single_blas_thread
from sklearn_nn.losses import SoftmaxCrossEntropy
from sklearn_nn.optimizers import Adam

Row = dict[str, Any]
Calls = dict[str, Callable[[], Any]]
BATCH = 64
# Filters of the two modules, in the columns of the paper's table 1.
MODULES = (16, 24, 32, 8, 8, 8), (32, 32, 64, 8, 16, 16)
# A layer's name, the shape of a row and its block.
LAYERS: dict[str, tuple[tuple[int, int, int], Block]] = {
    "conv 3x3, 1 -> 32": ((28, 28, 1), Conv2D(32, 3)),
    "conv 5x5, 16 -> 32": ((14, 14, 16), Conv2D(32, 5)),
    "conv 3x3, 64 -> 64": ((14, 14, 64), Conv2D(64, 3)),
    "conv 1x1, 128 -> 32": ((14, 14, 128), Conv2D(32, 1)),
    "conv 3x3, 128 -> 128": ((7, 7, 128), Conv2D(128, 3)),
    "max pool 2x2": ((28, 28, 32), MaxPool2D()),
    "max pool 3x3": ((14, 14, 64), MaxPool2D(3, 1, "same")),
}


def rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per network or layer: milliseconds, and torch's by ours.

    Our products keep to one thread, as a training of this size makes them; torch takes
    as many as there are cores.
    """
    n = BATCH if quick else 2048
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 28, 28, 1), dtype=np.float32)
    y = rng.integers(0, 10, n)
    epoch: Calls = {"ours": _epoch(X, y)}
    if has_torch():
        epoch["torch"] = _torch_epoch(X, y)
    with single_blas_thread():
        yield _row(f"small GoogLeNet, {n} rows", epoch, rounds)
        for name, (shape, block) in LAYERS.items():
            x = rng.standard_normal((BATCH, *shape), dtype=np.float32)
            step: Calls = {"ours": _step(block, x)}
            if has_torch():
                step["torch"] = _torch_step(block, x)
            yield _row(name, step, 10 * rounds)


def _row(name: str, calls: Calls, rounds: int) -> Row:
    times = medians(calls, rounds)
    row: Row = {"network or layer": name} | {k: 1e3 * t for k, t in times.items()}
    return (
        row | {"torch / ours": times["torch"] / times["ours"]}
        if "torch" in times
        else row
    )


def small_googlenet() -> Block:
    """Return a stem, two inception modules and a classifier for 28 x 28 images."""
    first, second = (inception(*filters) for filters in MODULES)
    stem = Conv2D(32, 3, "relu"), MaxPool2D()
    return chain(*stem, first, second, MaxPool2D(), GlobalAveragePool(), Dense(10))


def _epoch(X: Any, y: Any) -> Callable[[], Any]:
    rng, loss, adam = np.random.default_rng(0), SoftmaxCrossEntropy(), Adam()
    net = compile_network(small_googlenet(), X.shape[1:], X.dtype, rng)
    state = adam.init(net.params)
    d_raw = np.empty((BATCH, 10), X.dtype)

    def epoch() -> None:
        for rows in np.split(rng.permutation(len(X)), len(X) // BATCH):
            loss.value_and_grad(y[rows], net.forward(X[rows], rng), None, d_raw)
            net.backward(d_raw)
            adam.step(state, net.params, net.grads, 1e-3)

    return epoch


def _step(block: Block, x: Any) -> Callable[[], Any]:
    rng = np.random.default_rng(0)
    net = compile_network(block, x.shape[1:], x.dtype, rng)
    dy = np.ones((len(x), *net.out_shape), x.dtype)

    def step() -> None:
        net.forward(x, rng)
        net.backward(dy, need_dx=x.shape[-1] > 1)

    return step


def _torch_epoch(X: Any, y: Any) -> Callable[[], Any]:
    import torch
    from torch import nn

    torch.manual_seed(0)

    def conv(d_in: int, filters: int, size: int) -> Any:
        return nn.Sequential(_torch_conv(d_in, filters, size), nn.ReLU())

    class Inception(nn.Module):
        def __init__(self, d: int, n1: int, r3: int, n3: int, r5: int, n5: int, p: int):
            super().__init__()
            pool = nn.MaxPool2d(3, stride=1, padding=1)
            self.branches = nn.ModuleList(
                [
                    conv(d, n1, 1),
                    nn.Sequential(conv(d, r3, 1), conv(r3, n3, 3)),
                    nn.Sequential(conv(d, r5, 1), conv(r5, n5, 5)),
                    nn.Sequential(pool, conv(d, p, 1)),
                ]
            )

        def forward(self, x: Any) -> Any:
            return torch.cat([branch(x) for branch in self.branches], dim=1)

    modules = Inception(32, *MODULES[0]), Inception(64, *MODULES[1])
    ends = nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10)
    net = nn.Sequential(conv(1, 32, 3), nn.MaxPool2d(2), *modules, *ends)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    loss_of = nn.CrossEntropyLoss()
    inputs, targets = _channels_first(X), torch.from_numpy(y)

    def epoch() -> None:
        for rows in torch.randperm(len(X)).split(BATCH):
            adam.zero_grad()
            loss_of(net(inputs[rows]), targets[rows]).backward()
            adam.step()

    return epoch


def _torch_step(block: Any, x: Any) -> Callable[[], Any]:
    import torch
    from torch import nn

    if isinstance(block, Conv2D):
        layer = _torch_conv(x.shape[-1], block.filters, block.kernel_size)
    else:
        same = block.padding == "same"
        layer = nn.MaxPool2d(block.size, block.stride, block.size // 2 if same else 0)
    inputs = _channels_first(x).requires_grad_(x.shape[-1] > 1)
    dy = torch.ones_like(layer(inputs))

    def step() -> None:
        layer.zero_grad()
        inputs.grad = None
        layer(inputs).backward(dy)

    return step


def _torch_conv(d_in: int, filters: int, size: Any) -> Any:
    from torch import nn

    return nn.Conv2d(d_in, filters, size, padding=size // 2)


def _channels_first(X: Any) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(X, -1, 1)))
