"""Schedules: how the learning rate changes while training."""

from sklearn_nn.schedules._schedules import Adaptive, Constant, InverseScaling

__all__ = ["Adaptive", "Constant", "InverseScaling"]
