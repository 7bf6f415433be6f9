"""Blocks made of blocks: Chain."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.core import (
    Array,
    Block,
    Composite,
    InvalidParameterError,
    ParamTree,
    Rng,
    Shape,
    Views,
    Workspace,
)


@dataclass(eq=False, repr=False)
class Chain(Composite, Block):
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
        parts = self._parts()
        return bool(parts) and parts[0][1].accepts_sparse

    def out_shape(self, in_shape: Shape) -> Shape:
        _check_parts(self)
        shape = in_shape
        for name, block in self._parts():
            try:
                shape = block.out_shape(shape)
            except ValueError as error:
                error.add_note(f"In block {name!r} of a Chain, which reads {shape}.")
                raise
        return shape

    def param_tree(self, in_shape: Shape) -> ParamTree:
        tree, shape = {}, in_shape
        for name, block in self._parts():
            tree[name] = block.param_tree(shape)
            shape = block.out_shape(shape)
        return tree

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        if ws.saved is None or ws.saved[0] is not p:
            # Who gets what is the same in every step, and looking it up takes time.
            steps, shape = [], ws.in_shape
            for name, block in self._parts():
                steps.append((block, getattr(p, name), ws.child(name, shape)))
                shape = block.out_shape(shape)
            ws.saved = p, steps
        mask = ws.mask
        for block, p_own, ws_own in ws.saved[1]:
            ws_own.mask = mask
            x = block.forward(p_own, x, ws_own, rng)
            mask = ws_own.mask
        ws.mask = mask
        return x

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        steps, g_own = ws.saved[1], [getattr(g, name) for name, _ in self._parts()]
        grad: Any = dy
        for i in range(len(steps) - 1, -1, -1):
            block, p_own, ws_own = steps[i]
            grad = block.backward(
                p_own, g_own[i], grad, ws_own, need_dx=need_dx or i > 0
            )
        return grad

    def _parts(self) -> list[tuple[str, Block]]:
        """Return the blocks that do something."""
        return [part for part in self.blocks if part[1] != "passthrough"]


def chain(*blocks: Block) -> Chain:
    """Return the `Chain` of ``blocks``, named after their classes.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Dropout, chain
    >>> [name for name, _ in chain(Dense(8), Dropout(0.1), Dense(1)).blocks]
    ['dense1', 'dropout', 'dense2']
    """
    words = [type(block).__name__.lower() for block in blocks]
    many, seen = Counter(words), Counter[str]()
    names = []
    for word in words:
        seen[word] += 1
        names.append(f"{word}{seen[word]}" if many[word] > 1 else word)
    return Chain(list(zip(names, blocks, strict=True)))


def _check_parts(owner: Chain) -> None:
    """Raise unless the blocks are pairs of a usable name and a block."""
    kind, field = type(owner).__name__, owner.parts_field
    names = []
    for part in owner.blocks:
        pair = isinstance(part, (list, tuple)) and len(part) == 2
        if not pair or not isinstance(part[0], str):
            raise InvalidParameterError(
                f"`{field}` of {kind} must be a list of (name, block); got {part!r}. "
                f"`{kind.lower()}(...)` names the blocks by itself."
            )
        name, block = part
        if not isinstance(block, Block) and block != "passthrough":
            raise InvalidParameterError(
                f"Block {name!r} of {kind} must be a block of sklearn_nn.blocks or "
                f"'passthrough'; got {block!r}."
            )
        if not name.isidentifier() or "__" in name or name == field or name in names:
            raise InvalidParameterError(
                f"A name in `{field}` of {kind} must be an identifier without '__', "
                f"other than {field!r}, and occur once; got {name!r}."
            )
        names.append(name)
