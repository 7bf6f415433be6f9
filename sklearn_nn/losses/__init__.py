"""Losses on raw outputs: value and gradient in one pass."""

from sklearn_nn.losses._classification import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_nn.losses._regression import HalfPoissonDeviance, HalfSquaredError

__all__ = [
    "HalfPoissonDeviance",
    "HalfSquaredError",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
]
