"""The network of a table: where it starts, what its parameters' factors are."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from tabulars import both, learner, make_frame, make_rows, parameters, small

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.core import Workspace, compile_network
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.tabular._network import make_block, segments_of, start_from_rows
from sklearn_nn.tabular._presets import Settings

EMBEDDINGS = [None, "both", "pbld", "periodic", "piecewise"]
every_embedding = pytest.mark.parametrize("embedding", EMBEDDINGS)
MEMBERS = 3


def compiled(X, embedding="pbld", **options):
    """Return the network for a table before training, and the encoded rows."""
    encoder = TableEncoder()
    Z = encoder.fit_transform(X)
    sizes = {"hidden_layer_sizes": (7, 5), "embedding": embedding}
    settings = Settings(**sizes | options)
    block = make_block(settings, encoder, Z, 2)
    rng = np.random.default_rng(0)
    net = compile_network(block, Z.shape[1:], np.float32, rng, members=MEMBERS)
    start_from_rows(net, Z, rng)
    return net, Z


def products(net, Z):
    """Return for each dense layer its products with the rows, without the bias."""
    p, x = net.layout.views(net.params), Z[None]
    for part in net.block.parts_for(net.in_shape)[0]:
        own = getattr(p, part.name)
        dense = getattr(own, "block", own)
        if hasattr(dense, "W"):
            yield x @ dense.W
        ws = Workspace(np.float32, part.in_shape)
        x = part.block.forward(own, x, ws, None).copy()


@every_embedding
def test_every_unit_starts_with_a_standard_deviation_of_one(embedding, rng):
    X, _ = make_frame(rng, 300)
    stds = [z.std(axis=1) for z in products(*compiled(X, embedding))]
    assert [std.shape for std in stds] == [(MEMBERS, d) for d in (7, 5, 2)]
    for std in stds:
        assert_allclose(std, 1, rtol=1e-3)


def test_shared_layers_start_with_one_over_the_rows_of_all_members(rng):
    X, _ = make_frame(rng, 300)
    net, Z = compiled(X, share_weights=True)
    hidden = list(products(net, Z))[:2]
    for z in hidden:
        assert_allclose(z.reshape(-1, z.shape[-1]).std(axis=0), 1, rtol=1e-3)


@every_embedding
def test_every_unit_starts_with_a_kink_among_the_rows(embedding, rng):
    # the bias is minus a mean of a few products, so that zero is within their range
    X, _ = make_frame(rng, 300)
    net, Z = compiled(X, embedding)
    for z, name in zip(products(net, Z), ("dense1", "dense2", "output"), strict=True):
        b = net.layout.named_views(net.params)[f"{name}/b"]
        assert (z.min(axis=1) <= -b).all()
        assert (-b <= z.max(axis=1)).all()
        assert b.std() > 0.1


def test_members_start_at_different_parameters(rng):
    X, _ = make_frame(rng)
    views = compiled(X)[0]
    W = views.layout.named_views(views.params)["dense1/W"]
    assert (W[0] != W[1]).mean() > 0.99


def test_rows_that_are_all_alike_start_with_finite_parameters():
    net, _ = compiled(np.ones((20, 3)))
    assert np.isfinite(net.params).all()


# -- factors


@every_embedding
@pytest.mark.parametrize("share", [False, True])
def test_the_segments_cover_the_trained_vector_once(share, embedding, rng):
    net, _ = compiled(make_frame(rng)[0], embedding, share_weights=share)
    segments = sorted(segments_of(net.layout))
    assert segments[0].start == 0
    assert segments[-1].stop == net.trained.size == net.params.size
    assert [s.stop for s in segments[:-1]] == [s.start for s in segments[1:]]


def factors(net):
    """Return for each parameter the rates and decays of its entries."""
    rate, decay = np.empty((2, net.params.size))
    for start, stop, r, d in segments_of(net.layout):
        rate[start:stop], decay[start:stop] = r, d
    named = net.layout.named_views
    return {
        name: (set(np.unique(rates)), set(np.unique(named(decay)[name])))
        for name, rates in named(rate).items()
    }


@pytest.mark.parametrize("share", [False, True])
def test_the_rate_of_a_matrix_is_divided_by_the_root_of_its_height(share, rng):
    net, _ = compiled(rng.standard_normal((40, 9)), None, share_weights=share)
    own = factors(net)
    inner = "block/W" if share else "W"
    heights = {f"dense1/{inner}": 9, f"dense2/{inner}": 7, "output/W": 5}
    for name, height in heights.items():
        (rate,), (decay,) = own[name]
        assert rate == pytest.approx(1 / np.sqrt(height))
        assert decay == 1


def test_biases_have_a_smaller_rate_and_no_decay(rng):
    net, _ = compiled(rng.standard_normal((40, 9)))
    own = factors(net)
    for name in ("dense1/b", "dense2/b", "output/b"):
        (rate,), (decay,) = own[name]
        assert rate < 1
        assert decay == 0


@both
def test_a_rate_close_to_zero_changes_nothing_but_what_is_random(cls, rng):
    X, y = make_rows(rng)
    options = {"learning_rate": 1e-30, "validation_fraction": 0, "n_bags": 1}
    first, second = (
        parameters(small(cls, max_epochs=epochs, **options).fit(X, y))
        for epochs in (1, 3)
    )
    assert_array_equal(first, second)


@both
def test_steps_have_the_factors_of_their_segments(cls, rng):
    # the first step at a rate: of the scale by 6, of the biases by a tenth of it
    X, y = make_rows(rng)
    options = {"n_bags": 1, "validation_fraction": 0, "weight_decay": 0, "dropout": 0}

    def views(learning_rate):
        options["learning_rate"] = learning_rate
        (net,) = small(cls, max_epochs=1, **options).fit(X, y)._networks
        return net.layout.named_views(net.params)

    before, after = views(1e-30), views(0.01)
    moved = {name: np.median(abs(after[name] - before[name])) for name in before}
    assert 20 < moved["scale/s"] / moved["dense1/b"] < 180


# -- importances


@every_embedding
@both
def test_importances_are_shares_of_the_columns(cls, embedding, rng):
    X, y = make_frame(rng)
    importances = small(cls, embedding=embedding).fit(X, y).feature_importances_
    assert importances.shape == (8,)
    assert (importances >= 0).all()
    assert importances.sum() == pytest.approx(1)


def test_importances_of_a_linear_network_are_those_of_its_coefficients(rng):
    # without hidden layers the raw output is linear in the encoded columns
    X, y = make_rows(rng)
    model = learner(TabularRegressor, hidden_layer_sizes=[], n_bags=1).fit(X, y)
    Z = TableEncoder().fit_transform(X).astype(float)
    design = np.column_stack([Z, np.ones(len(Z))])
    coef = np.linalg.lstsq(design, model._raw_predict(X)[0, :, 0].astype(float))[0][:-1]
    expected = Z.std(axis=0) * np.abs(coef)
    assert_allclose(model.feature_importances_, expected / expected.sum(), rtol=1e-3)


@every_embedding
@both
def test_a_column_that_decides_is_the_most_important(cls, embedding, rng):
    X = rng.standard_normal((400, 4))
    y = (X[:, 2] > 0).astype(int)
    options = {"embedding": embedding, "weight_decay": 0.1}
    model = learner(cls, **options).fit(X, y)
    assert model.feature_importances_.argmax() == 2


@both
def test_a_category_that_decides_is_the_most_important(cls, rng):
    X = pd.DataFrame(
        {
            "noise": rng.standard_normal(400),
            "few": rng.choice(list("abc"), 400),
            "many": rng.choice(list("abcdefghijklmnop"), 400),
        }
    )
    y = (X["many"] < "h").to_numpy().astype(int)
    model = learner(cls, weight_decay=0.1, learning_rate=0.1).fit(X, y)
    assert model.feature_importances_.argmax() == 2


def test_constant_columns_have_no_importance(rng):
    X, y = make_rows(rng)
    X[:, 1] = 3
    assert small(TabularRegressor).fit(X, y).feature_importances_[1] == 0


def test_where_nothing_varies_no_column_is_important():
    model = small(TabularRegressor).fit(np.ones((30, 2)), np.arange(30))
    assert_array_equal(model.feature_importances_, [0, 0])


@pytest.mark.parametrize(("n_numbers", "kinds"), [(50, 2), (51, 1)])
def test_pieces_are_left_out_where_there_are_many_numbers(n_numbers, kinds, rng):
    X, y = rng.standard_normal((20, n_numbers)), np.arange(20) % 2
    model = TabularClassifier(n_bags=1, max_epochs=1, hidden_layer_sizes=[4])
    block = model.fit(X, y)._networks[0].block
    assert len(block.get_params()["input__blocks"]) == kinds


@pytest.mark.parametrize(("n_numbers", "kind"), [(1000, "pbld"), (1001, "plain")])
def test_very_many_numbers_are_not_embedded(n_numbers, kind, rng):
    X, y = rng.standard_normal((20, n_numbers)), np.arange(20) % 2
    model = TabularClassifier(n_bags=1, max_epochs=1, hidden_layer_sizes=[4])
    block = model.fit(X, y)._networks[0].block
    assert [name for name, _ in block.get_params()["input__blocks"]] == [kind]
