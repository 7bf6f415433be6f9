"""Parallel: merges, branches, masks and messages."""

import re

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_nn.blocks import Dense, Dropout, Identity, Parallel, Tanh, chain, parallel
from sklearn_nn.core import InvalidParameterError, Network, compile_network

X = np.array([[-2.0, 0.5, 3], [1, -1, 0]])


class Masking(Identity):
    """Notes the mask that it sees."""

    def forward(self, p, x, ws, rng):
        seen.append(ws.mask)
        return x


seen = []


def compiled(block, in_shape=(3,), members=None):
    rng = np.random.default_rng(0)
    return compile_network(block, in_shape, np.float64, rng, members)


def product(**branches):
    return Parallel(list(branches.items()), merge="multiply")


def names(block):
    return [name for name, _ in block.blocks]


def test_parallel_numbers_the_names_that_occur_more_than_once():
    assert names(parallel(Dense(4), Tanh(), Dense(3))) == ["dense1", "tanh", "dense2"]


def test_parallel_names_a_passthrough_after_itself():
    assert names(parallel(Dense(4), "passthrough")) == ["dense", "passthrough"]


def test_parameters_are_named_after_the_branches():
    layout = compiled(parallel(Dense(4), chain(Dense(2)))).layout
    assert set(layout.slices) == {
        "dense/W",
        "dense/b",
        "chain/dense/W",
        "chain/dense/b",
    }


MERGED = {
    "concat": np.concatenate([X, np.tanh(X), X], axis=-1),
    "add": 2 * X + np.tanh(X),
    "multiply": X**2 * np.tanh(X),
    "max": np.fmax(X, np.tanh(X)),
    "mean": (2 * X + np.tanh(X)) / 3,
}


@pytest.mark.parametrize("merge", MERGED)
def test_the_output_is_that_of_the_merge(merge):
    net = compiled(parallel("passthrough", Tanh(), "passthrough", merge=merge))
    assert_allclose(net.forward(X), MERGED[merge], rtol=1e-15)


@pytest.mark.parametrize("merge", MERGED)
def test_the_merge_goes_over_features_in_rows_with_a_time_axis(merge):
    net = compiled(parallel("passthrough", Tanh(), "passthrough", merge=merge), (2, 3))
    assert_allclose(net.forward(X[None]), MERGED[merge][None], rtol=1e-15)


def test_the_derivative_of_a_product_with_a_zero():
    block = product(x="passthrough", line=Dense(1, kernel=[[2]], bias=[3]))
    net = compiled(block, (1,))
    net.forward(np.array([[0.0], [1.0]]))  # x * (2 * x + 3)
    assert_array_equal(net.backward(np.ones((2, 1)), need_dx=True), [[3], [7]])


def test_at_a_tie_of_max_the_first_branch_has_the_gradient():
    same = [Dense(1, kernel=[[2]], bias=[1]) for _ in range(3)]
    lower = Dense(1, kernel=[[2]], bias=[0])
    net = compiled(parallel(lower, *same, merge="max"), (1,))
    net.forward(np.array([[5.0]]))
    net.backward(np.ones((1, 1)))
    views = net.layout.named_views(net.grads)
    assert [views[f"dense{i}/W"].item() for i in (1, 2, 3, 4)] == [0, 5, 0, 0]


def test_a_branch_that_is_dropped_is_left_out():
    block = parallel(Dense(4), Dense(2), Tanh()).set_params(dense1="drop")
    assert block.out_shape((3,)) == (5,)
    assert set(compiled(block).layout.slices) == {"dense2/W", "dense2/b"}


def test_a_branch_must_be_left():
    message = "`blocks` of Parallel must hold a branch at least that is not 'drop'"
    with pytest.raises(InvalidParameterError, match=message):
        compiled(Parallel([("a", "drop")]))


def test_members_that_share_rows_differ_where_a_branch_has_parameters(rng):
    net = compiled(parallel("passthrough", Dense(2)), members=4)
    y = net.forward(X)
    assert_array_equal(y[..., :3], [X] * 4)
    assert (y[0, :, 3:] != y[1, :, 3:]).all()


def test_no_dx_is_returned_if_none_is_needed():
    net = compiled(parallel("passthrough", Dense(2)))
    net.forward(X)
    assert net.backward(np.ones((2, 5)), need_dx=False) is None


