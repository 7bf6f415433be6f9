"""How a training went: fitted attributes, and what is said where it went badly."""

import inspect
import warnings
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_nn.core import Network, max_abs, single_blas_thread
from sklearn_nn.training import Data, Epoch, Outcome

MOST_STREAMED = 1000  # epochs that `history_` keeps of calls to partial_fit
LARGE = 1e6  # parameters below that make no output infinite
HARDLY = 0.01  # of the first loss is left where it did not fall by much
# Parts of scikit-learn that call the fit of one estimator, once.
OF_ONE = (
    *("sklearn.base", "sklearn.pipeline", "sklearn.compose._target"),
    *("sklearn.callback", "sklearn.utils"),
)


class TrainingReport:
    """Keeps ``history_`` and what follows from it, epoch by epoch; looks at the end.

    So callbacks find a complete estimator also while it is trained.
    """

    early_stopping: bool
    _targets: Any
    _network: Network
    _rate_name: ClassVar[str]

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
            self.history_: dict[str, list[Any]] = {f.name: [] for f in fields(Epoch)}
        else:  # new lists: a copy of the estimator may hold the old ones
            self.history_ = {name: old[:] for name, old in self.history_.items()}
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
        if len(self.history_["epoch"]) > MOST_STREAMED:
            for column in self.history_.values():
                del column[:-MOST_STREAMED]

    def _record_epoch(self, epoch: Epoch) -> None:
        """Add an epoch to the fitted attributes."""
        write_epoch(epoch, self.history_)
        self.loss_ = epoch.loss
        if self.best_loss_ is not None:
            self.best_loss_ = min(self.best_loss_, epoch.loss)
        if self.best_validation_score_ is not None:
            top = max(self.best_validation_score_, epoch.validation_score)
            self.best_validation_score_ = top
        self.n_iter_ += 1

    def _check_outcome(
        self, outcome: Outcome, data: Data, incremental: bool
    ) -> str | None:
        """Raise if training has failed; return what is to be warned of."""
        report_interrupt(outcome.interrupt, f"in epoch {outcome.epochs[-1].epoch + 1}")
        best = self.best_validation_score_
        is_kept = best is not None and bool(np.isfinite(best))
        advice = f"Lower `{self._rate_name}`, or scale the columns of `X`."
        X = data.some_rows(8 if incremental else 64)
        check_diverged([self._network], X, is_kept, outcome, advice)
        if outcome.interrupt or outcome.diverged or incremental:
            return None
        return convergence_message(self, outcome, data, advice)

    def _snapshot(self, net: Network) -> dict[str, Any]:
        """Return copies of what training goes on to change, for callbacks to keep."""
        history = {name: list(column) for name, column in self.history_.items()}
        return {"_network": net.copy(), "history_": history}


def write_epoch(epoch: Epoch, history: dict[str, list[Any]]) -> None:
    """Write ``epoch`` to its place in all columns; again, if Ctrl-C came in between."""
    numbers = history["epoch"]
    place = epoch.epoch - numbers[0] if numbers else 0
    for name, value in vars(epoch).items():
        history[name][place:] = [value]


def report_interrupt(
    interrupt: KeyboardInterrupt | None, when: str, stacklevel: int = 7
) -> None:
    """Warn that Ctrl-C ended the training; where others follow it, raise it again.

    A search that went on would take what was half trained for the real thing.
    """
    if interrupt is None:
        return
    if _is_one_of_many():
        raise interrupt
    warnings.warn(
        f"Training interrupted by user {when}; what was learned before is kept.",
        stacklevel=stacklevel,
    )


def _is_one_of_many() -> bool:
    """Whether a search, a cross-validation or an ensemble calls fit."""
    frame = inspect.currentframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(("sklearn.", "joblib.")) and not module.startswith(OF_ONE):
            return True
        frame = frame.f_back
    return False


