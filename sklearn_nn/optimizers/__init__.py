"""Optimizers: arithmetic on the flat parameter vector."""

from sklearn_nn.optimizers._adam import Adam
from sklearn_nn.optimizers._adamw import AdamW
from sklearn_nn.optimizers._sgd import SGD

__all__ = ["SGD", "Adam", "AdamW"]
