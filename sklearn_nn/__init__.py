"""Neural networks for people who live in scikit-learn."""

from sklearn_nn.estimators import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "PerceptronClassifier",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
]
