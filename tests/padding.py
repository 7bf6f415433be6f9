"""Blocks that tell the block inside them which time steps there are, and weights."""

from dataclasses import dataclass
from typing import Any

from sklearn_nn.core import Block


@dataclass(eq=False, repr=False)
class Padded(Block):
    """The inner block, told that only the steps of ``mask`` exist: (n, time)."""

    block: Any
    mask: Any

    def out_shape(self, in_shape):
        return self.block.out_shape(in_shape)

    def param_tree(self, in_shape):
        return self.block.param_tree(in_shape)

    def forward(self, p, x, ws, rng):
        inner = ws.child("block", ws.in_shape)
        inner.mask = self.mask
        return self.block.forward(p, x, inner, rng)

    def backward(self, p, g, dy, ws, *, need_dx=True):
        return self.block.backward(p, g, dy, ws.child("block"), need_dx=need_dx)


@dataclass(eq=False, repr=False)
class Weighted(Padded):
    """The inner block, told the weights of rows, too: (n,)."""

    weights: Any = None

    def forward(self, p, x, ws, rng):
        ws.rows.weights = self.weights
        return super().forward(p, x, ws, rng)
