from sklearn_nn.mlp import MLPClassifier as MLPClassifier
from sklearn_nn.mlp import MLPRegressor as MLPRegressor
from sklearn_nn.network import NetworkClassifier as NetworkClassifier
from sklearn_nn.network import NetworkRegressor as NetworkRegressor
from sklearn_nn.perceptron import PerceptronClassifier as PerceptronClassifier
from sklearn_nn.tabular import TabularClassifier as TabularClassifier
from sklearn_nn.tabular import TabularRegressor as TabularRegressor
