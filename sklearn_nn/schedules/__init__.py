"""Schedules: the factor of the learning rate at each moment of a training."""

from sklearn_nn.schedules._cosine import Cosine
from sklearn_nn.schedules._schedules import Adaptive, Constant, InverseScaling
from sklearn_nn.schedules._tabular import CosineLog, FlatCosine

__all__ = [
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineLog",
    "FlatCosine",
    "InverseScaling",
]
