"""The first block of a network for a table: from encoded columns to one vector."""

from typing import Any

import numpy as np

from sklearn_nn.blocks import (
    Chain,
    Columns,
    Embedding,
    Parallel,
    PBLDEmbedding,
    PeriodicEmbedding,
    PiecewiseLinearEmbedding,
    quantile_bins,
)
from sklearn_nn.core import Array, Block

# What each embedding of numbers is made of, and how many columns a number becomes.
EMBEDDINGS = {
    "both": ("pbld", "piecewise"),
    "pbld": ("pbld",),
    "piecewise": ("piecewise",),
    "periodic": ("periodic",),
    None: ("plain",),
}
UNITS = {"pbld": 4, "piecewise": 8, "periodic": 8, "plain": 1}
CATEGORY_UNITS = 8
BINS = 32


def input_block(embedding: str | None, encoder: Any, X: Array) -> Block:
    """Return the block: numbers embedded, zeros and ones as they are, codes embedded.

    Shapes: X (n, n_columns), encoded.
    """
    numbers, one_hot, codes = _places(encoder)
    kinds = EMBEDDINGS[embedding] if numbers.stop else ()
    parts: list[tuple[str, Any]] = [
        (kind, _reading(numbers, _embed(kind, X[:, numbers]))) for kind in kinds
    ]
    if one_hot.stop > one_hot.start:
        parts.append(("one_hot", Columns(one_hot)))
    if sizes := list(encoder.embedding_sizes_):
        categories = Embedding(sizes, units=CATEGORY_UNITS)
        parts.append(("categories", _reading(codes, categories)))
    return Parallel(parts)


def sources_of(embedding: str | None, encoder: Any) -> Array:
    """Return the column of the table behind each output of `input_block`."""
    numbers, one_hot, codes = [encoder.source_[place] for place in _places(encoder)]
    embedded = [np.repeat(numbers, UNITS[kind]) for kind in EMBEDDINGS[embedding]]
    return np.concatenate([*embedded, one_hot, np.repeat(codes, CATEGORY_UNITS)])


def _places(encoder: Any) -> tuple[slice, slice, slice]:
    """Return where numbers, zeros and ones, and codes stand."""
    first, second = encoder.n_numeric_, encoder.n_numeric_ + encoder.n_one_hot_
    return slice(0, first), slice(first, second), slice(second, len(encoder.source_))


def _reading(columns: slice, block: Any) -> Chain:
    return Chain([("columns", Columns(columns)), ("block", block)])


def _embed(kind: str, X: Array) -> Any:
    if kind == "pbld":
        return PBLDEmbedding(units=UNITS[kind])
    if kind == "periodic":
        return PeriodicEmbedding(16, UNITS[kind], sigma=0.1)
    if kind == "piecewise":
        return PiecewiseLinearEmbedding(quantile_bins(X, BINS), UNITS[kind])
    return "passthrough"
