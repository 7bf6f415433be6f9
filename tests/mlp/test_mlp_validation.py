"""Early stopping, and validation data of one's own."""

import numpy as np
import pytest
import sklearn
from mlps import both, make_rows, parameters
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_nn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])

OPTIONS = {"hidden_layer_sizes": (9,), "learning_rate_init": 0.05, "random_state": 0}


@pytest.fixture
def parts(rng):
    """Return 150 rows to train on and 50 to validate on."""
    X, y = make_rows(rng, 200)
    return {"X": X[:150], "y": y[:150], "X_val": X[150:], "y_val": y[150:]}


@every_solver
@both
def test_the_weights_of_the_best_epoch_are_kept(cls, solver, parts):
    mlp = cls(solver=solver, early_stopping=True, max_iter=50, **OPTIONS).fit(**parts)
    scores = mlp.validation_scores_
    assert mlp.score(parts["X_val"], parts["y_val"]) == pytest.approx(max(scores))
    assert mlp.best_validation_score_ == max(scores)


@both
def test_training_stops_when_the_validation_score_stalls(cls, parts):
    options = {"early_stopping": True, "n_iter_no_change": 4, "tol": 0.01}
    mlp = cls(**OPTIONS, **options).fit(**parts)
    n, scores = mlp.n_iter_, mlp.validation_scores_
    assert n < 200
    assert all(scores[i] < max(scores[:i]) + 0.01 for i in range(n - 4, n))


@both
def test_without_early_stopping_the_last_weights_are_kept(cls, parts):
    mlp = cls(max_iter=30, **OPTIONS).fit(**parts)
    last = mlp.history_["validation_score"][-1]
    assert mlp.score(parts["X_val"], parts["y_val"]) == pytest.approx(last)


@both
def test_validation_data_alone_do_not_change_the_training(cls, parts):
    watched = cls(max_iter=30, **OPTIONS).fit(**parts)
    alone = cls(max_iter=30, **OPTIONS).fit(parts["X"], parts["y"])
    np.testing.assert_array_equal(parameters(watched), parameters(alone))


@both
def test_all_rows_are_trained_on_when_validation_data_are_given(cls, parts):
    mlp = cls(max_iter=1, early_stopping=True, **OPTIONS).fit(**parts)
    assert mlp.t_ == 150


@both
def test_a_tenth_of_the_rows_is_held_out(cls, parts):
    mlp = cls(max_iter=1, early_stopping=True, **OPTIONS).fit(parts["X"], parts["y"])
    assert mlp.t_ == 135


@both
def test_the_fraction_that_is_held_out_can_be_set(cls, parts):
    options = {"early_stopping": True, "validation_fraction": 0.5, "max_iter": 1}
    assert cls(**options, **OPTIONS).fit(parts["X"], parts["y"]).t_ == 75


@both
def test_early_stopping_has_scores_and_no_best_loss(cls, parts):
    mlp = cls(early_stopping=True, **OPTIONS).fit(**parts)
    assert mlp.best_loss_ is None
    assert len(mlp.validation_scores_) == mlp.n_iter_


@both
def test_without_early_stopping_there_is_a_best_loss_and_no_scores(cls, parts):
    mlp = cls(**OPTIONS).fit(**parts)
    assert mlp.best_loss_ == min(mlp.loss_curve_)
    assert mlp.validation_scores_ is mlp.best_validation_score_ is None


def test_the_validation_loss_of_a_classifier_is_the_log_loss(parts):
    mlp = MLPClassifier(max_iter=5, **OPTIONS).fit(**parts)
    expected = log_loss(parts["y_val"], mlp.predict_proba(parts["X_val"]))
    assert mlp.history_["validation_loss"][-1] == pytest.approx(expected)


def test_the_validation_loss_of_a_regressor_is_half_the_squared_error(parts):
    mlp = MLPRegressor(max_iter=5, **OPTIONS).fit(**parts)
    errors = mlp.predict(parts["X_val"]) - parts["y_val"]
    assert mlp.history_["validation_loss"][-1] == pytest.approx(np.mean(errors**2) / 2)


