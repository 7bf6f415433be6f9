"""Shared: one set of parameters for all members of a network."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    instance_of,
)


@dataclass(eq=False, repr=False)
class Shared(Block):
    """``y = block(x)``, with the same parameters for all members of the network.

    Where k networks are trained at once, each has parameters of its own; those of
    ``block`` they have in common, and learn from the rows of all. With `Scale` and
    other blocks between, of which each member has its own, this is the ensemble of
    TabM. It also takes one large matrix product in place of k. In a network without
    members nothing changes.

    Shapes: those of ``block``.

    Parameters
    ----------
    block : Block
        The block whose parameters are shared, for instance ``Dense(256)``.

    References
    ----------
    Gorishniy, Kotelnikov and Babenko, "TabM: advancing tabular deep learning with
    parameter-efficient ensembling", ICLR 2025. Wen, Tran and Ba, "BatchEnsemble: an
    alternative approach to efficient ensemble and lifelong learning", ICLR 2020.
    """

    block: Block

    rules: ClassVar[Mapping[str, Rule]] = {
        "block": instance_of(Block, "a block of sklearn_nn.blocks")
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        return self.block.out_shape(in_shape)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {"block": _shared_tree(self.block.param_tree(in_shape))}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        inner = ws.child("block", ws.in_shape)
        members = x.shape[: x.ndim - 1 - len(ws.in_shape)]
        rows, mask = x.reshape(-1, *ws.in_shape), ws.mask
        inner.mask = None if mask is None else mask.reshape(-1, mask.shape[-1])
        y = self.block.forward(p.block, rows, inner, rng)
        mask = inner.mask
        ws.mask = None if mask is None else mask.reshape(*members, -1, mask.shape[-1])
        ws.saved = x.shape, y.shape[1:]
        return y.reshape(*members, -1, *y.shape[1:])

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        shape, own = ws.saved
        if dy.ndim > len(own) + 1 and len(dy) != shape[0]:  # x was that of all members
            dy = np.sum(dy, axis=0, out=ws.out("dy", dy.shape[1:]))
        dy, inner = dy.reshape(-1, *own), ws.child("block")
        dx = self.block.backward(p.block, g.block, dy, inner, need_dx=need_dx)
        return None if dx is None else dx.reshape(shape)


def _shared_tree(tree: ParamTree) -> ParamTree:
    return {
        name: replace(item, shared=True)
        if isinstance(item, Param)
        else _shared_tree(item)
        for name, item in tree.items()
    }
