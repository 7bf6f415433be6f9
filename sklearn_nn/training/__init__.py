"""The one training loop, and what flows through it."""

from sklearn_nn.training._data import Batch, Data, Group
from sklearn_nn.training._lbfgs import minimize_lbfgs
from sklearn_nn.training._loop import TrainingRun, train, train_together
from sklearn_nn.training._member_data import MemberData
from sklearn_nn.training._member_monitors import KeepBestEpoch, Kept
from sklearn_nn.training._monitors import (
    KeepBest,
    Monitor,
    Patience,
    Printer,
    Validation,
)
from sklearn_nn.training._pace import TimeLimit
from sklearn_nn.training._pruning import Prune, Pruning, density_of, prune
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState

__all__ = [
    "Batch",
    "Data",
    "Epoch",
    "Group",
    "KeepBest",
    "KeepBestEpoch",
    "Kept",
    "MemberData",
    "Monitor",
    "Outcome",
    "Patience",
    "Printer",
    "Prune",
    "Pruning",
    "Recipe",
    "TimeLimit",
    "TrainingRun",
    "TrainingState",
    "Validation",
    "density_of",
    "minimize_lbfgs",
    "prune",
    "train",
    "train_together",
]
