"""PerceptronClassifier: algorithm, variants, probabilities, weights, messages."""

import warnings
from pickle import dumps, loads

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_iris, make_blobs, make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Perceptron
from textbook import textbook

from sklearn_nn import PerceptronClassifier
from sklearn_nn.perceptron._training_rows import training_rows

VARIANTS = "rosenblatt", "pocket", "averaged"
AND_X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
AND_Y = np.array([0, 0, 0, 1])
XOR_Y = np.array([0, 1, 1, 0])


def noisy(n=300, n_classes=3, seed=0):
    """Return rows that no plane separates."""
    return make_classification(
        n, 8, n_informative=4, n_classes=n_classes, flip_y=0.2, random_state=seed
    )


def plain(**params):
    """Return a perceptron that starts at zero and does not shuffle."""
    return PerceptronClassifier(shuffle=False, init_scale=0, **params)


def quiet(model, X, y, **kwargs):
    """Fit without the warning that the rows cannot be separated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **kwargs)


def assert_same_model(a, b):
    np.testing.assert_array_equal(a.coef_, b.coef_)
    np.testing.assert_array_equal(a.intercept_, b.intercept_)
    assert a._slope == pytest.approx(b._slope)


# -- the algorithm


def test_the_and_function_is_learned_as_on_paper():
    model = plain(eta0=1).fit(AND_X, AND_Y)
    assert model.mistakes_.ravel().tolist() == [1, 3, 3, 2, 1, 0]
    assert model.coef_.tolist() == [[2, 1]]
    assert model.intercept_.tolist() == [-2]
    assert model.converged_
    assert model.n_iter_ == 6


def test_averaged_weights_are_those_on_paper():
    model = plain(eta0=1, variant="averaged", max_iter=2).fit(AND_X, AND_Y)
    assert model.coef_.tolist() == [[6 / 8, 3 / 8]]
    assert model.intercept_.tolist() == [-1 / 8]


def test_several_classes_are_learned_one_against_the_rest(rng):
    X, y = load_iris(return_X_y=True)
    order = rng.permutation(len(y))
    X, y = X[order], y[order]
    model = quiet(plain(max_iter=7), X, y)
    for k in range(3):
        steps = np.where(y == k, 0.1, -0.1)
        loop = list(textbook(X, y == k, steps, np.zeros(5), [range(len(y))] * 7))
        counts = [sum(r[2] for r in loop if r[0] == i) for i in range(7)]
        assert model.mistakes_[:, k].tolist() == counts[: model.n_iter_]
        np.testing.assert_array_equal(model.coef_[k], loop[-1][3][:-1])
        assert model.intercept_[k] == loop[-1][3][-1]


def test_weights_equal_those_of_scikit_learns_perceptron(rng):
    X = rng.standard_normal((200, 5))
    y = (X @ rng.standard_normal(5) + rng.standard_normal(200) > 0).astype(int)
    y[0] = 1  # where both take the zero of the start for a mistake
    peer = Perceptron(eta0=1, shuffle=False, tol=None, max_iter=5).fit(X, y)
    model = quiet(plain(eta0=1, max_iter=5), X, y)
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, rtol=1e-9)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 10), n=st.integers(2, 80))
def test_separable_rows_are_separated_within_novikoffs_bound(seed, d, n):
    rng = np.random.default_rng(seed)
    plane = rng.standard_normal(d + 1)
    plane /= np.linalg.norm(plane)
    X = rng.standard_normal((n, d))
    margin = np.c_[X, np.ones(n)] @ plane
    X, margin = X[np.abs(margin) > 0.05], margin[np.abs(margin) > 0.05]
    y = margin > 0
    if y.all() or not y.any():
        return
    model = PerceptronClassifier(init_scale=0, max_iter=10**6, random_state=seed)
    model.fit(X, y)
    assert model.converged_
    assert model.score(X, y) == 1
    radius = (1 + (X**2).sum(axis=1)).max() ** 0.5
    assert model.mistakes_.sum() <= (radius / np.abs(margin).min()) ** 2


def test_xor_is_not_separated_and_says_so():
    message = r"The last of 9 passes made [1-4] mistakes: .* raise `max_iter`; if not"
    with pytest.warns(ConvergenceWarning, match=message):
        model = PerceptronClassifier(max_iter=9, random_state=0).fit(AND_X, XOR_Y)
    assert not model.converged_
    assert model.mistakes_.shape == (9, 1)


def test_the_warning_tells_the_mistakes_of_each_class():
    X, y = noisy()
    with pytest.warns(ConvergenceWarning, match=r"mistakes \(\[\d+, \d+, \d+\] by"):
        PerceptronClassifier(max_iter=3, random_state=0).fit(X, y)


@pytest.mark.parametrize("variant", ["pocket", "averaged"])
def test_variants_for_data_without_a_plane_do_not_warn(variant):
    X, y = noisy()
    PerceptronClassifier(max_iter=3, variant=variant, random_state=0).fit(X, y)


def test_all_variants_make_the_same_mistakes():
    X, y = noisy()
    models = [
        quiet(PerceptronClassifier(max_iter=5, variant=v, random_state=0), X, y)
        for v in VARIANTS
    ]
    np.testing.assert_array_equal(models[0].mistakes_, models[1].mistakes_)
    np.testing.assert_array_equal(models[0].mistakes_, models[2].mistakes_)


def test_the_pocket_gets_better_with_every_pass():
    X, y = noisy(n_classes=2)
    model = PerceptronClassifier(max_iter=1, variant="pocket", random_state=0)
    model.set_params(warm_start=True)
    scores = [model.fit(X, y).score(X, y) for _ in range(12)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]


def test_the_pocket_finds_the_best_plane_for_xor():
    model = PerceptronClassifier(variant="pocket", max_iter=500, random_state=0)
    assert model.fit(AND_X, XOR_Y).score(AND_X, XOR_Y) == 3 / 4


# -- input of every kind


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("container", [csr_matrix, csr_array, csc_matrix])
def test_sparse_rows_give_the_bits_of_dense_ones(container, variant):
    X, y = noisy()
    X = np.where(np.abs(X) < 0.7, 0, X)
    model = PerceptronClassifier(max_iter=4, variant=variant, random_state=0)
    sparse = quiet(clone(model), container(X), y)
    assert_same_model(sparse, quiet(model, X, y))
    np.testing.assert_array_equal(sparse.predict(container(X)), model.predict(X))


def test_a_large_sparse_matrix_is_not_made_dense(rng):
    X = csr_matrix((np.ones(50), (np.arange(50), rng.integers(0, 10**8, 50))))
    assert training_rows(X).X is X


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_of_X_is_kept(dtype):
    X, y = noisy()
    model = quiet(PerceptronClassifier(max_iter=3, random_state=0), X.astype(dtype), y)
    assert model.coef_.dtype == model.intercept_.dtype == dtype
    assert model.decision_function(X).dtype == dtype
    assert model.predict_proba(X).dtype == dtype


def test_column_order_and_read_only_memory_change_nothing():
    X, y = noisy()
    frozen = np.asfortranarray(X)
    frozen.setflags(write=False)
    model = PerceptronClassifier(max_iter=3, random_state=0)
    assert_same_model(quiet(clone(model), frozen, y), quiet(model, X, y))


def test_labels_may_be_strings():
    model = plain(eta0=1).fit(AND_X, np.array(["no", "yes"])[AND_Y])
    assert model.predict(AND_X).tolist() == ["no", "no", "no", "yes"]


# -- weights


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_of_weight_zero_are_left_out(variant, shuffle, rng):
    X, y = noisy()
    w = rng.choice([0.0, 0.5, 2.0], len(y))
    model = PerceptronClassifier(
        max_iter=4, variant=variant, shuffle=shuffle, random_state=0
    )
    kept = quiet(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_same_model(quiet(model, X, y, sample_weight=w), kept)


def test_a_weight_for_all_is_a_factor_of_the_rate():
    X, y = noisy()
    heavy = quiet(plain(eta0=0.25, max_iter=4), X, y, sample_weight=np.full(len(y), 4))
    rated = quiet(plain(eta0=1, max_iter=4), X, y)
    np.testing.assert_array_equal(heavy.coef_, rated.coef_)


def test_class_weights_are_sample_weights():
    X, y = noisy()
    model = PerceptronClassifier(max_iter=4, random_state=0)
    by_row = quiet(clone(model), X, y, sample_weight=np.array([0.5, 1, 3])[y])
    by_class = model.set_params(class_weight={0: 0.5, 2: 3})
    assert_same_model(quiet(by_class, X, y), by_row)


def test_balanced_weights_sum_to_the_same_in_each_class():
    X, y = make_blobs([60, 20], 3, random_state=0, cluster_std=4)
    model = PerceptronClassifier(max_iter=4, random_state=0)
    by_hand = quiet(clone(model), X, y, sample_weight=np.array([2 / 3, 2])[y])
    balanced = quiet(model.set_params(class_weight="balanced"), X, y)
    np.testing.assert_allclose(balanced.coef_, by_hand.coef_)


# -- going on


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", [0, "RandomState"])
def test_a_warm_start_goes_on_as_if_training_had_not_stopped(variant, seed):
    X, y = noisy()
    model = PerceptronClassifier(max_iter=3, variant=variant)
    first, whole = clone(model), clone(model).set_params(max_iter=6)
    for m in first, whole:
        m.set_params(random_state=0 if seed == 0 else np.random.RandomState(0))
    first = loads(dumps(quiet(first.set_params(warm_start=True), X, y)))
    quiet(whole, X, y)
    assert_same_model(quiet(first, X, y), whole)
    np.testing.assert_array_equal(first.mistakes_, whole.mistakes_[3:])


@pytest.mark.parametrize("variant", VARIANTS)
def test_partial_fits_are_the_passes_of_a_fit(variant):
    X, y = noisy()
    model = PerceptronClassifier(max_iter=5, variant=variant, random_state=0)
    steps = clone(model)
    for _ in range(5):
        steps.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_model(steps, quiet(model, X, y))
    assert steps.n_iter_ == 1


def test_partial_fit_takes_rows_of_one_class():
    model = PerceptronClassifier(random_state=0)
    model.partial_fit(AND_X, np.ones(4), classes=[0, 1, 2])
    assert model.coef_.shape == (3, 2)


def test_another_variant_goes_on_from_the_same_weights():
    X, y = noisy()
    model = PerceptronClassifier(max_iter=3, random_state=0, warm_start=True)
    stored = quiet(clone(model).set_params(max_iter=6), X, y)
    quiet(model, X, y).set_params(variant="averaged").fit(X, y)
    np.testing.assert_array_equal(model.mistakes_, stored.mistakes_[3:])


def test_fit_without_warm_start_begins_anew():
    X, y = noisy()
    model = PerceptronClassifier(max_iter=3, random_state=0)
    once = quiet(clone(model), X, y)
    assert_same_model(quiet(quiet(model, X, y), X, y), once)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_number_of_threads_does_not_change_a_bit(variant):
    X, y = noisy()
    model = PerceptronClassifier(max_iter=4, variant=variant, random_state=0)
    threads = quiet(clone(model).set_params(n_jobs=3), X, y)
    assert_same_model(threads, quiet(model, X, y))


def test_verbose_prints_the_mistakes_of_each_pass(capsys):
    plain(eta0=1, verbose=1).fit(AND_X, AND_Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "Pass 1, class 1: mistakes = 1",
        "Pass 2, class 1: mistakes = 3",
    ]
    assert len(lines) == 6


# -- probabilities


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), n_classes=st.integers(2, 4))
def test_probabilities_agree_with_predictions(seed, n_classes):
    X, y = noisy(100, n_classes, seed)
    model = quiet(PerceptronClassifier(max_iter=3, random_state=seed), X, y)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(
        model.classes_[proba.argmax(axis=1)], model.predict(X)
    )
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(X), atol=1e-9)


def test_probabilities_rise_with_the_decision_function():
    X, y = noisy(n_classes=2)
    model = quiet(PerceptronClassifier(max_iter=5, random_state=0), X, y)
    order = np.argsort(model.decision_function(X))
    assert (np.diff(model.predict_proba(X)[order, 1]) >= 0).all()


def test_log_probabilities_stay_finite_far_from_the_plane():
    model = plain(eta0=1).fit(AND_X, AND_Y)
    log_proba = model.predict_log_proba([[1e9, 1e9], [-1e9, -1e9]])
    assert np.isfinite(log_proba).all()
    assert (log_proba.min(axis=1) < -1e6).all()


# -- bad input

NAN_X = np.where(AND_X == 1, np.nan, AND_X)
BAD_PARAMS = {
    "eta0": (0, r"a number in \(0, inf\); got 0"),
    "init_scale": (-1, r"a number in \[0, .*\]; got -1"),
    "max_iter": (0, r"an integer in \[1, inf\); got 0"),
    "shuffle": ("yes", r"True or False; got 'yes'"),
    "random_state": ("seed", r"None, an integer .* or a RandomState; got 'seed'"),
    "class_weight": ("even", r"None or 'balanced' or a dict .*; got 'even'"),
    "warm_start": (2, r"True or False; got 2"),
    "n_jobs": (0, r"None, an integer .*; got 0"),
    "verbose": (-1, r"True or False or an integer in \[0, inf\); got -1"),
    "variant": ("voted", r"'rosenblatt', 'pocket' or 'averaged'; got 'voted'"),
}
BAD_DATA = {
    "NaN": (NAN_X, AND_Y, {}, "Input X contains NaN"),
    "infinity": (np.full((4, 2), np.inf), AND_Y, {}, "inf"),
    "one class": (AND_X, np.ones(4), {}, r"at least 2 classes .* one class: 1\.0"),
    "length of y": (AND_X, [0, 1], {}, "inconsistent numbers of samples"),
    "kind of y": (AND_X, [0.5, 0.1, 0.2, 0.3], {}, "Unknown label type"),
    "two columns in y": (AND_X, np.ones((4, 2)), {}, "y should be a 1d array"),
    "negative weight": (
        AND_X,
        AND_Y,
        {"sample_weight": [1, 1, -2, 1]},
        "got -2 in row 2",
    ),
    "zero weights": (AND_X, AND_Y, {"sample_weight": np.zeros(4)}, "weights are zero"),
    "one class with weight": (
        AND_X,
        AND_Y,
        {"sample_weight": [1, 1, 1, 0]},
        "2 classes in rows of positive weight; got only one class: 0",
    ),
    "length of weights": (
        AND_X,
        AND_Y,
        {"sample_weight": [1, 1]},
        "each of the 4 rows",
    ),
    "empty": (np.empty((0, 2)), [], {}, "0 sample"),
    "text": ([["a", "b"]] * 4, AND_Y, {}, "could not convert string to float"),
    "complex": (AND_X * 1j, AND_Y, {}, "Complex data not supported"),
}


def test_every_parameter_has_a_rule():
    assert set(BAD_PARAMS) == set(PerceptronClassifier().get_params())


@pytest.mark.parametrize("name", BAD_PARAMS)
def test_a_bad_parameter_is_named_with_value_and_rule(name):
    value, rule = BAD_PARAMS[name]
    model = PerceptronClassifier(**{name: value})
    message = f"`{name}` of PerceptronClassifier must be {rule}"
    with pytest.raises(ValueError, match=message):
        model.fit(AND_X, AND_Y)
    assert vars(model) == vars(PerceptronClassifier(**{name: value}))


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_an_error_that_leaves_the_estimator_as_it_was(case):
    X, y, kwargs, message = BAD_DATA[case]
    model = plain(eta0=1).fit(AND_X, AND_Y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **kwargs)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_warm_start_that_fails_does_not_touch_the_old_training(variant):
    X, y = noisy()
    model = PerceptronClassifier(max_iter=3, variant=variant, random_state=0)
    quiet(model.set_params(warm_start=True), X, y)
    stored = loads(dumps(model))
    with pytest.raises(ValueError, match="became infinite"):
        model.set_params(eta0=1e300).fit(X * 1e15, y)
    model.set_params(eta0=0.1)
    assert_same_model(quiet(model, X, y), quiet(stored, X, y))


def test_class_weights_that_leave_nothing_are_an_error():
    model = PerceptronClassifier(class_weight={0: 0, 1: 0})
    with pytest.raises(ValueError, match=r"`class_weight`=.* all weights are zero"):
        model.fit(AND_X, AND_Y)


def test_balanced_weights_need_all_rows():
    model = PerceptronClassifier(class_weight="balanced")
    with pytest.raises(ValueError, match="not possible in partial_fit"):
        model.partial_fit(AND_X, AND_Y, classes=[0, 1])


def test_the_first_partial_fit_needs_classes():
    with pytest.raises(ValueError, match="`classes` must be passed on the first call"):
        PerceptronClassifier().partial_fit(AND_X, AND_Y)


def test_classes_must_not_change_between_partial_fits():
    model = PerceptronClassifier().partial_fit(AND_X, AND_Y, classes=[0, 1])
    with pytest.raises(ValueError, match="`classes` must be the same in every call"):
        model.partial_fit(AND_X, AND_Y, classes=[0, 1, 2])


def test_a_single_class_cannot_be_learned():
    with pytest.raises(ValueError, match=r"`classes` must hold at least 2 classes"):
        PerceptronClassifier().partial_fit(AND_X, np.zeros(4), classes=[0])


def test_partial_fit_refuses_an_unknown_class():
    model = PerceptronClassifier().partial_fit(AND_X, AND_Y, classes=[0, 1])
    with pytest.raises(ValueError, match="labels that are not among the classes"):
        model.partial_fit(AND_X, AND_Y + 1)


def test_a_warm_start_refuses_other_classes():
    model = plain(eta0=1, warm_start=True).fit(AND_X, AND_Y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has"):
        model.fit(AND_X, AND_Y + 1)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_another_number_of_features_is_an_error(method):
    model = plain(eta0=1).fit(AND_X, AND_Y)
    with pytest.raises(ValueError, match="X has 3 features, but PerceptronClassifier"):
        getattr(model, method)(np.ones((1, 3)))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_prediction_needs_a_fit(method):
    with pytest.raises(NotFittedError):
        getattr(PerceptronClassifier(), method)(AND_X)


def test_rows_too_large_for_floats_are_an_error():
    X = np.array([[1e308], [-1e308], [1e308]])
    with pytest.raises(ValueError, match="Scale the columns of `X`"):
        plain(eta0=1e10).fit(X, [0, 1, 1])
