"""Early stopping, weights, labels, outputs, losses, callbacks, on a rich network.

That a network of the layers of an MLP is that MLP is tested elsewhere; here it has
statistics of batches, noise, a shortcut and connections that are thinned out.
"""

import numpy as np
import pytest
from networks import MANIFOLD, both, initialized, make_rows, parameters, raw
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    GRU,
    BatchNorm,
    Chain,
    Conv1D,
    Dense,
    Dropout,
    Flatten,
    Output,
    Residual,
    ToSequence,
    chain,
    parallel,
)
from sklearn_nn.optimizers import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

OPTIONS = {"max_iter": 8, "random_state": 0}
# Without noise, in which repeated rows differ.
PLAIN = chain(
    parallel(Dense(6, "tanh"), chain(Dense(4, "relu"), Dense(3)), "passthrough"),
    Residual(Dense(13, "tanh")),
)
CLOSE = {"rtol": 1e-7, "atol": 1e-9}


@pytest.fixture
def parts(rng):
    """Return 150 rows to train on and 50 to validate on."""
    X, y = make_rows(rng, 200)
    return {"X": X[:150], "y": y[:150], "X_val": X[150:], "y_val": y[150:]}


@both
def test_early_stopping_brings_the_best_epoch_back_with_its_statistics(cls, parts):
    options = {"early_stopping": True, "learning_rate": 0.05, "max_iter": 60}
    model = cls(MANIFOLD, random_state=0, **options).fit(**parts)
    scores = model.validation_scores_
    best = int(np.argmax(scores))
    assert best < len(scores) - 1
    # the same training, up to there: its running means are those of this epoch, too
    known = {"n_iter_no_change": np.inf, "max_iter": best + 1, "random_state": 0}
    until = cls(MANIFOLD, learning_rate=0.05, **known).fit(parts["X"], parts["y"])
    for name, array in until.get_weights().items():
        np.testing.assert_array_equal(model.get_weights()[name], array)
    assert model.score(parts["X_val"], parts["y_val"]) == pytest.approx(max(scores))


@both
def test_validation_data_are_watched(cls, parts):
    model = cls(MANIFOLD, **OPTIONS).fit(**parts)
    last = model.history_["validation_score"][-1]
    assert model.score(parts["X_val"], parts["y_val"]) == pytest.approx(last)
    alone = cls(MANIFOLD, **OPTIONS).fit(parts["X"], parts["y"])
    np.testing.assert_array_equal(parameters(alone), parameters(model))


@both
def test_a_share_of_the_rows_is_held_out(cls, parts):
    model = cls(MANIFOLD, early_stopping=True, **OPTIONS).fit(parts["X"], parts["y"])
    assert model.t_ == 135 * model.n_iter_


def test_class_weights_are_sample_weights(rng):
    X, y = make_rows(rng)
    by_class = NetworkClassifier(MANIFOLD, class_weight="balanced", **OPTIONS).fit(X, y)
    w = compute_sample_weight("balanced", y)
    by_row = NetworkClassifier(MANIFOLD, **OPTIONS).fit(X, y, w)
    np.testing.assert_allclose(parameters(by_class), parameters(by_row), **CLOSE)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "lbfgs"])
@both
def test_a_whole_weight_repeats_a_row(cls, optimizer, rng):
    X, y = make_rows(rng)
    w = rng.integers(0, 4, 60)
    options = {"optimizer": optimizer, "learning_rate": 0.01, **OPTIONS}
    weighted = cls(PLAIN, **options).fit(X, y, w)
    repeated = cls(PLAIN, **options).fit(X.repeat(w, 0), y.repeat(w))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), **CLOSE)


NORMED = {
    "rows": chain(Dense(8), BatchNorm(), Dense(6, "tanh"), BatchNorm()),
    "steps": chain(ToSequence(), Conv1D(3, 2), BatchNorm(), Flatten()),
    "padding": chain(ToSequence(padding="nan"), BatchNorm(), GRU(3)),
    "branches": parallel(Residual(chain(Dense(4), BatchNorm())), BatchNorm()),
}


