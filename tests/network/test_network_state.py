"""Copies of a network, made before, while and after it is trained, go on as it does."""

import io
import pickle
from copy import deepcopy

import joblib
import numpy as np
import pytest
from networks import MANIFOLD, NETWORKS, both, make_rows, parameters, raw
from sklearn.base import clone

from sklearn_nn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import Dense, Output, Residual, chain
from sklearn_nn.optimizers import SGD
from sklearn_nn.schedules import Cosine, InverseScaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"max_iter": 4, "random_state": 0, "batch_size": 16}
EVERY = {**NETWORKS, "manifold": MANIFOLD}
every_network = pytest.mark.parametrize("name", EVERY)


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def by_skops(model):
    io = pytest.importorskip("skops.io")
    data = io.dumps(model)
    types = io.get_untrusted_types(data=data)
    assert all(name.startswith("sklearn_nn.") for name in types)
    return io.loads(data, trusted=types)


WAYS = {
    "deepcopy": deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "joblib": by_joblib,
    "skops": by_skops,
}
every_way = pytest.mark.parametrize("way", WAYS)


def partial_fits(model, n, X, y):
    classes = {"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}
    for _ in range(n):
        model.partial_fit(X, y, **classes)
    return model


@every_way
@every_network
@both
def test_a_copy_predicts_alike(cls, name, way, rng):
    X, y = make_rows(rng)
    model = cls(EVERY[name], **OPTIONS).fit(X, y)
    copied = WAYS[way](model)
    np.testing.assert_array_equal(raw(copied, X), raw(model, X))
    assert copied.summary().rows == model.summary().rows
    assert str(copied.history_) == str(model.history_)


@every_way
@every_network
@both
def test_a_copy_made_while_training_goes_on_the_same_way(cls, name, way, rng):
    X, y = make_rows(rng)
    model = partial_fits(cls(EVERY[name], **OPTIONS), 3, X, y)
    copied = partial_fits(WAYS[way](model), 3, X, y)
    whole = partial_fits(cls(EVERY[name], **OPTIONS), 6, X, y)
    np.testing.assert_array_equal(parameters(copied), parameters(whole))


@every_way
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_a_copy_of_an_mlp_goes_on_the_same_way(cls, way, rng):
    X, y = make_rows(rng)
    copied = WAYS[way](partial_fits(cls(**OPTIONS), 3, X, y))
    whole = partial_fits(cls(**OPTIONS), 6, X, y)
    np.testing.assert_array_equal(
        parameters(partial_fits(copied, 3, X, y)), parameters(whole)
    )


@every_way
@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": SGD(0.5), "schedule": InverseScaling(0.1)},
        {"optimizer": "sgd", "schedule": "adaptive", "tol": 0.1},
        {"dtype": np.float32, "alpha": 0.1},
        {"schedule": Cosine(warmup=0.2, floor=0.1)},
    ],
    ids=["objects", "words", "float32", "cosine"],
)
@both
def test_all_that_training_needs_is_copied(cls, options, way, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS | options)
    copied = WAYS[way](partial_fits(model, 3, X, y))
    np.testing.assert_array_equal(
        parameters(partial_fits(copied, 3, X, y)),
        parameters(partial_fits(model, 3, X, y)),
    )


@every_way
def test_an_untrained_model_with_given_weights_is_copied(way, rng):
    net = chain(Dense(3, "tanh", kernel=rng.standard_normal((2, 3))), Output())
    model = NetworkClassifier(net, random_state=0).initialize(2, ["a", "b"])
    X = rng.standard_normal((9, 2))
    np.testing.assert_array_equal(WAYS[way](model).predict(X), model.predict(X))


@every_network
@both
def test_warm_fits_are_one_long_fit(cls, name, rng):
    X, y = make_rows(rng)
    parts = cls(EVERY[name], warm_start=True, **OPTIONS).fit(X, y).fit(X, y)
    whole = cls(EVERY[name], **OPTIONS | {"max_iter": 8}).fit(X, y)
    np.testing.assert_array_equal(parameters(parts), parameters(whole))
    assert parts.loss_curve_ == whole.loss_curve_


@every_network
@both
def test_a_copy_does_not_train_along(cls, name, rng):
    X, y = make_rows(rng)
    model = partial_fits(cls(EVERY[name], **OPTIONS), 2, X, y)
    copied, before = deepcopy(model), parameters(model)
    partial_fits(model, 2, X, y)
    np.testing.assert_array_equal(parameters(copied), before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@both
def test_a_pickle_holds_no_training_data_and_no_scratch_memory(cls, method, rng):
    def size(n):
        X, y = make_rows(np.random.default_rng(0), n)
        model = cls(MANIFOLD, **OPTIONS | {"batch_size": 1000})
        model = partial_fits(model, 4, X, y) if method != "fit" else model.fit(X, y)
        model.predict(X)
        return len(pickle.dumps(model))

    assert size(3000) < size(30) + 200


@both
def test_a_fit_keeps_one_vector_of_parameters(cls, rng):
    X, y = make_rows(rng)
    model = cls(chain(Dense(200), Residual(Dense(200))), **OPTIONS).fit(X, y)
    assert len(pickle.dumps(model)) < model.n_params_ * 8 + 10_000


@both
def test_a_clone_knows_nothing_of_the_training(cls, rng):
    X, y = make_rows(rng)
    model = partial_fits(cls(MANIFOLD, **OPTIONS), 2, X, y)
    assert vars(clone(model)).keys() == model.get_params(deep=False).keys()


@both
def test_two_estimators_may_share_a_network(cls, rng):
    X, y = make_rows(rng)
    first, second = (cls(MANIFOLD, **OPTIONS) for _ in range(2))
    first.fit(X, y)
    second.fit(X[:, :3], y)
    np.testing.assert_array_equal(
        parameters(first), parameters(cls(clone(MANIFOLD), **OPTIONS).fit(X, y))
    )


@both
def test_a_model_read_as_a_memory_map_can_be_trained_on(cls, rng, tmp_path):
    X, y = make_rows(rng)
    net = chain(Dense(300, "relu", mask=0.5), Residual(Dense(300)))
    model = partial_fits(cls(net, **OPTIONS), 2, X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    mapped = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    partial_fits(mapped, 2, X, y).set_weights(mapped.get_weights())
    np.testing.assert_array_equal(
        parameters(mapped), parameters(partial_fits(model, 2, X, y))
    )


def test_the_regressor_and_the_classifier_are_importable_by_name():
    for cls in (NetworkClassifier, NetworkRegressor):
        assert pickle.loads(pickle.dumps(cls)) is cls
