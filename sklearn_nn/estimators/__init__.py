"""The scikit-learn face: one family of estimators per file."""

from sklearn_nn.estimators._mlp_classifier import MLPClassifier
from sklearn_nn.estimators._mlp_regressor import MLPRegressor
from sklearn_nn.estimators._network_classifier import NetworkClassifier
from sklearn_nn.estimators._network_regressor import NetworkRegressor
from sklearn_nn.estimators._perceptron import PerceptronClassifier
from sklearn_nn.estimators._tabular_classifier import TabularClassifier
from sklearn_nn.estimators._tabular_regressor import TabularRegressor

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "PerceptronClassifier",
    "TabularClassifier",
    "TabularRegressor",
]
