"""Schedules: the factor of the learning rate at each moment of a training."""

from sklearn_nn._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
