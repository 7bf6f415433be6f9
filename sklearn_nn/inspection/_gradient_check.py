"""check_gradient: finite differences against a block's backward."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_nn.core import Array, Block, Network, Shape, compile_network

EPS = 1e-6


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What `check_gradient` compared, in float64.

    Attributes
    ----------
    analytic, numeric : dict of str to ndarray
        Gradients by parameter path ("hidden/W"), and by "x" for the input.
    max_error : float
        The largest ``|analytic - numeric| / max(1, |numeric|)``.
    """

    analytic: dict[str, Array]
    numeric: dict[str, Array]
    max_error: float


def check_gradient(
    block: Block,
    in_shape: Shape,
    *,
    n: int = 3,
    members: int | None = None,
    seed: int = 0,
    tol: float = 1e-6,
) -> GradientCheck:
    """Compare the backward of a block with central differences, in float64.

    The function checked is ``sum(r * forward(x))`` with random ``r``, ``x`` and
    parameters. A block with noise gets the same noise at every evaluation.

    Parameters
    ----------
    block : Block
        The block to check, an own one included.
    in_shape : tuple of int
        Shape of one input row, without the batch axis.
    n : int, default=3
        Number of rows.
    members : int, default=None
        If given, the block is checked with this many members at once.
    seed : int, default=0
        Seed of parameters, input and noise.
    tol : float, default=1e-6
        Largest error allowed, relative where the derivative exceeds 1.

    Returns
    -------
    GradientCheck
        The gradients of both kinds and the largest error.

    Raises
    ------
    TypeError
        If ``block`` is not a block.
    AssertionError
        If an error exceeds ``tol``; the message names the parameter and both numbers.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense
    >>> from sklearn_nn.inspection import check_gradient
    >>> result = check_gradient(Dense(3, activation="tanh"), (4,))
    >>> sorted(result.analytic), result.max_error < 1e-8
    (['W', 'b', 'x'], True)
    """
    if not isinstance(block, Block):
        raise TypeError(f"`block` must be a block of sklearn_nn.blocks; got {block!r}.")
    rng = np.random.default_rng(seed)
    net = compile_network(block, in_shape, np.float64, rng, members)
    # A zero that some initializer left would sit on a kink, and hide a missing factor.
    net.params += 0.1 * rng.standard_normal(net.params.size)
    net.apply_mask(net.params)
    lead = () if members is None else (members,)
    x = rng.standard_normal((*lead, n, *in_shape))
    r = rng.standard_normal((*lead, n, *net.out_shape))

    def value() -> float:
        return float(np.sum(r * net.forward(x, np.random.default_rng(seed))))

    value()
    net.grads.fill(np.nan)  # a gradient that is added to, or forgotten, stays NaN
    dx = net.backward(r, need_dx=True)
    analytic = {**_copies(net, net.grads), "x": np.array(dx)}
    numeric_params = np.zeros_like(net.params)  # the gradient of state is zero
    numeric_params[: net.layout.n_trained] = _differences(value, net.trained)
    net.apply_mask(numeric_params)  # and so is that of a weight that is thinned out
    numeric = {**_copies(net, numeric_params), "x": _differences(value, x)}
    return _compare(block, analytic, numeric, tol)


def _copies(net: Network, flat: Array) -> dict[str, Array]:
    return {name: view.copy() for name, view in net.layout.named_views(flat).items()}


def _differences(value: Callable[[], float], array: Array) -> Array:
    """Return the central differences of ``value`` in every entry of ``array``."""
    slope, entries = np.empty(array.size), array.reshape(-1)
    for i, start in enumerate(entries.copy()):
        entries[i] = start + EPS
        above = value()
        entries[i] = start - EPS
        slope[i] = (above - value()) / (2 * EPS)
        entries[i] = start
    return slope.reshape(array.shape)


def _compare(
    block: Any, analytic: dict[str, Array], numeric: dict[str, Array], tol: float
) -> GradientCheck:
    worst = 0.0
    for name, exact in analytic.items():
        error = np.abs(exact - numeric[name]) / np.maximum(1, np.abs(numeric[name]))
        error = np.where(np.isnan(error), np.inf, error)
        if error.size and (top := error.max()) > tol:
            at = tuple(int(i) for i in np.unravel_index(error.argmax(), error.shape))
            raise AssertionError(
                f"The backward of {block!r} is not its derivative: for `{name}` at "
                f"{at} it says {exact[at]:.9g}, finite differences say "
                f"{numeric[name][at]:.9g} (error {top:.2g}, allowed {tol:.2g})."
            )
        worst = max(worst, float(error.max(initial=0.0)))
    return GradientCheck(analytic, numeric, worst)
