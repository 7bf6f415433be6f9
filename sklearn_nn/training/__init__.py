"""The one training loop, and what flows through it."""

from sklearn_nn.training._binary_problem import BinaryProblem
from sklearn_nn.training._data import Batch, Data, Group
from sklearn_nn.training._lbfgs import minimize_lbfgs
from sklearn_nn.training._loop import Course, train, train_together
from sklearn_nn.training._member_data import MemberData
from sklearn_nn.training._member_monitors import KeepBestMembers
from sklearn_nn.training._monitors import (
    KeepBest,
    Monitor,
    Patience,
    Printer,
    Validation,
)
from sklearn_nn.training._online import learn
from sklearn_nn.training._pruning import Prune, Pruning, density_of, prune
from sklearn_nn.training._rows import training_rows
from sklearn_nn.training._slope import fit_slope
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState
from sklearn_nn.training._witnesses import Averaged, Pocket, Witness

__all__ = [
    "Averaged",
    "Batch",
    "BinaryProblem",
    "Course",
    "Data",
    "Epoch",
    "Group",
    "KeepBest",
    "KeepBestMembers",
    "MemberData",
    "Monitor",
    "Outcome",
    "Patience",
    "Pocket",
    "Printer",
    "Prune",
    "Pruning",
    "Recipe",
    "TrainingState",
    "Validation",
    "Witness",
    "density_of",
    "fit_slope",
    "learn",
    "minimize_lbfgs",
    "prune",
    "train",
    "train_together",
    "training_rows",
]