def test_every_branch_sees_the_mask_of_x():
    seen.clear()
    net = compiled(parallel(Masking(), Masking(), merge="add"), (2, 3))
    x, mask = np.ones((1, 2, 3)), np.array([[True, False]])
    for own in (None, mask):
        net._ws.mask = own
        net.block.forward(net._p, x, net._ws, None)
    assert seen == [None, None, mask, mask]
    assert net._ws.mask is mask


def test_get_params_reaches_into_branches():
    assert parallel(Dense(8), Tanh()).get_params()["dense__units"] == 8


def test_set_params_reaches_merge_branch_and_parameter():
    block = parallel(Dense(8), Tanh())
    block.set_params(merge="add", tanh=Dense(2), dense__units=2)
    assert block.out_shape((3,)) == (2,)


def test_a_clone_has_the_same_parameters():
    block = parallel(Dense(8), "passthrough", merge="add")
    assert repr(clone(block)) == repr(block)


@pytest.mark.parametrize(
    ("block", "answer"),
    [
        (parallel(Dense(3), chain(Dense(3), Dropout())), True),
        (parallel(Dense(3), Tanh()), False),
        (parallel(Dense(3), "passthrough"), False),
        (parallel(Dense(3), "drop"), True),
    ],
)
def test_sparse_rows_are_taken_if_all_branches_take_them(block, answer):
    assert block.accepts_sparse is answer


def test_sparse_rows_give_what_dense_ones_give():
    net = compiled(parallel(Dense(3), Dense(2, "tanh")))
    y = net.forward(X).copy()
    net.backward(np.ones((2, 5)))
    grads = net.grads.copy()
    assert_allclose(net.forward(sp.csr_array(X)), y, rtol=1e-14)
    net.backward(np.ones((2, 5)))
    assert_allclose(net.grads, grads, rtol=1e-14)


def test_branches_of_different_widths_are_named_in_the_message():
    message = (
        "Parallel must get rows of one shape to merge them by 'add'; 'a' has (4,), "
        "'c' has (3,). Make them equal, or merge by 'concat'."
    )
    block = Parallel([("a", Dense(4)), ("b", Dense(4)), ("c", Tanh())], merge="add")
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(block)


def test_branches_that_cannot_be_concatenated_are_named_in_the_message():
    class Halves(Dense):
        def out_shape(self, in_shape):
            return (in_shape[0] // 2, self.units)

    message = (
        "Parallel must get rows that agree in all axes but the last to merge them by "
        "'concat'; 'a' has (8, 4), 'b' has (4, 4). Make the other axes equal."
    )
    block = Parallel([("a", Dense(4)), ("b", Halves(4))])
    with pytest.raises(ValueError, match=re.escape(message)):
        compiled(block, (8, 3))


@pytest.mark.parametrize("merge", ["sum", None, "Concat"])
def test_an_unknown_merge_is_named_in_the_message(merge):
    message = (
        "`merge` of Parallel must be 'concat', 'add', 'multiply', 'max' or 'mean'; "
        f"got {merge!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(parallel(Dense(3), merge=merge))


@pytest.mark.parametrize("name", ["merge", "blocks", "a__b"])
def test_a_name_that_cannot_be_used_is_named_in_the_message(name):
    message = (
        "A name in `blocks` of Parallel must be an identifier without '__', other than "
        f"'blocks', 'merge', and occur once; got {name!r}."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(Parallel([(name, Dense(1))]))


def test_a_branch_that_is_no_block_is_named_in_the_message():
    message = (
        "Block 'a' of Parallel must be a block of sklearn_nn.blocks, 'passthrough' or "
        "'drop'; got None."
    )
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        compiled(Parallel([("a", None)]))


def test_an_error_notes_the_branch_and_the_shape_it_reads():
    with pytest.raises(InvalidParameterError, match="`units` of Dense") as caught:
        compiled(parallel(Tanh(), Dense(0)))
    note = "In block 'dense' of a Parallel, which reads (3,)."
    assert caught.value.__notes__ == [note]


def test_given_parameters_give_the_output_on_paper():
    block = Parallel([("a", Dense(1)), ("b", Dense(2))])
    # The weights of both branches come first, then the biases.
    net = Network(block, (1,), np.array([2.0, 3, 4, 10, 20, 30]))
    assert_array_equal(net.forward(np.array([[1.0]])), [[12, 23, 34]])
