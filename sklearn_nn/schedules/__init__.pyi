from sklearn_nn.schedules._adaptive import Adaptive as Adaptive
from sklearn_nn.schedules._constant import Constant as Constant
from sklearn_nn.schedules._cosine import Cosine as Cosine
from sklearn_nn.schedules._cosine_log import CosineLog as CosineLog
from sklearn_nn.schedules._flat_cosine import FlatCosine as FlatCosine
from sklearn_nn.schedules._inverse_scaling import InverseScaling as InverseScaling
