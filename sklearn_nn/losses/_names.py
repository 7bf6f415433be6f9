"""The names of losses for numbers, and what each stands for."""

from collections.abc import Mapping

from sklearn_nn.core import Loss
from sklearn_nn.losses._absolute_error import AbsoluteError
from sklearn_nn.losses._half_gamma_deviance import HalfGammaDeviance
from sklearn_nn.losses._half_poisson_deviance import HalfPoissonDeviance
from sklearn_nn.losses._half_squared_error import HalfSquaredError
from sklearn_nn.losses._huber import HuberLoss
from sklearn_nn.losses._log_cosh import LogCoshLoss

LOSSES: Mapping[str, Loss] = {
    "squared_error": HalfSquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": HuberLoss(),
    "log_cosh": LogCoshLoss(),
    "poisson": HalfPoissonDeviance(),
    "gamma": HalfGammaDeviance(),
}
