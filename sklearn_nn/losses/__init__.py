"""Losses on raw outputs: value and gradient."""

from sklearn_nn.losses._classification import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_nn.losses._huber import HuberLoss
from sklearn_nn.losses._quantile import AbsoluteError, PinballLoss
from sklearn_nn.losses._regression import (
    HalfGammaDeviance,
    HalfPoissonDeviance,
    HalfSquaredError,
)

__all__ = [
    "AbsoluteError",
    "HalfGammaDeviance",
    "HalfPoissonDeviance",
    "HalfSquaredError",
    "HuberLoss",
    "PinballLoss",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
]
