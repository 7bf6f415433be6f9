"""Residual: a block with a shortcut around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn_nn.blocks._dense import Dense
from sklearn_nn.blocks.composition._parallel import Branching
from sklearn_nn.blocks.composition._parts import Part, make_part
from sklearn_nn.core import Block, OneOf, Rule, Shape, any_of, instance_of

A_BLOCK = instance_of(Block, "a block of sklearn_nn.blocks")


@dataclass(eq=False, repr=False)
class Residual(Branching):
    """``y = shortcut(x) + block(x)``: a skip connection.

    Shapes: the rows of y are those of ``block``.

    Parameters
    ----------
    block : Block
        What the shortcut leads around; several in a row are a `Chain`.
    projection : "auto", None or Block, default="auto"
        The shortcut. It is x itself where ``block`` keeps the shape; where it changes
        the width, "auto" makes the shortcut a `Dense` of that width without activation,
        and None is an error. A block is the shortcut in any case.

    Raises
    ------
    ValueError
        If ``block`` changes the shape in a way that the shortcut does not.

    References
    ----------
    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.

    Examples
    --------
    >>> from sklearn_nn.blocks import Dense, Residual, chain
    >>> net = Residual(chain(Dense(16, "relu"), Dense(4)))
    >>> net.out_shape((4,)), list(net.param_tree((4,))["shortcut"])
    ((4,), [])
    >>> list(net.param_tree((3,))["shortcut"])
    ['W', 'b']
    """

    block: Block
    projection: Any = "auto"

    rules: ClassVar[Mapping[str, Rule]] = {
        "block": A_BLOCK,
        "projection": any_of(OneOf(("auto", None)), A_BLOCK),
    }
    merge = "add"

    @property
    def accepts_sparse(self) -> bool:  # type: ignore[override]  # that of its branches
        """Whether both the block and its projection take a CSR matrix."""
        branches = self.block, self.projection
        return all(getattr(branch, "accepts_sparse", False) for branch in branches)

    @property
    def accepts_nan(self) -> bool:  # type: ignore[override]  # that of its branches
        """Whether NaN means something to both the block and its projection."""
        branches = self.block, self.projection
        return all(getattr(branch, "accepts_nan", False) for branch in branches)

    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        block = make_part(self, "block", self.block, "block", in_shape)
        around = self._shortcut(in_shape, block.out_shape)
        shortcut = make_part(self, "shortcut", around, "shortcut", in_shape)
        if shortcut.out_shape != block.out_shape:
            raise ValueError(
                "The `projection` of Residual must return rows of the shape "
                f"{block.out_shape}, as its block does; it returns "
                f"{shortcut.out_shape}. Make them equal, or set projection='auto'."
            )
        return (block, shortcut), block.out_shape

    def _shortcut(self, in_shape: Shape, out_shape: Shape) -> Any:
        if isinstance(self.projection, Block):
            return self.projection
        if in_shape == out_shape:
            return "passthrough"
        if self.projection is None:
            raise ValueError(
                f"The block of Residual must keep the shape {in_shape} if `projection` "
                f"is None; it returns {out_shape}. Let it keep the shape, or set "
                "projection='auto'."
            )
        if in_shape[:-1] != out_shape[:-1]:
            raise ValueError(
                "The block of Residual must keep all axes but the last of the shape "
                f"{in_shape}; it returns {out_shape}. Let it keep them, or set "
                "`projection` to a block that changes them as it does."
            )
        return Dense(out_shape[-1])
