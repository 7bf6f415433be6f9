from sklearn_nn.tabular._tabular_classifier import (
    TabularClassifier as TabularClassifier,
)
from sklearn_nn.tabular._tabular_regressor import TabularRegressor as TabularRegressor
