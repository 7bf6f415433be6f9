from sklearn_nn.network._network_classifier import (
    NetworkClassifier as NetworkClassifier,
)
from sklearn_nn.network._network_regressor import NetworkRegressor as NetworkRegressor
