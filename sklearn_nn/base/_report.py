"""How a training went: fitted attributes, and what is said where it went badly."""

import warnings
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_nn.core import Network
from sklearn_nn.training import Epoch, Outcome

MOST_STREAMED = 1000  # epochs that `history_` keeps of calls to partial_fit


class TrainingReport:
    """Keeps ``history_`` and what follows from it, epoch by epoch.

    So callbacks find a complete estimator also while it is trained.
    """

    early_stopping: bool
    _targets: Any

    @property
    def loss_curve_(self) -> list[float]:
        """Return the training loss of every epoch."""
        return self.history_["loss"]

    @property
    def validation_scores_(self) -> list[float] | None:
        """Return the validation score of every epoch; None without early stopping."""
        stops = self.best_validation_score_ is not None
        return self.history_["validation_score"] if stops else None

    def _init_fitted_attributes(self, is_first_fit: bool) -> None:
        """Set what a fitted estimator has before its first epoch."""
        self.n_outputs_ = self._targets.n_raw
        self.out_activation_ = self._targets.loss.link
        self.n_iter_ = 0
        if is_first_fit:
            self.t_, self.loss_ = 0, np.nan
            self.best_loss_: float | None = None
            self.best_validation_score_: float | None = None
        # New lists: a copy of the estimator may hold the old ones.
        old = {} if is_first_fit else self.history_
        self.history_: dict[str, list[Any]] = {
            field.name: list(old.get(field.name, [])) for field in fields(Epoch)
        }
        if self.early_stopping:
            top = self.best_validation_score_
            self.best_validation_score_ = -np.inf if top is None else top
            self.best_loss_ = None
        else:
            self.best_loss_ = np.inf if self.best_loss_ is None else self.best_loss_
            self.best_validation_score_ = None

    def _next_epoch(self) -> int:
        """Return the number of the next epoch, from 1."""
        return self.history_["epoch"][-1] + 1 if self.history_["epoch"] else 1

    def _forget_epochs(self) -> None:
        """Drop the oldest epochs of a stream of calls to ``partial_fit``."""
        for column in self.history_.values():
            del column[:-MOST_STREAMED]

    def _record_epoch(self, epoch: Epoch) -> None:
        """Add an epoch to the fitted attributes."""
        for name, value in vars(epoch).items():
            self.history_[name].append(value)
        self.n_iter_ += 1
        self.loss_ = epoch.loss
        if self.best_loss_ is not None:
            self.best_loss_ = min(self.best_loss_, epoch.loss)
        if self.best_validation_score_ is not None:
            top = max(self.best_validation_score_, epoch.validation_score)
            self.best_validation_score_ = top

    def _snapshot(self, net: Network) -> dict[str, Any]:
        """Return copies of what training goes on to change, for callbacks to keep."""
        history = {name: list(column) for name, column in self.history_.items()}
        return {"_network": net.copy(), "history_": history}


def check_diverged(
    networks: Sequence[Network], best_is_kept: bool, outcome: Outcome, advice: str
) -> None:
    """Raise if the weights are lost; warn if those of the best score are back."""
    finite = all(np.isfinite(net.params).all() for net in networks)
    if finite and not outcome.diverged:
        return
    what = "".join(
        f"The training loss became {last.loss} in epoch {last.epoch}. "
        for last in outcome.epochs[-1:]
    )
    if finite and best_is_kept:
        warnings.warn(
            f"{what}The weights of the best validation score were kept. {advice}",
            ConvergenceWarning,
            stacklevel=6,
        )
        return
    raise ValueError(
        "Solver produced non-finite parameter weights. The input data may contain "
        f"large values and need to be preprocessed. {what}{advice}"
    )


def convergence_message(estimator: Any, outcome: Outcome) -> str:
    """Return what to warn of when a limit ended the training before it converged."""
    if estimator._optimizer() is None:
        return (
            f"L-BFGS ended after {estimator.n_iter_} iterations before it converged: "
            f"{outcome.reason}. Raise `max_iter`={estimator.max_iter} or `max_fun`="
            f"{estimator.max_fun}, or scale the columns of `X`."
        )
    return (
        f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and "
        "the optimization hasn't converged yet."
    )
