"""The one training loop, and what flows through it."""

from sklearn_nn.training._data import Batch, Data
from sklearn_nn.training._lbfgs import minimize_lbfgs
from sklearn_nn.training._loop import train
from sklearn_nn.training._monitors import (
    KeepBest,
    Monitor,
    Patience,
    Printer,
    Validation,
)
from sklearn_nn.training._state import Epoch, Outcome, Recipe, TrainingState

__all__ = [
    "Batch",
    "Data",
    "Epoch",
    "KeepBest",
    "Monitor",
    "Outcome",
    "Patience",
    "Printer",
    "Recipe",
    "TrainingState",
    "Validation",
    "minimize_lbfgs",
    "train",
]
