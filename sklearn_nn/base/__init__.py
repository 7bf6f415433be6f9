"""What the families of estimators share: fit's template, targets, weights, reports."""

from sklearn_nn.base._base_nn import BaseNN
from sklearn_nn.base._callbacks import (
    CallbackMonitor,
    CallbackSupportMixin,
    with_callbacks,
)
from sklearn_nn.base._classes import check_same_classes, declared_classes, weigh_classes
from sklearn_nn.base._encoding import (
    ClassTargets,
    RealTargets,
    check_weights,
    read_classes,
)
from sklearn_nn.base._fit_arguments import Given
from sklearn_nn.base._nn_classifier import CLASSIFIER_RULES, NNClassifier
from sklearn_nn.base._nn_regressor import REGRESSOR_RULES, NNRegressor
from sklearn_nn.base._parameter_rules import CLASS_WEIGHT, FLOATS, SEED, TRAINING_RULES
from sklearn_nn.base._report import check_diverged
from sklearn_nn.base._transaction import all_or_nothing
from sklearn_nn.base._warm_start import new_generator

__all__ = [
    "CLASSIFIER_RULES",
    "CLASS_WEIGHT",
    "FLOATS",
    "REGRESSOR_RULES",
    "SEED",
    "TRAINING_RULES",
    "BaseNN",
    "CallbackMonitor",
    "CallbackSupportMixin",
    "ClassTargets",
    "Given",
    "NNClassifier",
    "NNRegressor",
    "RealTargets",
    "all_or_nothing",
    "check_diverged",
    "check_same_classes",
    "check_weights",
    "declared_classes",
    "new_generator",
    "read_classes",
    "weigh_classes",
    "with_callbacks",
]
