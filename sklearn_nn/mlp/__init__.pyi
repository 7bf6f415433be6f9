from sklearn_nn.mlp._mlp_classifier import MLPClassifier as MLPClassifier
from sklearn_nn.mlp._mlp_regressor import MLPRegressor as MLPRegressor
