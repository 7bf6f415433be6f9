"""Embeddings of numbers: closed forms, and NumPy's interpolation."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_nn.blocks import (
    LinearEmbedding,
    PBLDEmbedding,
    PeriodicEmbedding,
    PiecewiseLinearEmbedding,
    PiecewiseLinearEncoding,
    quantile_bins,
)
from sklearn_nn.core import InvalidParameterError, compile_network

EDGES = [[-1, 0, 0.5, 2], [-0.5, 0.5], [0, 1, 2]]
EMBEDDINGS = {
    "linear": LinearEmbedding(3),
    "PBLD": PBLDEmbedding(5, units=3),
    "periodic": PeriodicEmbedding(5, units=3, activation="tanh"),
    "piecewise": PiecewiseLinearEmbedding(EDGES, units=3),
}
every_embedding = pytest.mark.parametrize(
    "block", EMBEDDINGS.values(), ids=EMBEDDINGS.keys()
)


def compiled(block, rng, n_features=3):
    return compile_network(block, (n_features,), np.float64, rng)


def named(net):
    return net.layout.named_views(net.params)


@every_embedding
def test_a_feature_is_embedded_by_itself(block, rng):
    net = compiled(block, rng)
    x = rng.standard_normal((4, 3))
    before = net.forward(x).reshape(4, 3, 3).copy()
    x[:, 1] += 0.3
    after = net.forward(x).reshape(4, 3, 3)
    assert_array_equal(after[:, [0, 2]], before[:, [0, 2]])
    assert (after[:, 1] != before[:, 1]).any(axis=-1).all()


@every_embedding
def test_vectors_stand_in_a_line_or_in_a_sequence(block, rng):
    net = compiled(block, rng)
    x = rng.standard_normal((4, 3))
    line = net.forward(x).copy()
    net.block = type(block)(**{**block.get_params(), "flat": False})
    assert_array_equal(net.forward(x), line.reshape(4, 3, 3))
    assert net.block.out_shape((7, 3)) == (7, 3, 3)
    assert block.out_shape((7, 3)) == (7, 9)


@every_embedding
def test_nothing_is_penalized(block, rng):
    net = compiled(block, rng)
    assert net.layout.n_weights == 0
    assert {param.group for param in net.layout.params.values()} == {"numeric"}


def test_a_linear_embedding_is_a_line_per_unit(rng):
    net = compiled(LinearEmbedding(2), rng, n_features=2)
    net.params[:] = [1, 2, 10, 20, 3, -4, 30, 40]  # slopes and offsets, twice
    assert_array_equal(net.forward(np.array([[2.0, -1]])), [[12, 24, 27, 44]])


def test_pbld_is_its_formula(rng):
    net = compiled(PBLDEmbedding(4, units=3, sigma=1.0), rng)
    wave, W = named(net)["wave"], named(net)["W"]
    x = rng.standard_normal((5, 3))
    y = net.forward(x).reshape(5, 3, 3)
    for n, j in np.ndindex(5, 3):
        angle = 2 * np.pi * x[n, j] * wave[j, :, 0] + wave[j, :, 1]
        assert_allclose(y[n, j, :2], np.cos(angle) @ W[j, :4] + W[j, 4], rtol=1e-10)
        assert y[n, j, 2] == x[n, j]


def test_a_periodic_embedding_is_its_formula(rng):
    net = compiled(PeriodicEmbedding(4, units=2, sigma=1.0), rng)
    wave, W = named(net)["wave"], named(net)["W"]
    x = rng.standard_normal((5, 3))
    y = net.forward(x).reshape(5, 3, 2)
    for n, j in np.ndindex(5, 3):
        angle = 2 * np.pi * x[n, j] * wave[j, :, 0]
        z = np.cos(angle) @ W[j, :4] + np.sin(angle) @ W[j, 4:8] + W[j, 8]
        assert_allclose(y[n, j], np.maximum(z, 0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [PBLDEmbedding, PeriodicEmbedding])
def test_the_first_frequencies_are_normal(kind, rng):
    net = compiled(kind(500, sigma=0.3), rng, n_features=40)
    wave = named(net)["wave"]
    assert wave[..., 0].std() == pytest.approx(0.3, rel=0.05)
    assert (np.abs(wave[..., 1:]) <= np.pi).all()


def test_the_first_angles_of_pbld_are_all_around(rng):
    angles = named(compiled(PBLDEmbedding(500), rng, n_features=40))["wave"][..., 1]
    assert_allclose(np.histogram(angles, 8, (-np.pi, np.pi))[0], 2500, rtol=0.12)


def test_an_encoding_says_how_far_a_number_is_through_each_bin(rng):
    net = compiled(PiecewiseLinearEncoding(EDGES), rng)
    y = net.forward(np.array([[0.25, 0.0, 0.5], [-2, 2, -1], [5, -1, 4]]))
    first = [1, 0.5, 0, 0.5, 0.5, 0]
    assert_array_equal(y, [first, [-1, 0, 0, 2.5, -1, 0], [1, 1, 3, -0.5, 1, 3]])


def test_the_shares_of_the_bins_add_up_to_the_number(rng):
    x = 5 * rng.standard_normal((50, 2))
    bins = quantile_bins(rng.standard_normal((30, 2)), 6)
    y = compiled(PiecewiseLinearEncoding(bins), rng, n_features=2).forward(x)
    widths = np.diff(bins).ravel()
    total = (y * widths).reshape(50, 2, 6).sum(axis=-1)
    assert_allclose(total, x - [bins[0][0], bins[1][0]], atol=1e-12)


def test_a_piecewise_embedding_interpolates_between_the_edges(rng):
    net = compiled(PiecewiseLinearEmbedding(EDGES, units=2), rng)
    W = named(net)["W"]
    W[...] = rng.standard_normal(W.shape)
    x = rng.uniform([-1, -0.5, 0], [2, 0.5, 2], (40, 3))
    y = net.forward(x).reshape(40, 3, 2)
    for j, unit in np.ndindex(3, 2):
        n_bins = len(EDGES[j]) - 1
        at_edges = np.append(0, np.cumsum(W[j, :n_bins, unit]))
        line = x[:, j] * W[j, -2, unit] + W[j, -1, unit]
        expected = np.interp(x[:, j], EDGES[j], at_edges) + line
        assert_allclose(y[:, j, unit], expected, rtol=1e-9, atol=1e-12)


def test_a_piecewise_embedding_is_a_line_at_first(rng):
    net = compiled(PiecewiseLinearEmbedding(EDGES, units=2), rng)
    x = np.linspace(-3, 3, 9)[:, None] * np.ones(3)
    bends = np.diff(net.forward(x), n=2, axis=0)
    assert_allclose(bends, 0, atol=1e-14)
    assert np.abs(named(net)["W"][:, -2:]).max() <= 2**-0.5


def test_other_bins_are_seen_in_the_next_forward(rng):
    net = compiled(PiecewiseLinearEncoding([[0.0, 1]]), rng, n_features=1)
    assert net.forward(np.array([[1.0]])) == 1
    net.block.set_params(bins=[[0.0, 2]])
    assert net.forward(np.array([[1.0]])) == 0.5


def test_bins_hold_equally_many_rows(rng):
    X = rng.standard_normal((1000, 2))
    for x, edges in zip(X.T, quantile_bins(X, 8), strict=True):
        assert_array_equal(np.histogram(x, edges)[0], 125)
        assert (edges[0], edges[-1]) == (x.min(), x.max())


@pytest.mark.parametrize(
    ("column", "edges"),
    [
        ([3, 3, 3, 3, 5], [3, 5]),
        ([1, 2, 3, 4, np.nan], [1, 1.75, 2.5, 3.25, 4]),
        ([7, 7, 7], [7, 8]),
        ([np.nan, 2, np.inf], [2, 3]),
        ([0, 1e-9, 2e-9, 3e-9, 1], [0, 1]),
    ],
)
def test_quantiles_that_are_the_same_are_one_edge(column, edges):
    (found,) = quantile_bins(np.array(column)[:, None], 4)
    assert_allclose(found, edges, atol=1e-8)


def test_a_column_without_numbers_has_no_bins():
    message = "Column 1 of `X` must have a finite value to be cut into bins; got none."
    with pytest.raises(ValueError, match=message):
        quantile_bins([[1, np.nan], [2, np.nan]])


@pytest.mark.parametrize("kind", [PiecewiseLinearEmbedding, PiecewiseLinearEncoding])
@pytest.mark.parametrize(
    "bins", [None, 5, [], [[1]], [[1, 1]], [[2, 1]], [[0, np.nan]], [[[0, 1]]], ["ab"]]
)
def test_the_bins_are_checked_when_a_network_is_made(kind, bins, rng):
    message = (
        f"`bins` of {kind.__name__} must be a list of ascending edges for each column, "
        f"as quantile_bins(X) returns; got {bins!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(kind(bins), rng, n_features=1)


@pytest.mark.parametrize("kind", [PiecewiseLinearEmbedding, PiecewiseLinearEncoding])
def test_each_column_must_have_its_bins(kind):
    message = "each of the 2 columns that it reads; got the edges of 3"
    with pytest.raises(ValueError, match=message):
        kind(EDGES).out_shape((2,))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (LinearEmbedding(0), "`units` of LinearEmbedding must be an integer in [1"),
        (PBLDEmbedding(units=1), "`units` of PBLDEmbedding must be an integer in [2"),
        (PBLDEmbedding(0), "`frequencies` of PBLDEmbedding must be an integer in [1"),
        (PeriodicEmbedding(sigma=-1), "`sigma` of PeriodicEmbedding must be a number"),
        (LinearEmbedding(flat=2), "`flat` of LinearEmbedding must be True or False"),
        (LinearEmbedding(2, "no"), "`activation` must be one of"),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message, rng):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block, rng)


@every_embedding
def test_rows_without_features_are_refused(block):
    with pytest.raises(ValueError, match=r"axis of features; got rows of shape \(\)"):
        block.out_shape(())
