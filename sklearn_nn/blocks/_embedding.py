"""Embedding: a trained vector for each category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    Param,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    any_of,
    check_features,
    embedded_shape,
    flatten_axes,
    integer,
    normal,
    number,
    restore_axes,
)


def _are_sizes(value: Any) -> bool:
    is_list = isinstance(value, (list, tuple, np.ndarray)) and len(value) > 0
    return is_list and all(integer(1).allows(size) for size in value)


@dataclass(eq=False, repr=False)
class Embedding(Block):
    """``y = W[code]``: a trained vector for each category of each column.

    A column holds the codes 0, 1, ..., as floating-point numbers, of which the floor
    counts. A code outside of them, -1 or NaN for instance, is a category that training
    did not see: its vector is zero and stays so. Each column has a table of its own.

    Shapes: x (..., f), W (sum of categories, units), the tables one below the other;
    y (..., f * units), or (..., f, units) if not ``flat``. The derivative by x is zero.

    Parameters
    ----------
    categories : int or sequence of int, default=10
        Number of categories of each column; an integer is the number in all columns.
    units : int, default=8
        Length of a vector.
    flat : bool, default=True
        Whether the vectors of a row stand in one line; if not, they become a sequence,
        for attention over the columns.
    init_std : float, default=1.0
        Standard deviation of the normal distribution of the first vectors.

    References
    ----------
    Guo and Berkhahn, "Entity embeddings of categorical variables", arXiv:1604.06737,
    2016.

    Examples
    --------
    A column of three colors and one of five sizes become six numbers:

    >>> from sklearn_nn.blocks import Embedding
    >>> Embedding([3, 5], units=3).out_shape((2,))
    (6,)
    """

    categories: int | Sequence[int] = 10
    units: int = 8
    flat: bool = True
    init_std: float = 1.0

    accepts_nan: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "categories": any_of(
            integer(1), Satisfying(_are_sizes, "a list of such integers")
        ),
        "units": integer(1),
        "flat": Boolean(),
        "init_std": number(0, np.inf, "[)"),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        check_features(self, in_shape)
        n_sizes = np.size(self.categories)
        if np.ndim(self.categories) and n_sizes != in_shape[-1]:
            raise ValueError(
                f"`categories` of Embedding must name a size for each of the "
                f"{in_shape[-1]} columns that it reads; got {n_sizes} sizes. An "
                "integer is the size of all columns."
            )
        return embedded_shape(self, in_shape)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        sizes = self._sizes(in_shape)
        return {"W": Param((int(sizes.sum()), self.units), normal(self.init_std))}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x = flatten_axes(x, ws)
        place, seen = self._places(x, p.W.shape, ws)
        y = ws.out("y", (*place.shape, self.units))
        table = p.W.reshape(-1, self.units)
        np.take(table, place, axis=0, out=y, mode="clip")  # "raise" would make a copy
        if not seen.all():
            y *= seen[..., None]
        ws.saved = place, seen, x.shape
        return y.reshape(*place.shape[:-2], -1, *embedded_shape(self, ws.in_shape))

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        place, seen, shape = ws.saved
        # The sum of dy by row of the tables: a product with a matrix of one entry per
        # code, which is several times as fast as np.add.at or np.bincount.
        entry = ws.out("entry", place.shape)
        entry[...] = seen
        row = ws.out("row", place.shape, np.int32)
        np.copyto(row, place, casting="same_kind")
        ends = ws.out("ends", (place.size + 1,), np.int32)
        ends.fill(1)
        ends[0] = 0
        np.add.accumulate(ends, dtype=np.int32, out=ends)
        n_rows = g.W.size // self.units
        one_hot = sp.csc_array(
            (entry.reshape(-1), row.reshape(-1), ends), shape=(n_rows, place.size)
        )
        g.W[...] = (one_hot @ dy.reshape(-1, self.units)).reshape(g.W.shape)
        if not need_dx:
            return None
        dx = ws.out("dx", shape)
        dx.fill(0)
        return restore_axes(dx, ws)

    def _places(self, x: Array, shape: Shape, ws: Workspace) -> tuple[Array, Array]:
        """Return each code's row in the tables, and whether it has one.

        Shapes: x and seen (..., n, f), place (members, n, f) if there are members.
        """
        sizes = self._sizes(ws.in_shape)
        code = np.floor(x, out=ws.out("code", x.shape))
        seen = np.greater_equal(code, 0, out=ws.out("seen", x.shape, bool))
        seen &= np.less(code, sizes, out=ws.out("below", x.shape, bool))
        *members, n_rows, _ = shape
        place = ws.out("place", (*members, *x.shape[-2:]), np.intp)
        place.fill(0)
        np.copyto(place, code, where=seen, casting="unsafe")
        place += np.cumsum(sizes) - sizes
        if members:  # their tables stand one below the other
            place += n_rows * np.arange(*members)[:, None, None]
        return place, seen

    def _sizes(self, in_shape: Shape) -> Array:
        """Return the number of categories of each column."""
        return np.broadcast_to(self.categories, in_shape[-1:])
