"""The names of activations, and what each stands for."""

from collections.abc import Mapping
from typing import Any

from sklearn_nn.blocks.activations._activations import (
    Activation,
    Identity,
    Logistic,
    ReLU,
    Step,
    Tanh,
)
from sklearn_nn.blocks.activations._gates import GELU, Mish, SiLU
from sklearn_nn.blocks.activations._rectifiers import ELU, LeakyReLU, Softplus
from sklearn_nn.core import InvalidParameterError

ACTIVATIONS: Mapping[str, Activation] = {
    "elu": ELU(),
    "gelu": GELU(),
    "identity": Identity(),
    "leaky_relu": LeakyReLU(),
    "logistic": Logistic(),
    "mish": Mish(),
    "relu": ReLU(),
    "selu": ELU(alpha=1.6732632423543772, scale=1.0507009873554805),
    "silu": SiLU(),
    "softplus": Softplus(),
    "step": Step(),
    "tanh": Tanh(),
}


def as_activation(value: Any) -> Activation:
    """Return the activation that a name stands for, or the one given."""
    if isinstance(value, Activation):
        return value
    if isinstance(value, str) and value in ACTIVATIONS:
        return ACTIVATIONS[value]
    names = ", ".join(map(repr, ACTIVATIONS))
    raise InvalidParameterError(
        f"`activation` must be one of {names}, or an activation of sklearn_nn.blocks; "
        f"got {value!r}."
    )
