"""Weights: given ones, their names, out of an estimator, into it, and to files."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import (
    MANIFOLD,
    both,
    initialized,
    make_rows,
    make_sequences,
    parameters,
    raw,
    state_of,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_nn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    GRU,
    BatchNorm,
    Chain,
    Dense,
    Output,
    Residual,
    Step,
    Tied,
    chain,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
all_four = pytest.mark.parametrize(
    "cls", [MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor]
)

OPTIONS = {"max_iter": 5, "random_state": 0}
CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = chain(
    Dense(2, "step", kernel=[[1, 1], [1, 1]], bias=[-1.5, -0.5]),
    Output("step", kernel=[[-1], [1]], bias=[-0.5]),
)
# 4 + 3 * max(0, 1 - x0 + 2 * x1)
LINE = chain(
    Dense(1, "relu", kernel=[[-1], [2]], bias=[1]), Output(kernel=[[3]], bias=[4])
)


def learned(cls, rng):
    """Return the estimator, fitted, and what it was fitted to."""
    X, y = make_rows(rng)
    own = {} if cls in (MLPClassifier, MLPRegressor) else {"network": MANIFOLD}
    return cls(**OPTIONS, **own).fit(X, y), X, y


# -- without training


def test_xor_is_computed_by_nine_given_parameters():
    net = NetworkClassifier(XOR).initialize(n_features=2, classes=[0, 1])
    assert net.predict(CORNERS).tolist() == [0, 1, 1, 0]
    assert net.n_params_ == 9
    assert net.score(CORNERS, [0, 1, 1, 0]) == 1


def test_the_classes_may_have_names():
    net = NetworkClassifier(XOR).initialize(2, ["no", "yes"])
    assert net.predict(CORNERS).tolist() == ["no", "yes", "yes", "no"]
    assert net.classes_.tolist() == ["no", "yes"]


def test_a_regressor_computes_with_given_weights():
    net = NetworkRegressor(LINE).initialize(n_features=2)
    assert net.predict([[0.5, 2.0], [9.0, 1.0]]).tolist() == [4 + 3 * 4.5, 4.0]


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_a_regressor_is_initialized_with_several_outputs(n_outputs, rng):
    net = NetworkRegressor(random_state=0).initialize(4, n_outputs)
    shape = (7,) if n_outputs == 1 else (7, 3)
    assert net.predict(rng.standard_normal((7, 4))).shape == shape


def test_a_classifier_is_initialized_for_many_classes_and_labels(rng):
    X = rng.standard_normal((7, 4))
    many = NetworkClassifier(random_state=0).initialize(4, list("abcd"))
    assert many.predict_proba(X).shape == (7, 4)
    labels = NetworkClassifier(random_state=0).initialize(4, [[0, 1, 1]])
    assert labels.predict(X).shape == (7, 3)


@pytest.mark.parametrize("n_features", [(6, 2), (np.int64(6), 2)])
def test_rows_with_axes_are_initialized(n_features, rng):
    X, _ = make_sequences(rng)
    net = NetworkClassifier(GRU(3), random_state=0).initialize(n_features, [0, 1])
    assert net.n_features_in_ == 12
    np.testing.assert_array_equal(net.predict(X), net.predict(X.reshape(60, 12)))


@both
def test_the_first_weights_are_those_of_a_fit(cls, rng):
    X, y = make_rows(rng)
    net = initialized(cls(MANIFOLD, random_state=3), 4, 3)
    still = cls(MANIFOLD, random_state=3, learning_rate=1e-300, max_iter=1).fit(X, y)
    thin = "dense/W"
    np.testing.assert_array_equal(net.get_weights()[thin], still.get_weights()[thin])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both
def test_the_float_type_can_be_chosen(cls, dtype):
    assert parameters(initialized(cls(dtype=dtype), 3)).dtype == dtype


@pytest.mark.parametrize(
    "n_features", [0, -1, 2.0, "4", None, (), (3, 0), [3, 4], True]
)
@both
def test_the_number_of_features_must_be_one(cls, n_features):
    net, message = cls(), "`n_features` must be an integer of at least 1, or a tuple"
    with pytest.raises(ValueError, match=message):
        initialized(net, n_features)
    assert vars(net) == vars(cls())


@pytest.mark.parametrize("n_outputs", [0, -1, 1.0, "2", None])
def test_the_number_of_outputs_must_be_one(n_outputs):
    with pytest.raises(ValueError, match="`n_outputs` must be an integer of at least"):
        NetworkRegressor().initialize(3, n_outputs)


@both
def test_given_weights_of_another_shape_are_refused(cls):
    message = r"(?s)`kernel` of Dense must .*\(2, 2\), .*got \(2, 3\).*In block 'dense'"
    with pytest.raises(ValueError, match=message):
        initialized(cls(chain(Dense(2, kernel=np.ones((2, 3))))), 2)


@pytest.mark.parametrize(
    "network",
    [XOR, chain(Dense(3), Step()), Residual(Dense(3, Step())), Output("step")],
)
@both
def test_step_functions_are_not_trained(cls, network, rng):
    X, y = make_rows(rng)
    message = r"must not have step functions .* derivative is 0 everywhere.*initialize"
    with pytest.raises(ValueError, match=message):
        cls(network).fit(X[:, :2], y > 0)


@both
def test_a_part_may_be_called_step(cls, rng):
    X, y = make_rows(rng)
    net = Chain([("step", Dense(4)), ("again", Tied("step"))])
    assert cls(net, **OPTIONS).fit(X, y).n_iter_ == 5


@both
def test_training_goes_on_from_given_weights(cls, rng):
    X, y = rng.standard_normal((30, 2)), np.arange(30) % 2
    given = initialized(cls(LINE, warm_start=True, random_state=0), 2)
    start = parameters(given)
    given.set_params(learning_rate=1e-300, max_iter=1).fit(X, y)
    np.testing.assert_array_equal(parameters(given), start)
    given.set_params(learning_rate=0.1, max_iter=5).fit(X, y)
    assert given.n_iter_ == 5
    assert not np.array_equal(parameters(given), start)


@both
def test_partial_fit_goes_on_from_given_weights(cls, rng):
    X, y = rng.standard_normal((30, 2)), np.arange(30) % 2
    net = initialized(cls(LINE, learning_rate=1e-300), 2)
    start = parameters(net)
    np.testing.assert_array_equal(parameters(net.partial_fit(X, y)), start)
    assert (net.t_, net.n_iter_) == (30, 1)


@both
def test_a_fit_without_warm_start_draws_weights_anew(cls, rng):
    X, y = make_rows(rng)
    begun = initialized(cls(MANIFOLD, **OPTIONS), 4, 3).fit(X, y)
    anew = cls(MANIFOLD, **OPTIONS).fit(X, y)
    np.testing.assert_array_equal(parameters(begun), parameters(anew))


@both
def test_initialize_forgets_an_earlier_training(cls, rng):
    net, X, _ = learned(cls, rng)
    initialized(net, 2)
    assert (net.n_iter_, net.t_, net.loss_curve_) == (0, 0, [])
    with pytest.raises(ValueError, match="X has 4 features"):
        net.predict(X)


@both
def test_training_after_initialize_does_not_remember(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, warm_start=True, **OPTIONS)
    initialized(model.fit(pd.DataFrame(X, columns=list("abcd")), y), 4, 3)
    assert not hasattr(model, "feature_names_in_")
    other = initialized(clone(model), 4, 3)
    np.testing.assert_array_equal(
        parameters(model.fit(X, y)), parameters(other.fit(X, y))
    )


@both
def test_what_is_set_after_initialize_does_not_count(cls, rng):
    X, _ = make_rows(rng)
    model, other = (
        initialized(cls(chain(Dense(5, "tanh")), random_state=0), 4) for _ in range(2)
    )
    model.set_params(network__dense__activation="relu")
    np.testing.assert_array_equal(raw(model, X), raw(other, X))


# -- by name


def test_weights_have_the_names_of_their_blocks(rng):
    X, y = make_rows(rng)
    body = Chain([("a", Dense(5)), ("norm", BatchNorm()), ("b", Tied("a"))])
    net = Chain([("first", Dense(5)), ("body", Residual(body)), ("last", Output())])
    weights = NetworkRegressor(net, **OPTIONS).fit(X, y).get_weights()
    shapes = {name: array.shape for name, array in weights.items()}
    assert shapes == {
        **{"first/W": (4, 5), "first/b": (5,)},
        **{"body/block/a/W": (5, 5), "body/block/a/b": (5,)},
        **{"body/block/norm/scale": (5,), "body/block/norm/shift": (5,)},
        **{"body/block/norm/mean": (5,), "body/block/norm/variance": (5,)},
        "body/block/norm/batches": (1,),
        **{"last/W": (5, 1), "last/b": (1,)},
    }


def test_weights_of_mlps_have_the_names_of_their_layers(rng):
    mlp, _, _ = learned(MLPClassifier, rng)
    weights = mlp.get_weights()
    assert list(weights) == ["hidden1/W", "output/W", "hidden1/b", "output/b"]
    np.testing.assert_array_equal(weights["output/W"], mlp.coefs_[1])


@all_four
def test_weights_are_copies(cls, rng):
    model, _, _ = learned(cls, rng)
    before = parameters(model)
    for array in model.get_weights().values():
        array[...] = 7
    np.testing.assert_array_equal(parameters(model), before)


@all_four
def test_weights_are_set_by_name_in_any_order(cls, rng):
    model, X, y = learned(cls, rng)
    other = clone(model).set_params(max_iter=2).fit(X, y)
    assert not np.array_equal(raw(other, X), raw(model, X))
    weights = dict(reversed(model.get_weights().items()))
    weights = {name: array.tolist() for name, array in weights.items()}
    assert other.set_weights(weights) is other
    np.testing.assert_array_equal(raw(other, X), raw(model, X))


@all_four
def test_training_goes_on_with_weights_that_were_set(cls, rng):
    model, X, y = learned(cls, rng)
    rate = "learning_rate" if hasattr(model, "network") else "learning_rate_init"
    model.set_params(warm_start=True, max_iter=1, **{rate: 1e-300}).fit(X, y)
    weights = {name: array / 2 for name, array in model.get_weights().items()}
    after = model.set_weights(weights).fit(X, y).get_weights()
    state = {f"batchnorm/{name}" for name in ("mean", "variance", "batches")}
    for name in weights.keys() - state:
        np.testing.assert_array_equal(after[name], weights[name])


BAD_WEIGHTS = {
    "a name is missing": (
        lambda w, name: {k: a for k, a in w.items() if k != name},
        r"the names that get_weights returns; missing: \['{}'\], unknown: \[\]",
    ),
    "a name is unknown": (
        lambda w, name: w | {"more": 1},
        r"missing: \[\], unknown: \['more'\]",
    ),
    "a shape differs": (
        lambda w, name: w | {name: w[name].T},
        r"`weights\['{}'\]` must have the shape \(4, \d+\); got \(\d+, 4\)",
    ),
    "a number": (lambda w, name: w | {name: 1.0}, r"must have the shape .*; got \(\)"),
    "text": (
        lambda w, name: w | {name: np.full(w[name].shape, "much")},
        r"`weights\['{}'\]` must be of real numbers; got <U",
    ),
    "text in objects": (
        lambda w, name: w | {name: np.full(w[name].shape, "much", object)},
        r"`weights\['{}'\]` must be an array of finite numbers; got",
    ),
    "an integer beyond floats": (
        lambda w, name: w | {name: np.full(w[name].shape, 10**400, object)},
        r"`weights\['{}'\]` must be an array of finite numbers; got",
    ),
    "complex numbers": (
        lambda w, name: w | {name: w[name] + 0j},
        r"`weights\['{}'\]` must be of real numbers; got complex128",
    ),
    "times": (
        lambda w, name: w | {name: w[name].astype("m8[s]")},
        r"`weights\['{}'\]` must be of real numbers; got timedelta64\[s\]",
    ),
    "masked values": (
        lambda w, name: w | {name: np.ma.masked_greater(w[name], 0)},
        r"`weights\['{}'\]` must have no masked values",
    ),
    "rows of unequal length": (
        lambda w, name: w | {name: [[1.0], [1.0, 2.0]]},
        r"`weights\['{}'\]` must be an array of finite numbers; got \[\[1.0\], ",
    ),
    "too large to be multiplied": (
        lambda w, name: w | {name: np.full(w[name].shape, 1e308)},
        r"`weights\['{}'\]` must be finite, and at most 1.3e\+154 in size",
    ),
    "NaN": (
        lambda w, name: w | {name: w[name] * np.nan},
        r"`weights\['{}'\]` must be finite",
    ),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@all_four
def test_weights_that_do_not_fit_change_nothing(cls, case, rng):
    model, _, _ = learned(cls, rng)
    weights, before = model.get_weights(), state_of(model)
    name = next(name for name in weights if weights[name].ndim == 2)
    spoil, message = BAD_WEIGHTS[case]
    with pytest.raises(ValueError, match=message.replace("{}", name)):
        model.set_weights(spoil(weights, name))
    assert state_of(model) == before


@pytest.mark.parametrize("weights", [None, [np.ones(3)], 5])
@all_four
def test_weights_must_be_a_mapping(cls, weights, rng):
    model, _, _ = learned(cls, rng)
    with pytest.raises(TypeError, match="`weights` must be a dict of arrays by name"):
        model.set_weights(weights)


@both
def test_weights_of_other_connections_are_refused(cls, rng):
    X, y = make_rows(rng)
    net = chain(Dense(9, mask=0.5))
    model, other = (
        cls(net, max_iter=1, random_state=seed).fit(X, y) for seed in (0, 1)
    )
    before = parameters(model)
    with pytest.raises(ValueError, match="must be zero where connections are thinned"):
        model.set_weights(other.get_weights())
    np.testing.assert_array_equal(parameters(model), before)


# -- in files


@pytest.mark.parametrize("file", ["weights.npz", "weights", Path("weights.of.mine")])
@all_four
def test_weights_come_back_from_a_file(cls, file, rng, tmp_path):
    model, X, _ = learned(cls, rng)
    expected = raw(model, X)
    path = tmp_path / file if isinstance(file, Path) else str(tmp_path / file)
    model.save_weights(path)
    assert [entry.name for entry in tmp_path.iterdir()] == [str(file)]
    model.set_weights({name: 0 * a for name, a in model.get_weights().items()})
    assert model.load_weights(path) is model
    np.testing.assert_array_equal(raw(model, X), expected)


@both
def test_a_file_is_read_by_numpy_without_pickle(cls, rng, tmp_path):
    model, _, _ = learned(cls, rng)
    model.save_weights(tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        assert file.files == [*model.get_weights(), "__about__"]
        for name, array in model.get_weights().items():
            np.testing.assert_array_equal(file[name], array)


@both
def test_a_file_of_another_network_is_refused(cls, rng, tmp_path):
    model, X, y = learned(cls, rng)
    cls(Dense(4), **OPTIONS).fit(X, y).save_weights(tmp_path / "other.npz")
    before = state_of(model)
    with pytest.raises(ValueError, match="is of another network: missing: "):
        model.load_weights(tmp_path / "other.npz")
    assert state_of(model) == before


@both
def test_what_is_no_file_of_weights_is_refused(cls, rng, tmp_path):
    model, _, _ = learned(cls, rng)
    np.save(tmp_path / "array.npy", np.ones(3))
    (tmp_path / "text").write_text("weights")
    for name in ("array.npy", "text"):
        with pytest.raises(ValueError, match="must be a file that save_weights wrote"):
            model.load_weights(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "nowhere.npz")


# -- before the fit

BEFORE = {
    "get_weights": (),
    "set_weights": ({},),
    "save_weights": ("weights.npz",),
    "load_weights": ("nowhere.npz",),
    "predict": ([[1.0]],),
}


@pytest.mark.parametrize("method", BEFORE)
@all_four
def test_an_estimator_without_weights_says_so(cls, method, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = re.escape(f"This {cls.__name__} instance is not fitted yet")
    with pytest.raises(NotFittedError, match=message):
        getattr(cls(), method)(*BEFORE[method])
    assert not list(tmp_path.iterdir())


@both
def test_a_summary_needs_shapes(cls):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        cls().summary()


@all_four
def test_the_number_of_parameters_is_not_known_before(cls):
    assert not hasattr(cls(), "n_params_")