def check_diverged(
    networks: Sequence[Network],
    X: Any,
    best_is_kept: bool,
    outcome: Outcome,
    advice: str,
) -> None:
    """Raise if the weights are lost; warn if those of the best score are back.

    ``X`` are some rows of the training: the outputs for them must be finite, too.
    """
    with single_blas_thread():
        finite = all(_is_finite(net, X) for net in networks)
    if finite and not outcome.diverged:
        return
    last = outcome.epochs[-1]
    what = f"The training loss became {last.loss} in epoch {last.epoch}. "
    if not outcome.diverged:
        what = f"That happened in the last steps of epoch {last.epoch}. "
    if finite and best_is_kept:
        warnings.warn(
            f"{what}The weights of the best validation score were kept. {advice}",
            ConvergenceWarning,
            stacklevel=7,
        )
        return
    raise ValueError(
        "Solver produced non-finite parameter weights or outputs. The input data may "
        f"contain large values and need to be preprocessed. {what}{advice}"
    )


def _is_finite(net: Network, X: Any) -> bool:
    """Whether parameters and outputs are finite, where large ones leave a doubt."""
    if not np.isfinite(net.params).all():
        return False
    if max_abs(net.trained) < LARGE:
        return True
    with np.errstate(all="ignore"):
        return bool(np.isfinite(net.infer(X)).all())


def convergence_message(
    estimator: Any, outcome: Outcome, data: Data, advice: str
) -> str | None:
    """Return what to warn of after a training that was left to its end, if anything.

    That is a loss far above that of constant predictions; and a limit that ended a
    training which had not converged.
    """
    first, last = outcome.epochs[0], outcome.epochs[-1]
    rose = last.loss > first.loss
    if rose or (outcome.stopped and last.loss > HARDLY * first.loss):
        constant, zero = _losses_of_constants(estimator._targets.loss, data)
        # What has fallen must be much further off, without what is but the penalty.
        factor, off = (10.0, 0.0) if rose else (1e4, _penalty(estimator, data))
        if last.loss - off > factor * max(constant, zero) > 0:
            return (
                f"The training has diverged: its loss was {first.loss:.3g} in epoch "
                f"{first.epoch} and {last.loss:.3g} in epoch {last.epoch}; that of a "
                f"constant prediction is {constant:.3g}. {advice}"
            )
    if outcome.stopped:
        return None
    if estimator._optimizer() is None:
        return (
            f"L-BFGS ended after {estimator.n_iter_} iterations before it converged: "
            f"{outcome.reason}. Raise `max_iter`={estimator.max_iter} or `max_fun`="
            f"{estimator.max_fun}, or scale the columns of `X`."
        )
    patience = estimator.n_iter_no_change
    if patience == np.inf or estimator._schedule().spans_training:
        return None  # it ended when it was meant to
    watched = "validation score" if estimator.early_stopping else "training loss"
    return (
        f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and "
        f"the optimization hasn't converged yet: the {watched} has not stalled, with "
        f"changes below `tol`={estimator.tol}, for `n_iter_no_change`={patience} "
        "epochs. Raise `max_iter`; or raise `tol` to be content with less."
    )


def _penalty(estimator: Any, data: Data) -> float:
    """Return the part of the loss that is due to the size of the weights."""
    net = estimator._network
    weights = net.params[: net.layout.n_weights].astype(np.float64)
    with np.errstate(all="ignore"):  # weights of a training that has diverged
        squares = float(weights @ weights)
    return 0.5 * float(estimator.alpha) * squares / (len(data) * data.mean_weight)


def _losses_of_constants(loss: Any, data: Data) -> tuple[float, float]:
    """Return the mean losses of the best constant output, and of zeros."""
    rows: Any = slice(None) if data.rows is None else data.rows
    y = data.y[rows]
    w = None if data.w is None else data.w[rows]
    with np.errstate(all="ignore"):
        best = np.tile(loss.start(y, w), (len(y), 1))
        both = [loss.value(y, raw, w) for raw in (best, np.zeros_like(best))]
    return float(both[0]), float(both[1])