@pytest.mark.parametrize(
    ("cls", "metric"), [(MLPClassifier, accuracy_score), (MLPRegressor, r2_score)]
)
def test_validation_weights_weigh_the_score(cls, metric, parts, rng):
    w = rng.integers(0, 4, 50)
    mlp = cls(max_iter=5, **OPTIONS).fit(**parts, sample_weight_val=w)
    prediction = mlp.predict(parts["X_val"])
    expected = metric(parts["y_val"], prediction, sample_weight=w)
    assert mlp.history_["validation_score"][-1] == pytest.approx(expected)


def test_held_out_labels_are_scored_by_whole_rows(rng):
    X, y = make_rows(rng, 200)
    Y = np.eye(3, dtype=int)[y]
    mlp = MLPClassifier(early_stopping=True, **OPTIONS).fit(X[:150], Y[:150])
    other = MLPClassifier(max_iter=5, **OPTIONS)
    other.fit(X[:150], Y[:150], X_val=X[150:], y_val=Y[150:])
    assert 0 <= mlp.best_validation_score_ <= 1
    expected = accuracy_score(Y[150:], other.predict(X[150:]))
    assert other.history_["validation_score"][-1] == pytest.approx(expected)


def test_string_labels_can_be_held_out(rng):
    X, y = make_rows(rng, 100)
    names = np.array(["no", "maybe", "yes"])[y]
    mlp = MLPClassifier(early_stopping=True, max_iter=5, **OPTIONS)
    assert np.isfinite(mlp.fit(X, names).validation_scores_).all()


@both
def test_rows_of_zero_weight_are_not_held_out(cls, rng):
    X, y = make_rows(rng, 100)
    w = np.repeat([0.0, 1.0], 50)
    mlp = cls(early_stopping=True, max_iter=5, **OPTIONS).fit(X, y, w)
    alone = cls(early_stopping=True, max_iter=5, **OPTIONS).fit(X[50:], y[50:])
    np.testing.assert_allclose(mlp.validation_scores_, alone.validation_scores_)


@both
def test_one_seed_holds_out_the_same_rows_in_every_warm_fit(cls, rng):
    X, y = make_rows(rng, 100)
    mlp = cls(early_stopping=True, max_iter=5, warm_start=True, **OPTIONS)
    best = mlp.fit(X, y).best_validation_score_
    assert mlp.fit(X, y).best_validation_score_ >= best


@both
def test_validation_rows_may_be_sparse(cls, parts):
    dense = cls(max_iter=5, **OPTIONS).fit(**parts)
    X_val = csr_array(parts["X_val"])
    sparse = cls(max_iter=5, **OPTIONS).fit(**{**parts, "X_val": X_val})
    scores = [mlp.history_["validation_score"] for mlp in (dense, sparse)]
    np.testing.assert_allclose(*scores)


@both
def test_a_pipeline_transforms_the_validation_rows(cls, parts):
    with sklearn.config_context(enable_metadata_routing=True):
        mlp = cls(max_iter=5, **OPTIONS).set_fit_request(X_val=True, y_val=True)
        model = make_pipeline(StandardScaler(), mlp, transform_input=["X_val"])
        model.fit(**parts)
    scaler = StandardScaler().fit(parts["X"])
    scaled = {name: scaler.transform(parts[name]) for name in ("X", "X_val")}
    direct = cls(max_iter=5, **OPTIONS).fit(**{**parts, **scaled})
    assert mlp.history_["validation_loss"] == direct.history_["validation_loss"]


def test_a_warm_fit_from_predictions_that_overflow_begins_without_a_score(parts):
    X, y, val = parts["X"], parts["y"], {k: parts[k] for k in ("X_val", "y_val")}
    options = {"max_iter": 1, "early_stopping": True, "warm_start": True}
    model = MLPRegressor("poisson", random_state=0, **options).fit(X, y, **val)
    model.intercepts_[-1] = [800.0]  # exp of it is beyond floats
    with pytest.raises(ValueError, match=r"loss became inf in epoch 2\. Lower"):
        model.fit(X, y, **val)


@pytest.mark.parametrize("own", [("X_val", "y_val"), ()])
def test_class_weights_do_not_weigh_the_validation_score(own, parts):
    X, y, val = parts["X"], parts["y"], {name: parts[name] for name in own}
    still = {"learning_rate_init": 1e-9, "random_state": 0}
    even = MLPClassifier(max_iter=1, early_stopping=True, **still).fit(X, y, **val)
    heavy = clone(even).set_params(class_weight={0: 1000.0}).fit(X, y, **val)
    assert heavy.validation_scores_ == even.validation_scores_
