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

from sklearn_nn._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
