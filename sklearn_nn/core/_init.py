"""Initializers: each fills a view with the initial values of one parameter."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_nn.core._layout import Init


def zeros(rng: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill with zeros."""
    out[...] = 0


def uniform(bound: float) -> Init:
    """Return an initializer that draws from [-bound, bound).

    The draws are made in float64, so that float32 and float64 networks start alike.
    """

    def init(rng: np.random.Generator, out: NDArray[Any]) -> None:
        out[...] = rng.uniform(-bound, bound, out.shape)

    return init
