"""The scikit-learn face: one family of estimators per file."""

from typing import TYPE_CHECKING

from sklearn_nn.core import lazy

if TYPE_CHECKING:
    from sklearn_nn.estimators._mlp_classifier import MLPClassifier
    from sklearn_nn.estimators._mlp_regressor import MLPRegressor
    from sklearn_nn.estimators._network_classifier import NetworkClassifier
    from sklearn_nn.estimators._network_regressor import NetworkRegressor
    from sklearn_nn.estimators._perceptron import PerceptronClassifier
    from sklearn_nn.estimators._tabular_classifier import TabularClassifier
    from sklearn_nn.estimators._tabular_regressor import TabularRegressor
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "_mlp_classifier": ("MLPClassifier",),
            "_mlp_regressor": ("MLPRegressor",),
            "_network_classifier": ("NetworkClassifier",),
            "_network_regressor": ("NetworkRegressor",),
            "_perceptron": ("PerceptronClassifier",),
            "_tabular_classifier": ("TabularClassifier",),
            "_tabular_regressor": ("TabularRegressor",),
        },
    )

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "PerceptronClassifier",
    "TabularClassifier",
    "TabularRegressor",
]
