"""Bidirectional: a recurrent block that goes both ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from sklearn_nn.blocks.composition._merges import MERGES
from sklearn_nn.blocks.composition._parallel import Branching
from sklearn_nn.blocks.composition._parts import Part, make_part
from sklearn_nn.blocks.recurrent._recurrent import Recurrent
from sklearn_nn.core import LastStep, OneOf, Rule, Shape, instance_of


@dataclass(eq=False, repr=False)
class Bidirectional(Branching):
    """``y = merge(f(x), b(x))``: a recurrent block, and its like in reverse.

    Both have parameters of their own, "forward" and "backward" in the tree. Each begins
    with the first step, in its direction, that exists.

    Shapes: those of the block; with "concat" y is twice as wide.

    Parameters
    ----------
    block : SimpleRNN, GRU or LSTM
        The block for the way forward; the other differs in ``reverse`` only.
    merge : str, default="concat"
        "concat" (in the last axis), or entry by entry "add", "multiply", "max" or
        "mean".

    References
    ----------
    Schuster and Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions
    on Signal Processing 45, 1997.

    Examples
    --------
    >>> from sklearn_nn.blocks import GRU, Bidirectional
    >>> Bidirectional(GRU(16)).set_params(block__units=8).out_shape((10, 3))
    (16,)
    """

    block: Recurrent
    merge: str = "concat"

    rules: ClassVar[Mapping[str, Rule]] = {
        "block": instance_of(Recurrent, "a SimpleRNN, GRU or LSTM"),
        "merge": OneOf(tuple(MERGES)),
    }

    def parts_for(self, in_shape: Shape) -> tuple[Sequence[Part], Shape]:
        back = replace(self.block, reverse=not self.block.reverse)
        blocks = {"forward": self.block, "backward": back}
        parts = [make_part(self, k, block, k, in_shape) for k, block in blocks.items()]
        shapes = [(part.name, part.out_shape) for part in parts]
        shape = MERGES[self.merge].out_shape(shapes, "Bidirectional")
        return parts, shape if self.block.return_sequences else LastStep(shape)
