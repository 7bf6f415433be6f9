"""Work: about how much there is to compute, which decides on threads."""

import math
from typing import NamedTuple

from sklearn_nn.core._layout import ParamLayout
from sklearn_nn.core._protocols import Block, Shape


class Work(NamedTuple):
    """Operations per row: all, forward and backward, and those of a single product."""

    flops: float
    largest_product: float


def work_of(block: Block, in_shape: Shape) -> Work:
    """Return the work of one row, as if all of it were products with the parameters."""
    if (plan := getattr(block, "plan", None)) is not None:
        parts = [work_of(part.block, part.in_shape) for part in plan(in_shape)[0]]
        flops = sum(part.flops for part in parts)
        return Work(flops, max((part.largest_product for part in parts), default=0.0))
    arrays = ParamLayout(block.param_tree(in_shape)).shapes.values()
    sizes = [math.prod(shape) for shape in arrays] or [0]
    # A product takes all places of a row at once; a recurrence, one after the other.
    written = math.prod(block.out_shape(in_shape)[:-1])
    places = max(written, math.prod(in_shape[:-1]))
    return Work(6.0 * places * sum(sizes), 2.0 * written * max(sizes))
