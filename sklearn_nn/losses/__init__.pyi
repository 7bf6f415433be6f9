from sklearn_nn.losses._absolute_error import AbsoluteError as AbsoluteError
from sklearn_nn.losses._half_gamma_deviance import (
    HalfGammaDeviance as HalfGammaDeviance,
)
from sklearn_nn.losses._half_poisson_deviance import (
    HalfPoissonDeviance as HalfPoissonDeviance,
)
from sklearn_nn.losses._half_squared_error import HalfSquaredError as HalfSquaredError
from sklearn_nn.losses._huber import HuberLoss as HuberLoss
from sklearn_nn.losses._log_cosh import LogCoshLoss as LogCoshLoss
from sklearn_nn.losses._names import LOSSES as LOSSES
from sklearn_nn.losses._pinball import PinballLoss as PinballLoss
from sklearn_nn.losses._sigmoid_cross_entropy import (
    SigmoidCrossEntropy as SigmoidCrossEntropy,
)
from sklearn_nn.losses._softmax_cross_entropy import (
    SoftmaxCrossEntropy as SoftmaxCrossEntropy,
)
