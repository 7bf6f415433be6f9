"""What the families of estimators share: fit's template, targets, weights, reports."""

from sklearn_nn.base._base_nn import BaseNN
from sklearn_nn.base._callbacks import (
    CallbackMonitor,
    CallbackSupportMixin,
    with_callbacks,
)
from sklearn_nn.base._classes import (
    apply_class_weight,
    check_same_classes,
    declared_classes,
)
from sklearn_nn.base._input import (
    VALIDATION,
    FitArguments,
    check_groups,
    check_readable,
    check_same_length,
    check_weights,
    named_with,
    validate_input,
)
from sklearn_nn.base._labels import read_labels, read_numbers
from sklearn_nn.base._nn_classifier import CLASSIFIER_RULES, NNClassifier
from sklearn_nn.base._nn_regressor import REGRESSOR_RULES, NNRegressor
from sklearn_nn.base._parameter_rules import (
    CLASS_WEIGHT,
    FLOATS,
    SEED,
    TRAINING_RULES,
    draw_seeds,
)
from sklearn_nn.base._report import check_diverged, report_interrupt, write_epoch
from sklearn_nn.base._restore_on_error import restore_on_error
from sklearn_nn.base._scores import LabelScoreMixin, NumberScoreMixin
from sklearn_nn.base._targets import (
    ClassTargets,
    RealTargets,
    read_classes,
)

__all__ = [
    "CLASSIFIER_RULES",
    "CLASS_WEIGHT",
    "FLOATS",
    "REGRESSOR_RULES",
    "SEED",
    "TRAINING_RULES",
    "VALIDATION",
    "BaseNN",
    "CallbackMonitor",
    "CallbackSupportMixin",
    "ClassTargets",
    "FitArguments",
    "LabelScoreMixin",
    "NNClassifier",
    "NNRegressor",
    "NumberScoreMixin",
    "RealTargets",
    "apply_class_weight",
    "check_diverged",
    "check_groups",
    "check_readable",
    "check_same_classes",
    "check_same_length",
    "check_weights",
    "declared_classes",
    "draw_seeds",
    "named_with",
    "read_classes",
    "read_labels",
    "read_numbers",
    "report_interrupt",
    "restore_on_error",
    "validate_input",
    "with_callbacks",
    "write_epoch",
]
