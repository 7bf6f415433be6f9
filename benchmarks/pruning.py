"""Pruning: a thinned-out network against the same one with all its connections."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.timing import medians
from sklearn_nn.blocks import Dense, chain
from sklearn_nn.core import Array, Network, compile_network

Row = dict[str, Any]
Step = Callable[[Network, Array], None]
DEPTH = 3
WIDTHS = (256, 512, 1024, 2048)
DENSITIES = (0.1, 0.05, 0.02)
ROWS = (1, 64, 256, 1024)


def rows(rounds: int, quick: bool) -> Iterator[Row]:
    """Yield one row per size, for inference and for gradients: milliseconds."""
    widths, counts = ((16,), (1, 64)) if quick else (WIDTHS, ROWS)
    steps: dict[str, Step] = {"infer": Network.infer, "gradient": _gradient}
    for width in widths:
        for density in DENSITIES:
            thin, full = _networks(width, density)
            for name, step in steps.items():
                for n in counts:
                    x = np.ones((n, width), np.float32)
                    calls = {"full": partial(step, full, x)}
                    calls["thin"] = partial(step, thin, x)
                    times = medians(calls, rounds)
                    own: Row = {"pruning": f"{name} {n}x{width}, {density:.0%}"}
                    own |= {k: 1e3 * t for k, t in times.items()}
                    yield own | {"ratio": times["full"] / times["thin"]}


def _networks(width: int, density: float) -> tuple[Network, Network]:
    """Return a thinned-out network, and the same with zeros for what is not there."""
    block = chain(*[Dense(width, "relu", mask=density) for _ in range(DEPTH)])
    thin = compile_network(block, (width,), np.float32, np.random.default_rng(0))
    full = thin.copy()
    full.connections = None
    return thin, full


def _gradient(net: Network, x: Array) -> None:
    net.backward(net.forward(x))
