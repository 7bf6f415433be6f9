"""TabularClassifier."""
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from sklearn_nn.core import Array, Rule
from sklearn_nn.estimators._base import Given
from sklearn_nn.estimators._callbacks import with_callbacks
from sklearn_nn.estimators._classes import weigh_classes
from sklearn_nn.estimators._tabular import BaseTabular
from sklearn_nn.estimators._tabular_plan import AUTO
from sklearn_nn.estimators._tabular_targets import TableClasses, fit_temperature
from sklearn_nn.estimators._transaction import all_or_nothing


@dataclass(eq=False, repr=False)
class TabularClassifier(ClassifierMixin, BaseTabular):
    """x."""

    _: KW_ONLY
    class_weight: Any = None
    label_smoothing: Any = AUTO
    calibrate: Any = AUTO

    @all_or_nothing
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self._fit(Given(X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

    def _check_y(self, y):
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return y

    def _read_targets(self, y, w, plan):
        self._targets = TableClasses(np.unique(y), plan.label_smoothing)
        self.classes_ = self._targets.classes
        return self._targets

    def _weigh(self, y, w):
        return weigh_classes(self._targets, self.class_weight, y, w, False)

    def _rate(self):
        return 0.04

    def _shape(self):
        return "selu"

    def _keep(self, table, courses, plan):
        super()._keep(table, courses, plan)
        self.temperature_ = 1.0
        if plan.calibrate:
            raw, rows = self._validation_raw(table, plan)
            if len(rows) >= 50:
                w = None if table.w is None else table.w[rows]
                self.temperature_ = fit_temperature(table.Y[rows], raw, w)

    def predict_proba(self, X):
        raw = self._raw(X)
        return self._targets.mean(raw, self.temperature_)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
