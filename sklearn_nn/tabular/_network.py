"""The network of a table: its block, its first parameters, its rates."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from sklearn_nn.blocks import Chain, Dense, Dropout, ParametricActivation, Scale, Shared
from sklearn_nn.core import Array, Block, Network, ParamLayout, Rng, Segment, Workspace
from sklearn_nn.schedules import FlatCosine
from sklearn_nn.tabular._input import input_block

# Factors of the learning rate and of the decay by group; those of the matrices depend
# on their height. Decays are squares of rates: that is what was tuned.
FACTORS = {
    "activation": (0.1, 0.01),
    "bias": (0.1, 0.0),
    "numeric": (0.1, 0.01),
    "scale": (6.0, 36.0),
}
START_ROWS = 2048  # of the data that the first parameters depend on
ROWS_OF_A_BIAS = 5
MIN_STD = 1e-6


def make_block(settings: Any, encoder: Any, X: Array, n_raw: int) -> Block:
    """Return the block that reads the columns of ``encoder`` and has ``n_raw`` outputs.

    Shapes: X (n, n_columns), encoded.
    """
    parts: list[Any] = [("input", input_block(settings.embedding, encoder, X))]
    parts.append(("scale", Scale()))
    f = settings.activation
    bends = isinstance(f, ParametricActivation)
    for i, units in enumerate(settings.hidden_layer_sizes, start=1):
        dense = Dense(units) if bends else Dense(units, f)
        parts.append((f"dense{i}", Shared(dense) if settings.share_weights else dense))
        if bends:
            parts.append((f"activation{i}", f))
        if settings.dropout:
            parts.append((f"dropout{i}", Dropout(settings.dropout, FlatCosine())))
    return Chain([*parts, ("output", Dense(n_raw))])


def segments_of(layout: ParamLayout) -> list[Segment]:
    """Return the factors of rate and decay of each stretch of the parameter vector.

    The rate of a matrix of height d is divided by the root of d. With Adam this is the
    neural tangent parametrization, where the layer divides its products by that root.
    """
    pieces = []
    for name, param in layout.params.items():
        rate, decay = FACTORS.get(param.group, (1.0, 1.0))
        if param.group == "weight" and not name.startswith("input"):
            rate /= math.sqrt(param.shape[-2])
        pieces.append((rate, decay, layout.slices[name]))
    segments = []
    for (rate, decay), run in groupby(pieces, lambda piece: piece[:2]):
        places = [place for *_, place in run]
        segments.append(Segment(places[0].start, places[-1].stop, rate, decay))
    return segments


def start_from_rows(net: Network, X: Array, rng: Rng) -> None:
    """Set matrices and biases by the rows that reach them, layer by layer.

    Each unit gets normal weights, scaled to a standard deviation of 1 over the rows;
    its bias is minus its product with a random point among them, the mean of a few rows
    with random weights.

    Shapes: X (n, n_columns), of which some are used.
    """
    rows = rng.permutation(len(X))[:START_ROWS]
    x, p = X[rows][None], net.layout.views(net.params)
    for part in net.block.parts_for(net.in_shape)[0]:
        own = getattr(p, part.name)
        if isinstance(part.block, Dense):
            _start_dense(own, x, rng)
        elif isinstance(part.block, Shared):
            _start_dense(own.block, x.reshape(-1, x.shape[-1]), rng)
        ws = Workspace(net.params.dtype, part.in_shape)
        x = part.block.forward(own, x, ws, None)


def _start_dense(own: Any, x: Array, rng: Rng) -> None:
    """Set W (k, d, h) and b (k, h) by the rows x (k, n, d) or (1, n, d).

    Without members, the axis k is missing everywhere.
    """
    W, b = own.W, own.b
    W[...] = rng.standard_normal(W.shape, W.dtype) / math.sqrt(W.shape[-2])
    z = x @ W
    std = z.std(axis=-2, keepdims=True)
    std[std <= MIN_STD] = 1  # all rows are alike, or there is but one
    W /= std
    z /= std
    *members, n, h = z.shape
    rows = rng.integers(n, size=(*members, ROWS_OF_A_BIAS, h))
    share = rng.standard_exponential(rows.shape, z.dtype)
    share /= share.sum(axis=-2, keepdims=True)
    b[...] = -(share * np.take_along_axis(z, rows, axis=-2)).sum(axis=-2)


def importances(networks: Sequence[Network], sources: Array, X: Array) -> Array:
    """Return how much each column of the table moves the first layer: (n_features,).

    The sum over what the network makes of a column, of its standard deviation times the
    factor of the first scale times the norm of its weights.

    Shapes: X (n, n_columns), encoded; sources as of `sources_of`.
    """
    rows, total = X[:START_ROWS][None], np.zeros(len(sources))
    for net in networks:
        p, parts = net.layout.views(net.params), net.block.parts_for(net.in_shape)[0]
        ws = Workspace(net.params.dtype, net.in_shape)
        x = parts[0].block.forward(p.input, rows, ws, None)
        first = p.dense1 if hasattr(p, "dense1") else p.output
        W = first.block.W if hasattr(first, "block") else first.W
        norms = np.sqrt(np.square(W).sum(axis=-1))
        total += (x.std(axis=-2) * np.abs(p.scale.s) * norms).sum(axis=0)
    return np.bincount(sources, total)
