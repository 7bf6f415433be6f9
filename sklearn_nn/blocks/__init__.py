"""Differentiable maps; a network is a block."""

from sklearn_nn.blocks._activations import (
    Activation,
    Identity,
    Logistic,
    ReLU,
    Tanh,
)
from sklearn_nn.blocks._compose import Chain, chain
from sklearn_nn.blocks._dense import Dense
from sklearn_nn.blocks._dropout import Dropout

__all__ = [
    "Activation",
    "Chain",
    "Dense",
    "Dropout",
    "Identity",
    "Logistic",
    "ReLU",
    "Tanh",
    "chain",
]
