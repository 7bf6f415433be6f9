from sklearn_nn.blocks._attention import PositionalEmbedding as PositionalEmbedding
from sklearn_nn.blocks._attention import PositionalEncoding as PositionalEncoding
from sklearn_nn.blocks._attention import SelfAttention as SelfAttention
from sklearn_nn.blocks._dense import Dense as Dense
from sklearn_nn.blocks._dropout import Dropout as Dropout
from sklearn_nn.blocks._embedding import Embedding as Embedding
from sklearn_nn.blocks._function import Function as Function
from sklearn_nn.blocks._normalization import BatchNorm as BatchNorm
from sklearn_nn.blocks._normalization import LayerNorm as LayerNorm
from sklearn_nn.blocks._normalization import Scale as Scale
from sklearn_nn.blocks._reshape import Flatten as Flatten
from sklearn_nn.blocks._reshape import Permute as Permute
from sklearn_nn.blocks._reshape import Reshape as Reshape
from sklearn_nn.blocks._to_sequence import ToSequence as ToSequence
from sklearn_nn.blocks.activations._activations import Activation as Activation
from sklearn_nn.blocks.activations._activations import Elementwise as Elementwise
from sklearn_nn.blocks.activations._activations import Identity as Identity
from sklearn_nn.blocks.activations._activations import Logistic as Logistic
from sklearn_nn.blocks.activations._activations import ReLU as ReLU
from sklearn_nn.blocks.activations._activations import Step as Step
from sklearn_nn.blocks.activations._activations import Tanh as Tanh
from sklearn_nn.blocks.activations._gates import GELU as GELU
from sklearn_nn.blocks.activations._gates import Mish as Mish
from sklearn_nn.blocks.activations._gates import SiLU as SiLU
from sklearn_nn.blocks.activations._parametric import (
    ParametricActivation as ParametricActivation,
)
from sklearn_nn.blocks.activations._rectifiers import ELU as ELU
from sklearn_nn.blocks.activations._rectifiers import LeakyReLU as LeakyReLU
from sklearn_nn.blocks.activations._rectifiers import Softplus as Softplus
from sklearn_nn.blocks.composition._chain import Chain as Chain
from sklearn_nn.blocks.composition._chain import chain as chain
from sklearn_nn.blocks.composition._column_names import with_columns as with_columns
from sklearn_nn.blocks.composition._columns import Columns as Columns
from sklearn_nn.blocks.composition._graph import Graph as Graph
from sklearn_nn.blocks.composition._output import Output as Output
from sklearn_nn.blocks.composition._output import with_outputs as with_outputs
from sklearn_nn.blocks.composition._parallel import Parallel as Parallel
from sklearn_nn.blocks.composition._parallel import parallel as parallel
from sklearn_nn.blocks.composition._residual import Residual as Residual
from sklearn_nn.blocks.composition._shared import Shared as Shared
from sklearn_nn.blocks.composition._tied import Tied as Tied
from sklearn_nn.blocks.convolution._average_pooling import (
    AveragePool1D as AveragePool1D,
)
from sklearn_nn.blocks.convolution._average_pooling import (
    AveragePool2D as AveragePool2D,
)
from sklearn_nn.blocks.convolution._convolution import Conv1D as Conv1D
from sklearn_nn.blocks.convolution._convolution import Conv2D as Conv2D
from sklearn_nn.blocks.convolution._global_pooling import (
    GlobalAveragePool as GlobalAveragePool,
)
from sklearn_nn.blocks.convolution._global_pooling import GlobalMaxPool as GlobalMaxPool
from sklearn_nn.blocks.convolution._inception import inception as inception
from sklearn_nn.blocks.convolution._max_pooling import MaxPool1D as MaxPool1D
from sklearn_nn.blocks.convolution._max_pooling import MaxPool2D as MaxPool2D
from sklearn_nn.blocks.numbers._bins import quantile_bins as quantile_bins
from sklearn_nn.blocks.numbers._linear import LinearEmbedding as LinearEmbedding
from sklearn_nn.blocks.numbers._periodic import PBLDEmbedding as PBLDEmbedding
from sklearn_nn.blocks.numbers._periodic import PeriodicEmbedding as PeriodicEmbedding
from sklearn_nn.blocks.numbers._piecewise import (
    PiecewiseLinearEmbedding as PiecewiseLinearEmbedding,
)
from sklearn_nn.blocks.numbers._piecewise import (
    PiecewiseLinearEncoding as PiecewiseLinearEncoding,
)
from sklearn_nn.blocks.recurrent._bidirectional import Bidirectional as Bidirectional
from sklearn_nn.blocks.recurrent._gru import GRU as GRU
from sklearn_nn.blocks.recurrent._lstm import LSTM as LSTM
from sklearn_nn.blocks.recurrent._simple_rnn import SimpleRNN as SimpleRNN
from sklearn_nn.core import Block as Block
from sklearn_nn.core import Param as Param
from sklearn_nn.core import constant as constant
from sklearn_nn.core import normal as normal
from sklearn_nn.core import uniform as uniform
from sklearn_nn.core import zeros as zeros
