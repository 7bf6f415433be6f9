from sklearn_nn import blocks as blocks
from sklearn_nn import core as core
from sklearn_nn import estimators as estimators
from sklearn_nn import inspection as inspection
from sklearn_nn import losses as losses
from sklearn_nn import optimizers as optimizers
from sklearn_nn import preprocessing as preprocessing
from sklearn_nn import schedules as schedules
from sklearn_nn import training as training
from sklearn_nn.estimators import MLPClassifier as MLPClassifier
from sklearn_nn.estimators import MLPRegressor as MLPRegressor
from sklearn_nn.estimators import NetworkClassifier as NetworkClassifier
from sklearn_nn.estimators import NetworkRegressor as NetworkRegressor
from sklearn_nn.estimators import PerceptronClassifier as PerceptronClassifier
from sklearn_nn.estimators import TabularClassifier as TabularClassifier
from sklearn_nn.estimators import TabularRegressor as TabularRegressor

__version__: str
