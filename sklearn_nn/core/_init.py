"""Initializers: each fills a view with the initial values of one parameter."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_nn.core._layout import Init


def make_generator(seed: int) -> np.random.Generator:
    """Return the generator of a training."""
    return np.random.Generator(np.random.PCG64DXSM(seed))


def zeros(rng: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill ``out`` with zeros; ``rng`` is not needed."""
    out[...] = 0


def uniform(bound: float) -> Init:
    """Return an initializer that draws uniformly from [-``bound``, ``bound``).

    The draws are made in float64, so that float32 and float64 networks start alike.
    """

    def init(rng: np.random.Generator, out: NDArray[Any]) -> None:
        out[...] = rng.uniform(-bound, bound, out.shape)

    return init


def normal(std: float) -> Init:
    """Return an initializer that draws from a normal distribution of mean 0.

    Its standard deviation is ``std``. The draws are made in float64, so that
    float32 and float64 networks start alike.
    """

    def init(rng: np.random.Generator, out: NDArray[Any]) -> None:
        out[...] = rng.normal(0, std, out.shape)

    return init


def constant(value: float) -> Init:
    """Return an initializer that fills with ``value``."""

    def init(rng: np.random.Generator, out: NDArray[Any]) -> None:
        out[...] = value

    return init


def orthogonal(rng: np.random.Generator, out: NDArray[Any]) -> None:
    """Fill with random matrices of orthonormal columns, or rows if these are fewer.

    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning
    in deep linear neural networks", ICLR 2014.
    """
    tall = out if out.shape[-2] >= out.shape[-1] else out.mT
    q, r = np.linalg.qr(rng.standard_normal(tall.shape))
    # With the signs of r, all such matrices are equally likely.
    tall[...] = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
