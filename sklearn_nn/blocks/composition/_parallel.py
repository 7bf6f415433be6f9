"""Parallel: blocks side by side, which read the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.blocks.composition._merges import MERGES, add_all
from sklearn_nn.blocks.composition._parts import (
    CompositeBlock,
    Part,
    check_parts,
    make_part,
    name_blocks,
    resolve_ties,
)
from sklearn_nn.core import (
    Array,
    Block,
    Composite,
    InvalidParameterError,
    OneOf,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
)


class Branching(CompositeBlock):
    """A block whose parts all read its x, and whose y merges what they return."""

    merge: str

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        bound, mask, ys, masks = self.bind(p, ws), ws.mask, [], []
        for block, p_own, ws_own in bound.steps:
            ws_own.mask = mask
            ys.append(block.forward(p_own, x, ws_own, rng))
            masks.append(ws_own.mask)
        merged = ws.child("merge", bound.parts[0].out_shape)
        y = MERGES[self.merge].forward(ys, masks, merged)
        ws.mask = merged.mask
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        bound, dxs = ws.saved, []
        steps = bound.backward_steps(g)
        dys = MERGES[self.merge].backward(dy, ws.child("merge"), len(steps))
        for i, (block, p_own, g_own, ws_own) in enumerate(steps):
            if need_dx or bound.has_params[i]:
                dx = block.backward(p_own, g_own, dys[i], ws_own, need_dx=need_dx)
                dxs.append(dx)
        bound.add_tied()
        if not need_dx:
            return None
        return dxs[0] if len(dxs) == 1 else add_all(dxs, ws.out("dx", dxs[0].shape))


@dataclass(eq=False, repr=False)
class Parallel(Composite, Branching):
    """``y = merge(f_1(x), ..., f_k(x))``: blocks side by side, which read the same x.

    Shapes: with "concat" the branches return (..., units_i), y has the sum of the
    widths; with any other merge all branches and y have one shape.

    Parameters
    ----------
    blocks : list of (str, Block), default=()
        Names and blocks of the branches; `parallel` names them by itself.
        "passthrough" in place of a block returns x, "drop" leaves the branch out.
    merge : str, default="concat"
        "concat" (in the last axis), or entry by entry "add", "multiply", "max" or
        "mean". At a tie of "max" the gradient goes to the first branch.

    Raises
    ------
    ValueError
        If the branches return rows of shapes that cannot be merged.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015, for concatenated
    branches.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Parallel
    >>> wide_and_deep = Parallel([("wide", "passthrough"), ("deep", Dense(16, "relu"))])
    >>> wide_and_deep.out_shape((4,))
    (20,)
    """

    blocks: Sequence[tuple[str, Block]] = ()
    merge: str = "concat"

    parts_field: ClassVar[str] = "blocks"
    rules: ClassVar[Mapping[str, Rule]] = {"merge": OneOf(tuple(MERGES))}

    @property
    def accepts_sparse(self) -> bool:  # type: ignore[override]  # its branches'
        """Whether all branches take a CSR matrix."""
        blocks = [block for _, block, _ in resolve_ties(self) if block != "drop"]
        return all(getattr(block, "accepts_sparse", False) for block in blocks)

    @property
    def accepts_nan(self) -> bool:  # type: ignore[override]  # its branches'
        """Whether NaN means something to all branches."""
        blocks = [block for _, block, _ in resolve_ties(self) if block != "drop"]
        return all(getattr(block, "accepts_nan", False) for block in blocks)

    def check_values(self) -> None:
        super().check_values()
        check_parts(self, ("passthrough", "drop"))

    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        kept = [part for part in resolve_ties(self) if part[1] != "drop"]
        if not kept:
            raise InvalidParameterError(
                "`blocks` of Parallel must hold a branch at least that is not 'drop'; "
                f"got {self.blocks!r}."
            )
        parts = [make_part(self, *part, in_shape) for part in kept]
        shapes = [(part.name, part.out_shape) for part in parts]
        return parts, MERGES[self.merge].out_shape(shapes, "Parallel")


def parallel(*blocks: Block, merge: str = "concat") -> Parallel:
    """Return the `Parallel` of ``blocks``, named after their classes.

    ``merge`` is that of `Parallel`.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Tanh, parallel
    >>> [name for name, _ in parallel(Dense(8), Dense(4), Tanh()).blocks]
    ['dense1', 'dense2', 'tanh']
    """
    return Parallel(name_blocks(blocks), merge)
