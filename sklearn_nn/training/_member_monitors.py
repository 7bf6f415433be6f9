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
        self._n_epochs = 0
        self._together = any(param.shared for param in layout.params.values())
        # In one tuple: Ctrl-C between two of them must not leave them apart.
        self._best = np.full(k, -np.inf), np.zeros(k, int), net.params.copy()
        self._views = layout.named_views(net.params)

    @property
    def best_scores(self) -> Array:
        """Return the best score of each member."""
        return self._best[0]

    @property
    def best_epochs(self) -> Array:
        """Return the number of the epoch that each member took it from; 0 for none."""
        return self._best[1]

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        self._n_epochs += 1
        losses, scores = self.evaluate(net)
        epoch.validation_loss = float(np.mean(losses))
        epoch.validation_score = float(np.mean(scores))
        if self._together:
            scores = np.full_like(scores, np.mean(scores))
        old_scores, old_epochs, params = self._best
        better = scores >= old_scores
        if better.all():
            params = net.params.copy()
        elif better.any():
            params = params.copy()
            for name, best in net.layout.named_views(params).items():
                best[better] = self._views[name][better]
        epochs = np.where(better, self._n_epochs, old_epochs)
        self._best = np.where(better, scores, old_scores), epochs, params
        return bool(self._n_epochs - self.best_epochs.max() >= self.patience)

    def finish(self, net: Network) -> None:
        if np.isfinite(self.best_scores).all():
            net.params[:] = self._best[2]
