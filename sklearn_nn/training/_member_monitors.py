"""KeepBestMembers: each member of a network ends with its best parameters."""

from collections.abc import Callable

import numpy as np

from sklearn_nn.core import Array, Network
from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch


class KeepBestMembers(Monitor):
    """Restores for each member the parameters of its best epoch; at a tie the latest.

    ``evaluate(net)`` returns loss and score on the validation rows, each (k,). Training
    ends when no member got better for ``patience`` epochs. Members that share
    parameters are judged by their mean score.
    """

    def __init__(
        self,
        net: Network,
        evaluate: Callable[[Network], tuple[Array, Array]],
        patience: float = np.inf,
    ) -> None:
        k, layout = net.members or 1, net.layout
        self.evaluate, self.patience = evaluate, patience
        self.best_scores = np.full(k, -np.inf)
        self.best_epochs, self._n_epochs = np.zeros(k, int), 0
        self._together = any(param.shared for param in layout.params.values())
        self._best = net.params.copy()
        self._best_views = layout.named_views(self._best)
        self._views = layout.named_views(net.params)

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        self._n_epochs += 1
        losses, scores = self.evaluate(net)
        epoch.validation_loss = float(np.mean(losses))
        epoch.validation_score = float(np.mean(scores))
        if self._together:
            scores = np.full_like(scores, np.mean(scores))
        better = scores >= self.best_scores
        self.best_scores[better] = scores[better]
        self.best_epochs[better] = self._n_epochs
        if better.all():
            self._best[:] = net.params
        elif better.any():
            for name, best in self._best_views.items():
                best[better] = self._views[name][better]
        return bool(self._n_epochs - self.best_epochs.max() >= self.patience)

    def finish(self, net: Network) -> None:
        if np.isfinite(self.best_scores).all():
            net.params[:] = self._best
