"""Groups, splitters of the user, and predictions out of the folds."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tabulars import both, learner, make_rows, outputs, small, with_base_rates

from sklearn_nn import TabularClassifier, TabularRegressor
from sklearn_nn.tabular._members import group_members
from sklearn_nn.tabular._presets import Settings
from sklearn_nn.tabular._splits import EncodedTable, Split, split_rows

STRATIFIED = pytest.mark.parametrize("labels", [None, np.arange(60) % 3])


class Recording(KFold):
    """A KFold that keeps what it was given and what it gave."""

    def split(self, X, y=None, groups=None):
        self.given, self.splits = (X, y, groups), list(super().split(X, y))
        return iter(self.splits)


def n_networks(model):
    return sum(net.members for net in model._networks)


def raws(model, X):
    """Return the raw outputs of each network: (k, n, n_raw), of float64."""
    return model._raw_predict(X).astype(float)


def probabilities(raw):
    e = np.exp(raw - raw.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def is_kept_together(splits, groups):
    """Whether no group is in both parts of a split."""
    return not any(set(groups[train]) & set(groups[val]) for train, val in splits)


# -- groups


@STRATIFIED
@pytest.mark.parametrize("n_bags", [1, 2, 5])
def test_the_rows_of_a_group_stay_together(n_bags, labels, rng):
    groups = rng.integers(0, 12, 60)
    splits = split_rows(60, labels, n_bags, 0.2, 0, groups)
    assert len(splits) == n_bags
    assert is_kept_together(splits, groups)
    for train, val in splits:
        assert_array_equal(np.sort(np.append(train, val)), range(60))


@STRATIFIED
def test_each_group_validates_one_network(labels, rng):
    groups = np.repeat(np.arange(12), 5)
    splits = split_rows(60, labels, 4, 0.2, 0, groups)
    assert_array_equal(np.sort(np.concatenate([s.val for s in splits])), range(60))


@STRATIFIED
def test_fewer_groups_than_bags_are_fewer_folds(labels):
    assert len(split_rows(60, labels, 8, 0.2, 0, np.arange(60) % 3)) == 3


@STRATIFIED
@pytest.mark.parametrize("n_bags", [1, 3])
def test_the_seed_decides_on_the_folds_of_groups(n_bags, labels):
    groups = np.arange(60) // 4
    folds = {
        tuple(split_rows(60, labels, n_bags, 0.2, seed, groups)[0].val.tolist())
        for seed in range(5)
    }
    assert len(folds) > 1


def test_folds_of_groups_have_about_as_many_rows():
    groups = np.repeat([0, 1, 2, 3, 4, 5], [20, 5, 5, 10, 10, 10])
    splits = split_rows(60, None, 3, 0.2, 0, groups)
    assert [len(val) for _, val in splits] == [20, 20, 20]


def test_folds_of_groups_have_the_classes_in_their_shares():
    groups = np.arange(60) // 5
    labels = (groups % 4 == 0).astype(int)
    for _, val in split_rows(60, labels, 3, 0.2, 0, groups):
        assert labels[val].tolist().count(1) == 5


@pytest.mark.parametrize("n_bags", [1, 4, 99])
def test_classes_that_are_rarer_than_folds_of_groups_give_no_warning(n_bags):
    labels, groups = np.append(np.repeat([0, 1], 29), [2, 3]), np.arange(60) // 4
    for train, val in split_rows(60, labels, n_bags, 0.2, 0, groups):
        assert len(train) > len(val) > 0


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.999])
def test_a_single_bag_validates_by_a_fraction_of_the_groups(fraction):
    groups = np.arange(60) // 6
    [(_, val)] = split_rows(60, None, 1, fraction, 0, groups)
    assert len(val) == {0.01: 6, 0.5: 30, 0.999: 54}[fraction]


def test_one_group_cannot_be_split():
    with pytest.raises(ValueError, match=r"`groups` must hold at least 2 groups.*'a'"):
        split_rows(60, None, 4, 0.2, 0, np.array(["a"] * 60))


def test_one_group_trains_where_no_row_validates():
    [(train, _)] = split_rows(60, None, 1, 0.0, 0, np.zeros(60))
    assert len(train) == 60


@pytest.mark.parametrize("n_bags", [1, 3])
@both
def test_the_estimators_split_by_groups(cls, n_bags, rng):
    X, y = make_rows(rng)
    groups = np.array([f"g{i}" for i in np.arange(80) % 10])
    options = {"n_bags": n_bags, "store_oof_predictions": True}
    model = learner(cls, **options).fit(X, y, groups=groups)
    oof = model.oof_predictions_.reshape(80, -1)
    validated = {group for group in groups if np.isfinite(oof[groups == group]).any()}
    assert validated == set(groups[np.isfinite(oof[:, 0])])
    assert len(validated) == (2 if n_bags == 1 else 10)


@both
def test_rows_of_weight_zero_are_left_out_with_their_groups(cls, rng):
    X, y = make_rows(rng)
    groups, w = np.arange(80) % 8, np.ones(80)
    w[groups == 7] = 0
    kept, model = w > 0, small(cls, n_bags=8)
    model.fit(X, y, w, groups=groups)
    assert n_networks(model) == 7
    with_zero = outputs(model, X)
    alone = model.fit(X[kept], y[kept], w[kept], groups=groups[kept])
    assert_array_equal(outputs(alone, X), with_zero)


WRONG_GROUPS = {
    "too few": ([1, 2], r"`groups` must have one axis, .* each of the 80 .* \(2,\)"),
    "two axes": (np.ones((80, 1)), r"`groups` must have one axis.*\(80, 1\)"),
    "a scalar": (3, r"`groups` must have one axis"),
    "missing": (
        [*range(79), np.nan],
        "`groups` must have a value in each.* row 79",
    ),
    "mixed": (np.array([*range(79), "a"], object), "`groups` must hold labels of one"),
}


@pytest.mark.parametrize("groups", WRONG_GROUPS)
@both
def test_groups_that_are_none_are_refused(cls, groups, rng):
    groups, message = WRONG_GROUPS[groups]
    with pytest.raises(ValueError, match=message):
        small(cls).fit(*make_rows(rng), groups=groups)


@pytest.mark.parametrize("kind", [pd.Series, list, lambda g: pd.Categorical(g)])
def test_groups_may_be_of_any_container(kind, rng):
    X, y = make_rows(rng)
    groups = np.array(["a", "b", "c", "d"] * 20)
    model = small(TabularClassifier)
    expected = outputs(model.fit(X, y, groups=groups), X)
    assert_array_equal(outputs(model.fit(X, y, groups=kind(groups)), X), expected)


@both
def test_groups_are_routed_through_a_cross_validation_of_a_pipeline(cls, rng):
    X, y = make_rows(rng)
    groups = np.arange(80) // 8
    with sklearn.config_context(enable_metadata_routing=True):
        model = small(cls, store_oof_predictions=True, n_bags=99)
        model.set_fit_request(groups=True)
        found = cross_validate(
            make_pipeline(FunctionTransformer(), model),
            X,
            y,
            cv=GroupKFold(2),
            params={"groups": groups},
            return_estimator=True,
        )
    # half of the groups trains, and each of them validates a network
    assert [n_networks(fit[-1]) for fit in found["estimator"]] == [5, 5]


def test_groups_are_routed_through_a_search(rng):
    X, y = make_rows(rng)
    with sklearn.config_context(enable_metadata_routing=True):
        model = small(TabularRegressor, n_bags=99).set_fit_request(groups=True)
        grid = GridSearchCV(model, {"dropout": [0.0, 0.5]}, cv=GroupKFold(2))
        grid.fit(X, y, groups=np.arange(80) // 8)
    assert n_networks(grid.best_estimator_) == 10


# -- splits of the user


@both
def test_there_is_a_bag_for_each_split(cls, rng):
    X, y = make_rows(rng)
    cv = RepeatedKFold(n_splits=3, n_repeats=2)
    model = small(cls, n_bags="auto", n_members=2, cv=cv).fit(X, y)
    assert n_networks(model) == 2 * 3 * 2


@both
def test_each_network_is_validated_by_the_test_rows_of_its_split(cls, rng):
    X, y = make_rows(rng, 81)
    cv = Recording(3, shuffle=True, random_state=1)
    model = learner(cls, n_bags="auto", cv=cv, scoring=None).fit(X, y)
    for raw, score, (_, val) in zip(
        raws(model, X), model.best_scores_, cv.splits, strict=True
    ):
        if cls is TabularClassifier:
            loss = log_loss(y[val], probabilities(raw[val] / model.temperature_))
        else:
            loss = 0.5 * np.mean((raw[val, 0] - (y[val] - y.mean()) / y.std()) ** 2)
        assert_allclose(-score, loss, rtol=1e-4)


def test_a_splitter_gets_the_rows_as_they_were_passed(rng):
    X, y = make_rows(rng)
    X, words = pd.DataFrame(X), np.array(["a", "b", "c"], object)[y]
    groups, cv = np.arange(80) % 4, Recording(2)
    small(TabularClassifier, n_bags="auto", cv=cv).fit(X, words, groups=groups)
    assert cv.given[0] is X
    assert_array_equal(cv.given[1], words)
    assert_array_equal(cv.given[2], groups)


@pytest.mark.parametrize(
    ("cv", "n"), [(GroupKFold(3), 3), (LeaveOneGroupOut(), 5), (StratifiedKFold(4), 4)]
)
def test_splitters_of_groups_and_classes(cv, n, rng):
    X, y = make_rows(rng)
    groups = None if n == 4 else np.arange(80) % 5
    model = small(TabularClassifier, n_bags="auto", cv=cv).fit(X, y, groups=groups)
    assert n_networks(model) == n


@both
def test_pairs_of_rows_are_splits(cls, rng):
    X, y = make_rows(rng)
    pairs = [(np.arange(40, 80), range(40)), (list(range(40)), range(40, 80))]
    listed = small(cls, n_bags="auto", cv=pairs).fit(X, y)
    folds = small(cls, n_bags="auto", cv=KFold(2)).fit(X, y)
    assert_array_equal(outputs(listed, X), outputs(folds, X))


@both
def test_rows_of_weight_zero_are_left_out_of_the_splits(cls, rng):
    X, y = make_rows(rng)
    w = np.ones(80)
    w[:20:2] = 0
    fold = np.arange(80) % 2
    fold[:40] = 1 - fold[:40]
    kept, options = w > 0, {"n_bags": "auto", "store_oof_predictions": True}
    model = small(cls, cv=PredefinedSplit(fold), **options).fit(X, y, w)
    oof = model.oof_predictions_
    alone = small(cls, cv=PredefinedSplit(fold[kept]), **options)
    alone.fit(X[kept], y[kept], w[kept])
    assert_array_equal(outputs(model, X), outputs(alone, X))
    assert_array_equal(oof[kept], alone.oof_predictions_)
    assert np.isnan(oof[~kept]).all()


WRONG_CV = {
    "a number": (5, r"`cv` of .* must be None or a splitter .*`n_bags`.* got 5"),
    "a word": ("KFold", r"`cv` of .* must be None or a splitter"),
    "a class": (KFold, r"`cv` of .* must be None or a splitter"),
    "no pair": ([1, 2], "`cv` must give pairs .* split 0 is 1"),
    "a triple": ([([0], [1], [2])], "`cv` must give pairs"),
    "nothing": ([], r"`cv` must give at least one split; got \[\]"),
    "no train rows": (
        [([], [1, 2])],
        "give train rows .* split 0 has 0 and 2",
    ),
    "no test rows": ([([1], [2]), ([1], [])], "split 1 has 1 and 0"),
    "out of range": (
        [([0, 1], [2, 80])],
        r"test rows of split 0 .* 79.* got 80",
    ),
    "negative": ([([0, -1], [2])], "train rows of split 0 of `cv` .*; got -1"),
    "no numbers": ([([0.5], [2])], "must be a list of row numbers; got .*float64"),
    "bools": ([([True], [2])], "must be a list of row numbers; got .*bool"),
    "ragged": ([([[1], [2, 3]], [2])], "must be a list of row numbers"),
    "both train and test": (
        [([0, 1, 2], [2, 3])],
        "in split 0 1 do both, such as .* 2",
    ),
}


@pytest.mark.parametrize("cv", WRONG_CV)
@both
def test_splits_that_are_none_are_refused(cls, cv, rng):
    cv, message = WRONG_CV[cv]
    with pytest.raises(ValueError, match=message):
        small(cls, n_bags="auto", cv=cv).fit(*make_rows(rng))


def test_the_error_of_a_splitter_says_that_it_is_one_of_cv(rng):
    model = small(TabularRegressor, n_bags="auto", cv=KFold(81))
    with pytest.raises(ValueError, match="greater than the number") as caught:
        model.fit(*make_rows(rng))
    assert "It was raised by `cv`=KFold(n_splits=81" in caught.value.__notes__[0]


@both
def test_a_split_without_weight_is_refused(cls, rng):
    w = np.append(np.zeros(40), np.ones(40))
    with pytest.raises(ValueError, match="positive weight; split 0 has 40 and 0"):
        small(cls, n_bags="auto", cv=KFold(2)).fit(*make_rows(rng), w)


@both
def test_a_number_of_bags_and_splits_exclude_each_other(cls, rng):
    with pytest.raises(ValueError, match=r'`n_bags` must be "auto" with `cv`.* got 3'):
        small(cls, n_bags=3, cv=KFold(3)).fit(*make_rows(rng))


def test_groups_and_pairs_of_rows_exclude_each_other(rng):
    model = small(TabularClassifier, n_bags="auto", cv=[(range(40), range(40, 80))])
    with pytest.raises(ValueError, match="`groups` must be None where `cv` holds"):
        model.fit(*make_rows(rng), groups=np.arange(80))


@pytest.mark.parametrize("given", ["groups", "cv", "store_oof_predictions"])
@both
def test_what_says_how_to_split_is_refused_with_validation_rows(cls, given, rng):
    X, y = make_rows(rng)
    options = {"cv": {"cv": KFold(2)}, "groups": {}}
    model = small(cls, n_bags="auto", **options.get(given, {given: True}))
    groups = np.arange(80) if given == "groups" else None
    with pytest.raises(ValueError, match=f"`{given}` must not be given with `X_val`"):
        model.fit(X, y, groups=groups, X_val=X, y_val=y)


# -- splits of unequal numbers of rows


def grouped(sizes, **options):
    """Return the numbers of train rows of the networks of each group."""
    n = max(sizes) + 5
    splits = [Split(np.arange(size), np.arange(size, size + 5)) for size in sizes]
    table = EncodedTable(np.empty((n, 1)), np.empty(n), None, n, splits)
    settings = Settings(hidden_layer_sizes=(8,), n_members=1, **options)
    return [[len(s.train) for s in group] for group in group_members(table, settings)]


def test_networks_side_by_side_have_about_as_many_rows():
    assert grouped([80, 90, 85, 91, 300]) == [[80, 90, 85], [91], [300]]


@both
def test_a_split_of_few_rows_does_not_keep_others_from_learning(cls, rng):
    X = rng.standard_normal((400, 3))
    y = (X[:, 1] > 0).astype(int)
    splits = [(range(4), range(350, 400)), (range(4, 350), range(350, 400))]
    # of equal scores the latest counts: the last epoch
    options = {"n_bags": "auto", "cv": splits, "scoring": lambda *args, **kwargs: 0.0}
    raw = raws(learner(cls, **options).fit(X, y), X)[1]
    if cls is TabularClassifier:
        prediction = probabilities(raw)[:, 1]
    else:
        prediction = y.mean() + y.std() * raw[:, 0]
    assert np.abs(prediction - y)[350:].mean() < 0.05


@both
def test_time_series_validate_by_what_comes_after(cls, rng):
    X, y = make_rows(rng, 120)
    options = {"n_bags": "auto", "n_members": 2, "store_oof_predictions": True}
    model = small(cls, cv=TimeSeriesSplit(5), **options).fit(X, y)
    assert n_networks(model) == len(model.best_scores_) == 10
    seen = np.isfinite(model.oof_predictions_.reshape(120, -1)).all(axis=1)
    assert_array_equal(seen, np.arange(120) >= 20)
    assert np.isfinite(outputs(model, X)).all()


@both
def test_what_comes_after_a_split_of_time_does_not_train_its_network(cls, rng):
    X, y = make_rows(rng, 120)
    other = y.copy()
    other[100:] = rng.permutation(y[100:])
    options = {"n_bags": "auto", "cv": TimeSeriesSplit(5), "cycles": 1}
    if cls is TabularClassifier:
        options["calibrate"] = False  # the temperature is that of all networks
    # the last 20 rows only validate the last network
    first, second = (small(cls, **options).fit(X, targets) for targets in (y, other))
    scores = np.stack([first.best_scores_, second.best_scores_])
    assert_array_equal(*scores[:, :4])
    assert scores[0, 4] != scores[1, 4]


# -- predictions out of the folds


@both
def test_predictions_out_of_the_folds_are_those_of_the_networks_validated(cls, rng):
    X, y = make_rows(rng, 90)
    cv = Recording(3, shuffle=True, random_state=0)
    options = {"n_bags": "auto", "n_members": 2, "cv": cv}
    model = learner(cls, store_oof_predictions=True, **options).fit(X, y)
    raw = raws(model, X)
    expected = np.empty_like(outputs(model, X))
    for i, (_, val) in enumerate(cv.splits):
        own = raw[2 * i : 2 * i + 2, val]
        if cls is TabularClassifier:
            p = probabilities(own / model.temperature_).mean(axis=0)
            expected[val] = with_base_rates(p, y)
        else:
            means = y.mean() + y.std() * own.mean(axis=0)[:, 0]
            expected[val] = np.clip(means, y.min(), y.max())
    assert_allclose(model.oof_predictions_, expected, rtol=1e-5, atol=1e-6)
    assert model.oof_predictions_.dtype == np.float64
    assert np.abs(expected - outputs(model, X)).max() > 1e-3


def test_the_log_loss_out_of_the_folds_is_that_of_their_networks(rng):
    X, y = make_rows(rng, 90)
    cv = Recording(3)
    options = {"n_bags": "auto", "cv": cv, "calibrate": False, "scoring": None}
    model = learner(TabularClassifier, store_oof_predictions=True, **options).fit(X, y)
    n, rates = 90, (np.bincount(y) + 0.5) / 91.5
    p = model.oof_predictions_ * (n + 1) - rates  # without the share of the classes
    losses = [log_loss(y[val], p[val] / n) for _, val in cv.splits]
    assert_allclose(losses, -model.best_scores_, rtol=1e-4)


@both
def test_labels_at_random_are_not_known_out_of_the_folds(cls, rng):
    n = 200
    X, y = rng.standard_normal((n, 60)), rng.integers(0, 2, n)
    options = {"max_epochs": 80, "n_bags": 4, "store_oof_predictions": True}
    options |= {"scoring": lambda *_: 1.0}  # the last epoch counts
    model = learner(cls, **options).fit(X, y)
    guess = model.oof_predictions_
    guess = guess.argmax(axis=1) if guess.ndim == 2 else guess > 0.5
    known = model.predict(X) > 0.5
    assert accuracy_score(y, known) > 0.9
    assert abs(accuracy_score(y, guess) - 0.5) < 0.2


@both
def test_rows_that_did_not_validate_have_no_prediction_out_of_a_fold(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, n_bags=1, store_oof_predictions=True).fit(X, y)
    seen = np.isfinite(model.oof_predictions_.reshape(80, -1))
    assert (seen.all(axis=1) == seen.any(axis=1)).all()
    assert seen[:, 0].sum() == 16


@both
def test_no_row_has_a_prediction_out_of_a_fold_where_none_validates(cls, rng):
    X, y = make_rows(rng)
    options = {"n_bags": 1, "validation_fraction": 0, "store_oof_predictions": True}
    model = small(cls, **options).fit(X, y)
    assert model.oof_predictions_.shape == outputs(model, X).shape
    assert np.isnan(model.oof_predictions_).all()


@both
def test_a_row_of_several_splits_has_the_mean_of_their_predictions(cls, rng):
    X, y = make_rows(rng)
    train, val = np.arange(40), np.arange(40, 80)
    options = {"n_bags": "auto", "store_oof_predictions": True}
    splits = [(train, val), (train[:20], val[:10])]
    model = small(cls, cv=splits, **options).fit(X, y)
    raw = raws(model, X)
    if cls is TabularClassifier:
        assert model.temperature_ == 1  # 40 rows are too few for it
        first, second = with_base_rates(probabilities(raw), y)
    else:
        first, second = y.mean() + y.std() * raw[..., 0]
    expected = np.concatenate([(first[40:50] + second[40:50]) / 2, first[50:]])
    if cls is TabularRegressor:
        expected = expected.clip(y.min(), y.max())
    assert_allclose(model.oof_predictions_[40:], expected, rtol=1e-4, atol=1e-6)


@both
def test_rows_of_weight_zero_have_no_prediction_out_of_a_fold(cls, rng):
    X, y = make_rows(rng)
    w = np.ones(80)
    w[[3, 50]] = 0
    model = small(cls, store_oof_predictions=True).fit(X, y, w)
    missing = np.isnan(model.oof_predictions_.reshape(80, -1)).all(axis=1)
    assert np.flatnonzero(missing).tolist() == [3, 50]


def test_several_outputs_and_quantiles_out_of_the_folds_have_columns_each(rng):
    X, y = make_rows(rng)
    Y = np.column_stack([y, 10 - 3 * y])
    model = small(TabularRegressor, store_oof_predictions=True).fit(X, Y)
    assert model.oof_predictions_.shape == (80, 2)
    assert model.oof_predictions_[:, 1].min() >= 4


@both
def test_predictions_out_of_the_folds_are_not_kept_unasked(cls, rng):
    X, y = make_rows(rng)
    model = small(cls, store_oof_predictions=True).fit(X, y)
    assert hasattr(model, "oof_predictions_")
    model.set_params(store_oof_predictions=False).fit(X, y)
    assert not hasattr(model, "oof_predictions_")
