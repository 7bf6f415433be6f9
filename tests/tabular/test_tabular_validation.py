"""Folds, validation rows and the best epoch in the estimators for tables."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, log_loss, r2_score
from tabulars import (
    both,
    learner,
    make_rows,
    outputs,
    parameters,
    small,
    with_base_rates,
)

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.tabular._splits import MIN_ROWS_TO_SPLIT, split_rows
from sklearn_nn.tabular._validation import validation_batch


def n_networks(model):
    return sum(net.members for net in model._networks)


def raws(model, X):
    """Return the raw outputs of each network: (k, n, n_raw), of float64."""
    return model._raw_predict(X).astype(float)


def softmax_loss(y, raw):
    p = np.exp(raw - raw.max(axis=1, keepdims=True))
    return log_loss(y, p / p.sum(axis=1, keepdims=True))


# -- splits


@pytest.mark.parametrize("stratify_labels", [None, np.arange(50) % 3])
@pytest.mark.parametrize("n_bags", [2, 3, 8, 25])
def test_each_row_validates_one_network(n_bags, stratify_labels):
    splits = split_rows(50, stratify_labels, n_bags, 0.2, 0)
    assert len(splits) == n_bags
    assert_array_equal(np.sort(np.concatenate([s.val for s in splits])), range(50))


@pytest.mark.parametrize("n_bags", [1, 2, 8])
def test_the_rows_that_do_not_validate_train(n_bags):
    for train, val in split_rows(50, None, n_bags, 0.2, 0):
        assert_array_equal(np.sort(np.append(train, val)), range(50))


def test_folds_have_the_classes_in_their_shares():
    stratify_labels = np.repeat([0, 1], [40, 10])
    folds = [
        stratify_labels[val] for _, val in split_rows(50, stratify_labels, 5, 0.2, 0)
    ]
    assert [fold.tolist().count(1) for fold in folds] == [2] * 5


def test_a_single_bag_validates_by_a_fraction_with_all_classes():
    stratify_labels = np.repeat([0, 1], [40, 10])
    [(train, val)] = split_rows(50, stratify_labels, 1, 0.3, 0)
    assert np.bincount(stratify_labels[val]).tolist() == [12, 3]
    assert len(train) == 35


def test_a_fraction_of_zero_means_that_no_row_validates():
    [(train, val)] = split_rows(50, None, 1, 0.0, 0)
    assert (len(train), len(val)) == (50, 0)


@pytest.mark.parametrize("n_bags", [1, 4])
def test_too_few_rows_all_train(n_bags):
    for train, val in split_rows(MIN_ROWS_TO_SPLIT - 1, None, n_bags, 0.2, 0):
        assert (len(train), len(val)) == (MIN_ROWS_TO_SPLIT - 1, 0)


@pytest.mark.parametrize("n_bags", [1, 4, 99])
def test_classes_that_are_rarer_than_folds_are_split_without_a_warning(n_bags):
    stratify_labels = np.append(np.repeat([0, 1], 20), [2, 3])
    for train, val in split_rows(42, stratify_labels, n_bags, 0.2, 0):
        assert len(train) > len(val) > 0


def test_other_seeds_give_other_folds():
    first, second = (split_rows(50, None, 4, 0.2, seed)[0].val for seed in (0, 1))
    assert first.tolist() != second.tolist()


def test_members_with_fewer_validation_rows_get_one_again_without_weight():
    X = np.arange(8.0)[:, None]
    rows = [np.array([0, 1, 2]), np.array([5, 6])]
    batch = validation_batch(X, np.arange(8), None, rows)
    assert_array_equal(batch.X[..., 0], [[0, 1, 2], [5, 6, 5]])
    assert_allclose(batch.w, [[1, 1, 1], [1.5, 1.5, 0]])


# -- in the estimators


@both
def test_there_is_a_network_for_each_fold_and_member(cls, rng):
    model = small(cls, n_bags=3, n_members=2).fit(*make_rows(rng))
    assert n_networks(model) == len(model.best_scores_) == 6


@both
def test_the_members_of_a_fold_start_at_different_weights(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, n_bags=1, n_members=2).fit(X, y)
    first, second = raws(model, X)
    assert np.abs(first - second).max() > 1e-3


@both
def test_the_prediction_is_the_mean_over_the_networks(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, n_bags=3).fit(X, y)
    if cls is TabularClassifier:
        e = np.exp(raws(model, X) / model.temperature_)
        expected = (e / e.sum(axis=2, keepdims=True)).mean(axis=0)
        expected = with_base_rates(expected, y)
    else:
        means = y.mean() + y.std() * raws(model, X)[..., 0].mean(axis=0)
        expected = np.clip(means, y.min(), y.max())
    assert_allclose(outputs(model, X), expected, rtol=1e-5)


@both
def test_each_network_has_the_weights_of_its_score_in_the_best_epoch(cls, rng):
    X, y = make_rows(rng, 90)
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    model = learner(cls, n_bags=3, scoring=None).fit(X, y)
    stratify_labels = y if cls is TabularClassifier else None
    splits = split_rows(90, stratify_labels, 3, 0.2, seed)
    for raw, score, (_, val) in zip(
        raws(model, X), model.best_scores_, splits, strict=True
    ):
        if cls is TabularClassifier:
            loss = softmax_loss(y[val], raw[val] / model.temperature_)
        else:
            loss = 0.5 * np.mean((raw[val, 0] - (y[val] - y.mean()) / y.std()) ** 2)
        assert_allclose(-score, loss, rtol=1e-4)


@both
def test_the_best_epoch_is_that_of_the_history(cls, rng):
    X = rng.standard_normal((80, 4))
    y = rng.integers(0, 2, 80)  # noise: what is learned makes it worse
    model = learner(cls, n_bags=3).fit(X, y)
    scores = model.history_["validation_score"]
    latest = max(i for i, score in enumerate(scores, 1) if score == max(scores))
    assert model.best_epoch_ == latest < len(scores) == 40
    assert model.best_scores_.mean() == pytest.approx(max(scores))
    assert type(model.best_epoch_) is int


@both
def test_own_validation_rows_let_all_rows_train(cls, rng):
    X, y = make_rows(rng)
    options = {"n_bags": 1, "validation_fraction": 0, "scoring": None}
    all_train = small(cls, **options).fit(X, y)
    validated = small(cls, **options).fit(X, y, X_val=X + 9, y_val=y)
    assert_array_equal(validated.loss_curve_, all_train.loss_curve_)


@both
def test_own_validation_rows_decide_for_each_of_several_networks(cls, rng):
    X, y = make_rows(rng)
    model = learner(cls, n_bags=3, scoring=None)
    model.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    assert getattr(model, "temperature_", 1) == 1  # 40 rows are too few for it
    for raw, score in zip(raws(model, X[40:]), model.best_scores_, strict=True):
        if cls is TabularClassifier:
            loss = softmax_loss(y[40:], raw)
        else:
            center, spread = y[:40].mean(), y[:40].std()
            loss = 0.5 * np.mean((raw[:, 0] - (y[40:] - center) / spread) ** 2)
        assert_allclose(-score, loss, rtol=1e-4)


@both
def test_weights_of_validation_rows_count(cls, rng):
    X, y = make_rows(rng)
    w = np.append(np.ones(20), np.zeros(20))
    options = {"X_val": X[40:], "y_val": y[40:], "sample_weight_val": w}
    weighted = learner(cls).fit(X[:40], y[:40], **options)
    fewer = learner(cls).fit(X[:40], y[:40], X_val=X[40:60], y_val=y[40:60])
    assert_allclose(weighted.best_scores_, fewer.best_scores_, rtol=1e-4)


@both
def test_without_validation_the_last_epoch_counts(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, n_bags=1, validation_fraction=0).fit(X, y)
    assert (len(model.best_scores_), model.best_epoch_) == (0, 0)
    assert np.isnan(model.history_["validation_loss"]).all()


@both
def test_patience_ends_the_training_early(cls, rng):
    X = rng.standard_normal((80, 4))
    y = rng.integers(0, 2, 80)  # noise: what is learned makes it worse
    options = {"n_iter_no_change": 3, "max_epochs": 200, "cycles": 1}
    model = learner(cls, **options).fit(X, y)
    assert model.n_iter_ < 200
    assert model.n_iter_ == model.best_epoch_ + 3


def test_scoring_by_name_decides_on_the_best_epoch(rng):
    X, y = make_rows(rng)
    X_val, y_val = X[40:], y[40:]
    model = learner(TabularClassifier, n_bags=1, scoring="accuracy")
    model.fit(X[:40], y[:40], X_val=X_val, y_val=y_val)
    score = accuracy_score(y_val, model.predict(X_val))
    assert model.best_scores_[0] == pytest.approx(score)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_scoring_by_name_sees_labels(scoring, rng):
    X, y = make_rows(rng)
    words = np.array(["no", "maybe", "yes"])[y]
    model = small(TabularClassifier, scoring=scoring).fit(X, words)
    assert np.isfinite(model.best_scores_).all()


def test_scoring_of_two_classes_by_auc(rng):
    X, y = make_rows(rng)
    words = np.array(["no", "yes"])[y % 2]
    model = small(TabularClassifier, scoring="roc_auc").fit(X, words)
    assert np.isfinite(model.best_scores_).all()


def test_scoring_by_name_sees_the_targets_on_their_scale(rng):
    X, y = make_rows(rng)
    y = 1000.0 + 7 * y
    model = learner(TabularRegressor, n_bags=1, scoring="r2")
    model.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    score = r2_score(y[40:], model.predict(X[40:]))
    assert model.best_scores_[0] == pytest.approx(score, rel=1e-4)


def worst_first(estimator, X, y, sample_weight=None):
    """Score the opposite of what is good."""
    return -estimator.score(X, y, sample_weight)


@both
def test_scoring_may_be_a_function(cls, rng):
    X, y = make_rows(rng)
    best, worst = (
        learner(cls, scoring=scoring).fit(X, y).score(X, y)
        for scoring in ("accuracy" if cls is TabularClassifier else "r2", worst_first)
    )
    assert worst < best


@both
def test_an_unknown_score_is_refused(cls, rng):
    with pytest.raises(ValueError, match="'nonsense' is not a valid scoring value"):
        small(cls, scoring="nonsense").fit(*make_rows(rng))


@pytest.mark.parametrize("given", ["X_val", "y_val", "sample_weight_val"])
@both
def test_validation_data_come_together(cls, given, rng):
    X, y = make_rows(rng)
    with pytest.raises(ValueError, match="`X_val` and `y_val` must be given together"):
        small(cls).fit(X, y, **{given: y if given != "X_val" else X})


@both
def test_members_of_several_groups_are_those_of_one(cls, monkeypatch, rng):
    # so many members that they are trained in networks of one member each
    monkeypatch.setattr("sklearn_nn.tabular._members.FLOATS_OF_A_GROUP", 1)
    X, y = make_rows(rng)
    model = small(cls, n_bags=3).fit(X, y)
    assert [net.members for net in model._networks] == [1, 1, 1]
    assert len(model.best_scores_) == len(raws(model, X)) == 3
    assert len(np.unique(parameters(model))) > 0.9 * len(parameters(model)) / 2