@pytest.mark.parametrize("name", NORMED)
@both
def test_a_whole_weight_repeats_a_row_for_batch_norm(cls, name, rng):
    X, y = make_rows(rng)
    w = rng.integers(0, 4, 60)
    if name == "padding":
        X[::3, 2:] = np.nan
    options = {"optimizer": "sgd", "learning_rate": 0.01, **OPTIONS}
    weighted = cls(NORMED[name], **options).fit(X, y, w)
    repeated = cls(NORMED[name], **options).fit(X.repeat(w, 0), y.repeat(w))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), **CLOSE)


@both
def test_rows_of_zero_weight_change_nothing(cls, rng):
    X, y = make_rows(rng)
    w = rng.uniform(0.1, 2, 60)
    more_X = np.concatenate([X, 1e3 * rng.standard_normal((9, 4))])
    more_y, more_w = np.concatenate([y, np.ones(9)]), np.concatenate([w, np.zeros(9)])
    options = {"batch_size": 16, "shuffle": False, **OPTIONS}
    fewer = cls(MANIFOLD, **options).fit(X, y, w)
    more = cls(MANIFOLD, **options).fit(more_X, more_y, more_w)
    np.testing.assert_array_equal(parameters(more), parameters(fewer))


def test_labels_are_learned_together(rng):
    X = rng.standard_normal((150, 4))
    Y = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X[:, 0] > X[:, 1]]).astype(int)
    model = NetworkClassifier(PLAIN, learning_rate=0.03, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model.predict_proba(X).shape == (150, 3)
    assert model.out_activation_ == "logistic"


def test_several_outputs_are_learned_together(rng):
    X = rng.standard_normal((150, 4))
    Y = np.tanh(X @ rng.standard_normal((4, 3)))
    model = NetworkRegressor(PLAIN, learning_rate=0.03, random_state=0).fit(X, Y)
    assert model.predict(X).shape == (150, 3)
    assert model.score(X, Y) > 0.9


def test_counts_are_learned_by_their_deviance(rng):
    X = rng.uniform(-1, 1, (400, 4))
    rate = np.exp(2 * X[:, 0] + X[:, 1])
    y = rng.poisson(rate)
    model = NetworkRegressor(PLAIN, loss="poisson", learning_rate=0.02, random_state=0)
    prediction = model.fit(X, y).predict(X)
    assert (prediction > 0).all()
    assert model.out_activation_ == "exp"
    assert np.corrcoef(np.log(prediction), np.log(rate))[0, 1] > 0.95


def test_the_residual_network_beats_the_line(rng):
    X = rng.standard_normal((300, 4))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    line = NetworkRegressor(Output(), optimizer="lbfgs").fit(X, y)
    body = chain(Dense(32, "tanh"), Residual(chain(Dense(32, "relu"), Dense(32))))
    net = NetworkRegressor(body, optimizer="lbfgs", random_state=0, max_iter=100)
    assert net.fit(X, y).score(X, y) > 0.9 > 0.3 > line.score(X, y)


# -- statistics of batches


@both
def test_one_row_can_be_learned_from(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    for i in range(3):
        model.partial_fit(X[i : i + 1], y[i : i + 1])
    assert model.t_ == 8 * 60 + 3
    assert np.isfinite(parameters(model)).all()
    assert np.isfinite(raw(model, X)).all()


@both
def test_a_row_is_predicted_alike_in_any_company(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    together = raw(model, X)
    alone = np.concatenate([raw(model, row[None]) for row in X])
    np.testing.assert_allclose(alone, together, rtol=1e-12)


@both
def test_running_statistics_approach_those_of_the_data(cls, rng):
    X, y = make_rows(rng, 200)
    X = X * [1, 2, 3, 4] + [4, 3, 2, 1]
    options = {"max_iter": 60, "learning_rate": 1e-4, "tol": 0, "random_state": 0}
    model = cls(chain(BatchNorm(), Dense(5)), **options).fit(X, y)
    weights = model.get_weights()
    np.testing.assert_allclose(weights["batchnorm/mean"], X.mean(0), rtol=0.1)
    np.testing.assert_allclose(weights["batchnorm/variance"], X.var(0), rtol=0.1)


@both
def test_prediction_leaves_the_statistics_alone(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    before = parameters(model)
    model.predict(100 + X)
    np.testing.assert_array_equal(parameters(model), before)


# -- thinned-out connections, the penalty


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "lbfgs"])
@both
def test_thinned_out_connections_stay_zero(cls, optimizer, rng):
    X, y = make_rows(rng)
    net = chain(Dense(12, "tanh", mask=0.5), Residual(Dense(12, mask=0.25)))
    model = cls(net, optimizer=optimizer, **OPTIONS).fit(X, y)
    start = clone(model).set_params(max_iter=1, learning_rate=1e-300, optimizer="adam")
    start.fit(X, y)
    for name in ("dense/W", "residual/block/W"):
        zero = model.get_weights()[name] == 0
        assert zero.mean() == (0.5 if name == "dense/W" else 0.75)
        np.testing.assert_array_equal(zero, start.get_weights()[name] == 0)


@both
def test_the_penalty_falls_on_weights_only(cls, rng):
    X, y = make_rows(rng)
    options = {"optimizer": SGD(0.0), "learning_rate": 0.1, "random_state": 0}
    start = initialized(cls(MANIFOLD, **options), 4, 3).get_weights()
    free, held = (
        cls(MANIFOLD, alpha=alpha, max_iter=1, **options).fit(X, y).get_weights()
        for alpha in (0.0, 6.0)
    )
    for name, array in start.items():  # one step: the rate times alpha by 60 rows
        pull = -0.1 * 6 / 60 * array if name.endswith("/W") else 0 * array
        np.testing.assert_allclose(held[name] - free[name], pull, atol=1e-12)


@both
def test_noise_of_a_seed_is_repeated(cls, rng):
    X, y = make_rows(rng)
    net = chain(Dense(9, "relu"), Dropout(0.5))
    models = [cls(net, max_iter=5, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    first, again, other = map(parameters, models)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


# -- callbacks, summaries


class Watch:
    """Keeps the model of every epoch; stops after the fifth."""

    def __init__(self):
        self.models = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator, **data):
        self.models.append(fitted_estimator)
        return len(self.models) >= 5


@both
def test_callbacks_see_every_epoch_and_may_end_the_training(cls, rng):
    pytest.importorskip("sklearn.callback", reason="from scikit-learn 1.9 on")
    X, y = make_rows(rng)
    watch = Watch()
    model = cls(MANIFOLD, random_state=0).set_callbacks(watch).fit(X, y)
    assert model.n_iter_ == 5
    for i, seen in enumerate(watch.models[:5], 1):
        until = cls(MANIFOLD, random_state=0, max_iter=i).fit(X, y)
        np.testing.assert_array_equal(raw(seen, X), raw(until, X))
        assert seen.summary().rows == model.summary().rows


@both
def test_html_shows_the_summary_once_there_is_one(cls, rng):
    X, y = make_rows(rng)
    model = cls(Chain([("wide", Dense(7)), ("narrow", Dense(2))]))
    word = "<td>narrow</td>"
    assert word not in model._repr_html_()
    model.set_params(**OPTIONS).fit(X, y)
    assert word in model._repr_html_()
    assert word in model._repr_mimebundle_()["text/html"]
    assert make_pipeline(StandardScaler(), model)._repr_html_().count(word) == 1


@both
def test_html_marks_only_what_was_changed(cls):
    network = Chain([("wide", Dense(7)), ("skip", Residual(Dense(64)))])
    model = cls(network, tol=1e-4, optimizer=Adam(0.9, 0.99))
    shown = model._get_params_html(deep=True)
    assert set(shown.non_default) == {
        *("network", "network__blocks", "network__wide", "network__wide__units"),
        *("network__skip", "network__skip__block", "optimizer", "optimizer__beta_2"),
    }
    assert list(shown)[: len(shown.non_default)] == list(shown.non_default)


@both
def test_the_summary_of_a_model_counts_its_parameters(cls, rng):
    X, y = make_rows(rng)
    model = cls(MANIFOLD, **OPTIONS).fit(X, y)
    state = sum(
        model.get_weights()[f"batchnorm/{x}"].size
        for x in ("mean", "variance", "batches")
    )
    n = sum(array.size for array in model.get_weights().values()) - state
    assert model.summary().n_params == model.n_params_ == n
    assert model.summary().n_masked == np.sum(model.get_weights()["dense/W"] == 0)
