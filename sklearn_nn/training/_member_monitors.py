"""KeepBestEpoch: networks that train together end as they were in their best epoch."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sklearn_nn.core import Array, Clock, Network
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch


class Kept(NamedTuple):
    """The best epoch, 0 for none: scores of all members, parameters of all networks.

    ``later`` are the networks as they were one cycle later.
    """

    epoch: int = 0
    score: float = -np.inf
    scores: Array = np.empty(0)
    params: tuple[Array, ...] = ()
    later: tuple[Network, ...] = ()


class KeepBestEpoch(Monitor):
    """Sets networks that train together to their best epoch, and ends the training.

    The mean over all members decides, at a tie the latest epoch: the validation rows of
    one member are too few to tell its own best epoch.

    Parameters
    ----------
    networks : sequence of Network
        What is trained.
    evaluate : callable
        Returns losses and scores of all members on their validation rows, (k,) each.
    clock : Clock
        How far the training has come.
    ends_cycle : callable
        Whether a cycle of the rate ends with an epoch, from its start and its end on
        the clock; `CosineLog.ends_cycle`.
    tol : float, default=-inf
        Training ends after a cycle that did not lower the loss by this share of it.
    patience : float, default=inf
        Training ends after so many epochs without a better score.
    snapshots : bool, default=False
        Whether only the last epoch of a cycle may be the best, and the networks at the
        end of the next cycle are kept as well. Other epochs are not looked at, but for
        the last one of a training that ended within its first cycle.

    Attributes
    ----------
    kept : Kept
        The best epoch so far.

    References
    ----------
    Huang, Li, Pleiss, Liu, Hopcroft and Weinberger, "Snapshot ensembles: train 1, get M
    for free", ICLR 2017.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        evaluate: Callable[[], tuple[Array, Array]],
        clock: Clock,
        ends_cycle: Callable[[float, float], bool],
        tol: float = -np.inf,
        patience: float = np.inf,
        *,
        snapshots: bool = False,
    ) -> None:
        self.networks, self.evaluate = networks, evaluate
        self.clock, self.ends_cycle = clock, ends_cycle
        self.tol, self.patience, self.snapshots = tol, patience, snapshots
        self.kept = Kept()  # in one tuple, which Ctrl-C cannot tear apart
        self._cycle_loss = np.inf
        self._last: Epoch | None = None

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        self._last, now = epoch, self.clock.progress
        ends_cycle = self.ends_cycle(now - now / epoch.epoch, now)
        if self.snapshots and not ends_cycle:
            return False
        self._look_at(epoch)
        stops = epoch.epoch - self.kept.epoch >= self.patience
        if ends_cycle:
            loss = epoch.validation_loss
            before, self._cycle_loss = self._cycle_loss, loss
            pays = before == np.inf or loss <= before - self.tol * abs(before)
            stops |= self.tol > -np.inf and not pays
        return stops

    def finish(self, net: Network) -> None:
        if self._last is not None and not self.kept.epoch:
            self._look_at(self._last)
        for own, params in zip(self.networks, self.kept.params, strict=False):
            own.params[:] = params

    def _look_at(self, epoch: Epoch) -> None:
        """Write loss and score into the epoch, and keep it if it is to be kept."""
        losses, scores = self.evaluate()
        known = scores[~np.isnan(scores)]  # the rows of a fold may allow no score
        epoch.validation_loss = float(losses.mean())
        epoch.validation_score = score = float(known.mean()) if known.size else np.nan
        if score > -np.inf:
            self._keep(epoch.epoch, score, scores)

    def _keep(self, number: int, score: float, scores: Array) -> None:
        """Keep the epoch if it is better, or the first of the cycle ends after it."""
        if score >= self.kept.score:
            params = tuple(own.params.copy() for own in self.networks)
            self.kept = Kept(number, score, scores, params)
        elif self.snapshots and not self.kept.later:
            later = tuple(own.copy() for own in self.networks)
            self.kept = self.kept._replace(later=later)
