"""TabularRegressor."""
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import check_array

from sklearn_nn.estimators._base import Given
from sklearn_nn.estimators._callbacks import with_callbacks
from sklearn_nn.estimators._tabular import BaseTabular
from sklearn_nn.estimators._tabular_targets import TableNumbers
from sklearn_nn.estimators._transaction import all_or_nothing
from sklearn_nn.losses import HalfSquaredError


@dataclass(eq=False, repr=False)
class TabularRegressor(RegressorMixin, BaseTabular):
    """x."""

    _: KW_ONLY
    loss: Any = "squared_error"

    @all_or_nothing
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        self._fit(Given(X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

    def _check_y(self, y):
        return check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")

    def _read_targets(self, y, w, plan):
        return TableNumbers.fit(y, w, HalfSquaredError())

    def _rate(self):
        return 0.2

    def _shape(self):
        return "mish"

    def predict(self, X):
        return self._targets.mean(self._raw(X))
