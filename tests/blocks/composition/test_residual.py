"""Residual: its shortcut, parameters and messages."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Dense, Dropout, Identity, Residual, Tanh, chain
from sklearn_nn.core import InvalidParameterError, compile_network

X = np.array([[-2.0, 0.5, 3], [1, -1, 0]])


class Halves(Dense):
    """Declares half the time steps."""

    def out_shape(self, in_shape):
        return (in_shape[0] // 2, self.units)


def compiled(block, in_shape=(3,)):
    return compile_network(block, in_shape, np.float64, np.random.default_rng(0))


def test_the_output_is_x_and_the_output_of_the_block():
    assert_allclose(compiled(Residual(Tanh())).forward(X), X + np.tanh(X), rtol=1e-15)


def test_with_weights_of_zero_it_does_nothing():
    net = compiled(Residual(chain(Dense(8, "tanh"), Dense(3))))
    net.params[:] = 0
    assert_array_equal(net.forward(X), X)


def test_where_the_width_changes_the_shortcut_is_affine():
    net = compiled(Residual(Dense(2, "tanh")))
    views = net.layout.named_views(net.params)
    W, b, V, c = (
        views[f"{part}/{name}"] for part in ("block", "shortcut") for name in "Wb"
    )
    assert_allclose(net.forward(X), np.tanh(X @ W + b) + X @ V + c, rtol=1e-14)


def test_where_the_shape_is_kept_the_shortcut_has_no_parameters():
    assert set(compiled(Residual(Dense(3))).layout.slices) == {"block/W", "block/b"}


def test_the_shortcut_keeps_a_time_axis():
    assert compiled(Residual(Dense(7)), (5, 3)).out_shape == (5, 7)


def test_a_block_given_is_the_shortcut_in_any_case():
    net = compiled(Residual(Identity(), projection=Tanh()))
    assert_allclose(net.forward(X), X + np.tanh(X), rtol=1e-15)


def test_get_params_reaches_into_the_block():
    assert Residual(chain(Dense(8), Dense(3))).get_params()["block__dense1__units"] == 8


def test_set_params_reaches_block_and_projection():
    block = Residual(Dense(8), projection=Dense(5))
    block.set_params(block__units=4, projection__units=4)
    assert block.out_shape((3,)) == (4,)


def test_a_clone_has_the_same_parameters():
    block = Residual(chain(Dense(8), Dense(3)), projection=None)
    assert repr(clone(block)) == repr(block)


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        (Residual(Dense(3)), False),
        (Residual(Dense(3), projection=Dense(3)), True),
        (Residual(chain(Dropout(), Dense(3)), projection=Dense(3)), False),
    ],
)
def test_sparse_rows_are_taken_if_block_and_projection_take_them(block, answer):
    assert block.accepts_sparse is answer


def test_sparse_rows_give_what_dense_ones_give():
    net = compiled(Residual(Dense(2, "tanh"), projection=Dense(2)))
    expected = net.forward(X).copy()
    assert_allclose(net.forward(sp.csr_array(X)), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("block", "in_shape", "message"),
    [
        (
            Residual(Dense(4), projection=None),
            (3,),
            "The block of Residual must keep the shape (3,) if `projection` is None; "
            "it returns (4,). Let it keep the shape, or set projection='auto'.",
        ),
        (
            Residual(Halves(3)),
            (8, 3),
            "The block of Residual must keep all axes but the last of the shape (8, 3);"
            " it returns (4, 3). Let it keep them, or set `projection` to a block that "
            "changes them as it does.",
        ),
        (
            Residual(Dense(4), projection=Dense(5)),
            (3,),
            "The `projection` of Residual must return rows of the shape (4,), as its "
            "block does; it returns (5,). Make them equal, or set projection='auto'.",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_named_in_the_message(block, in_shape, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(block, in_shape)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (
            Residual([Dense(3)]),
            "`block` of Residual must be a block of sklearn_nn.blocks; got [Dense(uni",
        ),
        (
            Residual(Dense(3), projection="dense"),
            "`projection` of Residual must be 'auto' or None or a block of "
            "sklearn_nn.blocks; got 'dense'.",
        ),
    ],
)
def test_values_are_checked_when_a_network_is_made(block, message):
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(block)


def test_an_error_notes_the_place():
    with pytest.raises(InvalidParameterError, match="`units` of Dense") as caught:
        compiled(Residual(Dense(0)))
    note = "In block 'block' of a Residual, which reads (3,)."
    assert caught.value.__notes__ == [note]
