"""Chain: blocks one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.blocks.composition._parts import (
    CompositeBlock,
    Part,
    check_parts,
    make_part,
    name_blocks,
    resolve_ties,
)
from sklearn_nn.core import Array, Block, Composite, Rng, Shape, Views, Workspace


@dataclass(eq=False, repr=False)
class Chain(Composite, CompositeBlock):
    """``y = f_k(... f_2(f_1(x)))``: blocks one after another.

    Parameters
    ----------
    blocks : list of (str, Block), default=()
        Names and blocks, in the order of the data; `chain` names them by itself.
        "passthrough" in place of a block does nothing.

    Examples
    --------
    >>> from sklearn_nn.blocks import Chain, Dense
    >>> net = Chain([("hidden", Dense(16, "relu")), ("output", Dense(1))])
    >>> net.set_params(hidden__units=32).get_params()["hidden__units"]
    32
    """

    blocks: Sequence[tuple[str, Block]] = ()

    parts_field: ClassVar[str] = "blocks"

    @property
    def accepts_sparse(self) -> bool:  # type: ignore[override]  # its first block's
        """Whether the first block takes a CSR matrix."""
        return bool(getattr(self._first(), "accepts_sparse", False))

    @property
    def accepts_nan(self) -> bool:  # type: ignore[override]  # its first block's
        """Whether NaN means something to the first block."""
        return bool(getattr(self._first(), "accepts_nan", False))

    def _first(self) -> Any:
        blocks = (block for _, block, _ in resolve_ties(self) if block != "passthrough")
        return next(blocks, None)

    def check_values(self) -> None:
        super().check_values()
        check_parts(self)

    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        parts, shape = [], in_shape
        for name, block, home in resolve_ties(self):
            if block != "passthrough":
                parts.append(make_part(self, name, block, home, shape))
                shape = parts[-1].out_shape
        return parts, shape

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        mask = ws.mask
        for block, p_own, ws_own in self.bind(p, ws).steps:
            ws_own.mask = mask
            x = block.forward(p_own, x, ws_own, rng)
            mask = ws_own.mask
        ws.mask = mask
        return x

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        bound, grad = ws.saved, dy
        for block, p_own, g_own, ws_own, need in bound.chain_backward(g, need_dx):
            grad = block.backward(p_own, g_own, grad, ws_own, need_dx=need)
        if bound.tied:
            bound.add_tied()
        return grad if need_dx else None


def chain(*blocks: Block) -> Chain:
    """Return the `Chain` of ``blocks``, named after their classes.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Dropout, chain
    >>> [name for name, _ in chain(Dense(8), Dropout(0.1), Dense(1)).blocks]
    ['dense1', 'dropout', 'dense2']
    """
    return Chain(name_blocks(blocks))
