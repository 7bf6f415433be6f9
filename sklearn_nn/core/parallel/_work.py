"""Work: about how much there is to compute, which decides on threads and chunks."""

import math
from typing import NamedTuple

from sklearn_nn.core._layout import ParamLayout
from sklearn_nn.core._protocols import Block, Shape


class Work(NamedTuple):
    """What a row takes: operations, forward and backward, and numbers written.

    ``largest_product`` has the operations of a single product.
    """

    flops: float
    largest_product: float
    written: int


def work_of(block: Block, in_shape: Shape) -> Work:
    """Return the work of one row, as if all of it were products with the parameters."""
    if (parts_for := getattr(block, "parts_for", None)) is not None:
        parts = [work_of(part.block, part.in_shape) for part in parts_for(in_shape)[0]]
        return Work(
            sum(part.flops for part in parts),
            max((part.largest_product for part in parts), default=0.0),
            sum(part.written for part in parts),
        )
    out_shape = block.out_shape(in_shape)
    arrays = ParamLayout(block.param_tree(in_shape)).shapes.values()
    sizes = [math.prod(shape) for shape in arrays] or [0]
    # A product takes all places of a row at once, but for a recurrence.
    places = max(math.prod(out_shape[:-1]), math.prod(in_shape[:-1]))
    at_once = 1 if block.step_by_step else places
    flops, product = 6.0 * places * sum(sizes), 2.0 * at_once * max(sizes)
    return Work(flops, product, math.prod(out_shape))
