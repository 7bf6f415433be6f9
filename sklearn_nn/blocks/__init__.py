"""Differentiable maps; a network is a block.

A block of your own is a dataclass with four methods. This one computes ``sin(w * x)``
with a trained ``w`` per feature:

>>> from dataclasses import dataclass
>>> import numpy as np
>>> from sklearn_nn.blocks import Block, Dense, Param, chain, constant
>>> from sklearn_nn.inspection import check_gradient
>>> @dataclass(eq=False, repr=False)
... class Sine(Block):
...     start: float = 1.0
...
...     def out_shape(self, in_shape):  # of one row, without the axis of rows
...         return in_shape
...
...     def param_tree(self, in_shape):
...         return {"w": Param(in_shape[-1:], constant(self.start), group="frequency")}
...
...     def forward(self, p, x, ws, rng):  # rng is None in prediction
...         ws.saved = x
...         return np.sin(p.w[..., None, :] * x)  # w may have a leading axis of members
...
...     def backward(self, p, g, dy, ws, *, need_dx=True):
...         x, w = ws.saved, p.w[..., None, :]
...         dz = np.cos(w * x) * dy
...         np.sum(dz * x, axis=-2, out=g.w)  # overwrites, never adds
...         return dz * w
>>> check_gradient(chain(Dense(8), Sine(2.0), Dense(1)), (3,)).max_error < 1e-6
True

Only parameters of the group "weight" are penalized. Arrays as large as the rows are
faster from ``ws.out(name, shape)``, which keeps their memory for the next step. A
function without parameters needs no class, see `Function`.
"""

from typing import TYPE_CHECKING

from sklearn_nn.core import Block, Param, constant, lazy, normal, uniform, zeros

if TYPE_CHECKING:
    from sklearn_nn.blocks._activations import (
        Activation,
        Elementwise,
        Identity,
        Logistic,
        ReLU,
        Step,
        Tanh,
    )
    from sklearn_nn.blocks._attention import (
        PositionalEmbedding,
        PositionalEncoding,
        SelfAttention,
    )
    from sklearn_nn.blocks._average_pooling import AveragePool1D, AveragePool2D
    from sklearn_nn.blocks._bidirectional import Bidirectional
    from sklearn_nn.blocks._bins import quantile_bins
    from sklearn_nn.blocks._columns import Columns
    from sklearn_nn.blocks._compose import Chain, chain
    from sklearn_nn.blocks._convolution import Conv1D, Conv2D
    from sklearn_nn.blocks._dense import Dense
    from sklearn_nn.blocks._dropout import Dropout
    from sklearn_nn.blocks._embeddings import Embedding
    from sklearn_nn.blocks._function import Function
    from sklearn_nn.blocks._gates import GELU, Mish, SiLU
    from sklearn_nn.blocks._global_pooling import GlobalAveragePool, GlobalMaxPool
    from sklearn_nn.blocks._graph import Graph, with_columns
    from sklearn_nn.blocks._gru import GRU
    from sklearn_nn.blocks._inception import inception
    from sklearn_nn.blocks._lstm import LSTM
    from sklearn_nn.blocks._normalization import BatchNorm, LayerNorm, Scale
    from sklearn_nn.blocks._numeric import LinearEmbedding
    from sklearn_nn.blocks._output import Output, with_outputs
    from sklearn_nn.blocks._parallel import Parallel, parallel
    from sklearn_nn.blocks._parametric import ParametricActivation
    from sklearn_nn.blocks._periodic import PBLDEmbedding, PeriodicEmbedding
    from sklearn_nn.blocks._piecewise import (
        PiecewiseLinearEmbedding,
        PiecewiseLinearEncoding,
    )
    from sklearn_nn.blocks._pooling import MaxPool1D, MaxPool2D
    from sklearn_nn.blocks._rectifiers import ELU, LeakyReLU, Softplus
    from sklearn_nn.blocks._reshape import Flatten, Permute, Reshape
    from sklearn_nn.blocks._residual import Residual
    from sklearn_nn.blocks._sequence import ToSequence
    from sklearn_nn.blocks._shared import Shared
    from sklearn_nn.blocks._simple_rnn import SimpleRNN
    from sklearn_nn.blocks._tied import Tied
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "_activations": (
                "Activation",
                "Elementwise",
                "Identity",
                "Logistic",
                "ReLU",
                "Step",
                "Tanh",
            ),
            "_attention": (
                "PositionalEmbedding",
                "PositionalEncoding",
                "SelfAttention",
            ),
            "_average_pooling": ("AveragePool1D", "AveragePool2D"),
            "_bidirectional": ("Bidirectional",),
            "_bins": ("quantile_bins",),
            "_columns": ("Columns",),
            "_compose": ("Chain", "chain"),
            "_convolution": ("Conv1D", "Conv2D"),
            "_dense": ("Dense",),
            "_dropout": ("Dropout",),
            "_embeddings": ("Embedding",),
            "_function": ("Function",),
            "_gates": ("GELU", "Mish", "SiLU"),
            "_global_pooling": ("GlobalAveragePool", "GlobalMaxPool"),
            "_graph": ("Graph", "with_columns"),
            "_gru": ("GRU",),
            "_inception": ("inception",),
            "_lstm": ("LSTM",),
            "_normalization": ("BatchNorm", "LayerNorm", "Scale"),
            "_numeric": ("LinearEmbedding",),
            "_output": ("Output", "with_outputs"),
            "_parallel": ("Parallel", "parallel"),
            "_parametric": ("ParametricActivation",),
            "_periodic": ("PBLDEmbedding", "PeriodicEmbedding"),
            "_piecewise": ("PiecewiseLinearEmbedding", "PiecewiseLinearEncoding"),
            "_pooling": ("MaxPool1D", "MaxPool2D"),
            "_rectifiers": ("ELU", "LeakyReLU", "Softplus"),
            "_reshape": ("Flatten", "Permute", "Reshape"),
            "_residual": ("Residual",),
            "_sequence": ("ToSequence",),
            "_shared": ("Shared",),
            "_simple_rnn": ("SimpleRNN",),
            "_tied": ("Tied",),
        },
    )

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "Activation",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "Bidirectional",
    "Block",
    "Chain",
    "Columns",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Elementwise",
    "Embedding",
    "Flatten",
    "Function",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Graph",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "LinearEmbedding",
    "Logistic",
    "MaxPool1D",
    "MaxPool2D",
    "Mish",
    "Output",
    "PBLDEmbedding",
    "Parallel",
    "Param",
    "ParametricActivation",
    "PeriodicEmbedding",
    "Permute",
    "PiecewiseLinearEmbedding",
    "PiecewiseLinearEncoding",
    "PositionalEmbedding",
    "PositionalEncoding",
    "ReLU",
    "Reshape",
    "Residual",
    "Scale",
    "SelfAttention",
    "Shared",
    "SiLU",
    "SimpleRNN",
    "Softplus",
    "Step",
    "Tanh",
    "Tied",
    "ToSequence",
    "chain",
    "constant",
    "inception",
    "normal",
    "parallel",
    "quantile_bins",
    "uniform",
    "with_columns",
    "with_outputs",
    "zeros",
]
