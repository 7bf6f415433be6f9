"""Pruning: take the smallest weights out of a network, while training or after it."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    InvalidParameterError,
    Network,
    OneOf,
    OptimizerState,
    Param,
    Rule,
    Spec,
    integer,
    number,
)
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch, TrainingState

SCOPES = OneOf(("global", "layer"))


@dataclass(eq=False, repr=False)
class Pruning(Spec):
    """Thin out a network while it is trained: the smallest weights go, and stay away.

    Between two moments of the training, counted from 0 to 1, the share of weights that
    are left falls from what it is, ``d_0``, to ``density``:
    ``d(t) = density + (d_0 - density) * (1 - (t - begin) / (end - begin))**3``.
    Fast at first, while there is much to spare, and slowly towards the end.

    Only weights between units take part, no biases: parameters of the group "weight"
    with two axes or more.

    Parameters
    ----------
    density : float, default=0.1
        Share of the weights that is left in the end, in (0, 1].
    begin : float, default=0.1
        When the first weights go, as a share of the epochs that the training may have.
    end : float, default=0.7
        When the last ones go; what is left is trained until 1.
    every : int, default=1
        After every so many epochs weights go.
    scope : {"global", "layer"}, default="global"
        Whether all weights of the network are compared, or those of each array, so that
        each keeps the same share. Compared are ``w**2 / sum(v**2)``, the sum over the
        weights v of the same array that are not smaller than w: so the scale of an
        array does not matter, and none is left without its largest weight.

    References
    ----------
    Zhu and Gupta, "To prune, or not to prune: exploring the efficacy of pruning for
    model compression", 2017, arXiv:1710.01878; equation 1. Lee, Park, Mo, Ahn and Shin,
    "Layer-adaptive sparsity for the magnitude-based pruning", ICLR 2021, for what is
    compared.

    Examples
    --------
    >>> from sklearn_nn.training import Pruning
    >>> pruning = Pruning(density=0.2, begin=0.0, end=0.5)
    >>> [round(pruning(t), 3) for t in (0.0, 0.25, 0.5, 1.0)]
    [1.0, 0.3, 0.2, 0.2]
    """

    density: float = 0.1
    begin: float = 0.1
    end: float = 0.7
    every: int = 1
    scope: str = "global"

    rules: ClassVar[Mapping[str, Rule]] = {
        "density": number(0, 1, "(]"),
        "begin": number(0, 1, "[]"),
        "end": number(0, 1, "[]"),
        "every": integer(1),
        "scope": SCOPES,
    }

    def check_values(self) -> None:
        """Raise InvalidParameterError if a value breaks its rule."""
        super().check_values()
        if self.begin > self.end:
            raise InvalidParameterError(
                f"`begin` of Pruning must be at most `end`={self.end!r}; got "
                f"{self.begin!r}."
            )

    def __call__(self, t: float, start: float = 1.0) -> float:
        """Return the share that is left at the moment ``t``, of ``start`` at first."""
        if t >= self.end:
            return self.density
        if t <= self.begin:
            return start
        passed = (t - self.begin) / (self.end - self.begin)
        return self.density + (start - self.density) * (1 - passed) ** 3


class Prune(Monitor):
    """Thins out the network after epochs, as a `Pruning` says.

    It comes before the other monitors: so these see the network that is left, and none
    of them ends the training before all weights have gone that shall go.

    Parameters
    ----------
    net : Network
    pruning : Pruning
    state : TrainingState
        Of the training that it watches.
    n_epochs : int
        The most epochs that this has.
    """

    def __init__(
        self, net: Network, pruning: Pruning, state: TrainingState, n_epochs: int
    ) -> None:
        self.pruning, self.state, self.n_epochs = pruning, state, n_epochs
        self.start, self.epochs = density_of(net), 0
        self.is_done = self.start <= pruning.density

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        if self.is_done:
            return False
        self.epochs += 1
        pruning, t = self.pruning, self.epochs / self.n_epochs
        self.is_done = t >= pruning.end
        if self.is_done or self.epochs % pruning.every == 0:
            density = pruning(t, self.start)
            prune(net, density, pruning.scope, self.state.optimizer)
        # What was best had more weights, and to stall is no reason to stop.
        self.state.best, self.state.stalled = -np.inf, 0
        return False


def prune(
    net: Network,
    density: float,
    scope: str = "global",
    optimizer: OptimizerState | None = None,
) -> None:
    """Leave the largest weights of ``net``, a share ``density``; take out the others.

    What is taken out is zero from then on, also in the slots of ``optimizer``, and
    missing in ``net.connections``. Nothing changes if no more than that is there. With
    members, the share is that of each.

    Parameters
    ----------
    net : Network
        Its parameters are changed in place.
    density : float
        Share of the weights that is left, in (0, 1].
    scope : {"global", "layer"}, default="global"
        As of `Pruning`.
    optimizer : OptimizerState, default=None
        The state of the optimizer with which the training goes on.
    """
    size, kept = net.params.size, net.connections
    left = np.ones(size, bool) if kept is None else kept.copy()
    for compared in _compared_slices(net, scope):
        _keep_largest(left, net.params, compared, density)
    if np.count_nonzero(left) == (size if kept is None else np.count_nonzero(kept)):
        return
    net.connections = left
    for slot in {} if optimizer is None else optimizer.slots.values():
        net.apply_mask(slot)


def density_of(net: Network) -> float:
    """Return the share of the weights that take part in pruning which is there."""
    counts = [count for name, count in net.counts().items() if name in _weights(net)]
    size = sum(count.size for count in counts)
    return sum(c.size - c.thinned for c in counts) / size if size else 1.0


def _weights(net: Network) -> dict[str, Param]:
    """Return the parameters that take part in pruning."""
    params = net.layout.params.items()
    return {n: p for n, p in params if p.group == "weight" and len(p.shape) > 1}


def _compared_slices(net: Network, scope: str) -> list[list[slice]]:
    """Return lists of slices; the weights of each list are compared."""
    lists = defaultdict(list)
    for name, param in _weights(net).items():
        start, size = net.layout.slices[name].start, math.prod(param.shape)
        for k in range(1 if param.shared else net.members or 1):
            alone = scope == "layer" or param.shared
            own = slice(start + k * size, start + (k + 1) * size)
            lists[k, name if alone else ""].append(own)
    return list(lists.values())


def _keep_largest(
    left: Array, params: Array, compared: list[slice], density: float
) -> None:
    """Leave a share of the weights in some slices, those with the largest scores."""
    sizes = np.concatenate([_scores(params[s], left[s]) for s in compared])
    n_out = sizes.size - max(1, round(density * sizes.size))
    keep = np.ones(sizes.size, bool)
    keep[np.argpartition(sizes, n_out)[:n_out]] = False
    for s in compared:
        own, keep = np.split(keep, [s.stop - s.start])
        left[s] &= own


def _scores(weights: Array, left: Array) -> Array:
    """Return the squares by the sum of those not smaller, -1 for what has gone."""
    squares = np.where(left, weights, 0).astype(np.float64) ** 2
    order = np.argsort(squares, kind="stable")
    totals = np.cumsum(squares[order][::-1])[::-1]
    scores = np.empty(squares.size)
    scores[order] = squares[order] / np.where(totals > 0, totals, 1)
    scores[~left] = -1
    return scores
