"""Whatever is passed, in whatever order: a finite result, or an error that helps.

``HOSTILE=10000 pytest tests/hostile`` for that many examples an estimator.
"""

import os
import pickle
import warnings

import joblib
import numpy as np
import pytest
from hostile_values import ARRAYS, BASE, PARAMETERS, D, N
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from threadpoolctl import ThreadpoolController

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    NetworkRegressor,
    PerceptronClassifier,
    TabularClassifier,
    TabularRegressor,
    estimators,
)
from sklearn_nn.blocks import Dense

EXAMPLES = int(os.environ.get("HOSTILE", "300"))
NETWORK = {"network": Dense(2, "tanh"), "max_iter": 2}
TABLE = {"preset": "fast", "max_epochs": 1, "n_bags": 1, "hidden_layer_sizes": [2]}
TABLE |= {"embedding": None, "n_members": 1}
MODELS = [
    PerceptronClassifier(max_iter=2, random_state=0),
    MLPClassifier(hidden_layer_sizes=(2,), max_iter=2, random_state=0),
    MLPRegressor(hidden_layer_sizes=(2,), max_iter=2, random_state=0),
    NetworkClassifier(**NETWORK, random_state=0),
    NetworkRegressor(**NETWORK, random_state=0),
    TabularClassifier(**TABLE, random_state=0),
    TabularRegressor(**TABLE, random_state=0),
]
# What would take hours or fill the memory, as the user asked for.
COSTLY = {"max_iter": 4, "max_epochs": 2, "n_members": 2, "n_bags": 4}
COSTLY |= {"hidden_layer_sizes": 9, "n_jobs": 2, "cycles": 60, "verbose": 0}
# scikit-learn's own words for what is no table.
SCIKIT_LEARNS = (
    "Expected 2D|Found array|dim 3|dense|Sparse|sparse|Complex|Unknown label type"
    "|1d array|0-d|scalar|sequence|array-like|feature|argument must be|DataFrame"
    "|inconsistent|samples|matrix|targets|`scoring`"
)
ERRORS = (ValueError, TypeError, NotFittedError)
# Values for tests of this kind: a warning is no error, but none may come from NumPy.
QUIET = "ignore"
LIBRARIES = ThreadpoolController().lib_controllers


def global_state():
    """Return what no call may change."""
    threads = [library.num_threads for library in LIBRARIES]
    generator = np.random.get_state()[1][:5].tolist()  # noqa: NPY002
    return threads, generator, np.geterr(), list(warnings.filters), os.getcwd()


def contents(value):
    """Return what an array-like holds, to be compared."""
    if hasattr(value, "tobytes") and not value.dtype.hasobject:
        return value.dtype, value.shape, value.tobytes()
    return repr(value) if hasattr(value, "shape") else None


def is_costly(name, value):
    """Whether a parameter asks for more time or memory than a test has."""
    limit = COSTLY.get(name)
    if limit is None:
        return False
    try:
        return bool(np.max(value) > limit) or bool(np.size(value) > limit)
    except (TypeError, ValueError, OverflowError):
        return False


class Hostile(RuleBasedStateMachine):
    """An estimator in the hands of somebody who tries everything."""

    prototype = MODELS[0]

    def __init__(self):
        super().__init__()
        self.model = clone(self.prototype)
        self.spoiled = set()

    @rule(
        method=st.sampled_from(["fit", "partial_fit", "predict", "predict_proba"]),
        X=st.sampled_from(list(ARRAYS)),
    )
    def call_with_rows(self, method, X):
        self.call(method, X=X)

    @rule(
        method=st.sampled_from(["fit", "partial_fit", "score"]),
        X=st.sampled_from(["as it is", "as it is", *ARRAYS]),
        y=st.sampled_from(list(ARRAYS)),
        w=st.sampled_from([None, None, *ARRAYS]),
    )
    def call_with_targets(self, method, X, y, w):
        self.call(method, X=X, y=y, sample_weight=w)

    @rule(
        X=st.sampled_from(["as it is", *ARRAYS]),
        y=st.sampled_from(["as it is", *ARRAYS]),
        w=st.sampled_from([None, *ARRAYS]),
    )
    def validate(self, X, y, w):
        if not isinstance(self.model, PerceptronClassifier):
            self.call("fit", X_val=X, y_val=y, sample_weight_val=w)

    @rule(data=st.data(), value=st.sampled_from(range(len(PARAMETERS))))
    def set_parameter(self, data, value):
        name = data.draw(st.sampled_from(sorted(self.model.get_params(deep=False))))
        value = PARAMETERS[value]
        if is_costly(name, value) or (name == "random_state" and value is None):
            return
        self.model.set_params(**{name: value})
        self.spoiled.add(name)
        self.call("fit")

    @rule()
    def replace(self):
        self.model = clone(self.model)

    @rule()
    def store(self):
        self.model = pickle.loads(pickle.dumps(self.model))

    def call(self, method, **kinds):
        """Call with spoiled arguments, and look at all that could have gone wrong."""
        with warnings.catch_warnings():  # of NumPy, for what the spoilers do
            warnings.simplefilter("ignore")
            given = self.arguments(method, kinds)
        before = {name: contents(value) for name, value in given.items()}
        state, around = joblib.hash(vars(self.model)), global_state()
        function = getattr(self.model, method, None)
        if function is None:
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = function(**given)
                if method in ("fit", "partial_fit"):
                    assert result is self.model
                    result = self.model.predict(given["X"])
        except ERRORS as error:
            assert joblib.hash(vars(self.model)) == state, "a failure changed the state"
            self.check_message(error, kinds)
        else:
            self.check_result(method, result, given)
        assert global_state() == around
        for name, value in given.items():
            assert contents(value) == before[name], f"{name} was changed"

    def arguments(self, method, kinds):
        is_classifier = hasattr(self.model, "predict_proba")
        y = np.arange(N) % 3 if is_classifier else BASE[:, 0]
        values = {"X": BASE, "y": y, "sample_weight": np.abs(BASE[:, 1])}
        needed = ["X"] if method.startswith("predict") else ["X", "y"]
        given = {name: values[name] for name in needed}
        if method == "partial_fit" and is_classifier:
            given["classes"] = [0, 1, 2]
        for name, kind in kinds.items():
            if kind is not None:
                given[name] = ARRAYS[kind](values[name.removesuffix("_val")])
        return given

    def check_message(self, error, kinds):
        """Assert that one of the things that were spoiled is named."""
        message = " ".join([str(error), *getattr(error, "__notes__", [])])
        names = {*kinds, *self.spoiled, *(n.split("_")[0] for n in kinds)}
        named = any(name in message for name in names)
        assert len(message) < 2000
        known = any(words in message for words in SCIKIT_LEARNS.split("|"))
        assert named or known or "not fitted" in message, message

    def check_result(self, method, result, given):
        if method == "predict_proba":
            assert result.shape == (N, len(self.model.classes_)) or len(result) == len(
                given["X"]
            )
            assert np.all((result >= 0) & (result <= 1))
        if np.asarray(result).dtype.kind == "f" and method != "score":
            assert np.isfinite(result).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_result_or_an_error_that_helps(model):
    machine = type(type(model).__name__, (Hostile,), {"prototype": model})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=4,
            deadline=None,
            derandomize=EXAMPLES <= 300,  # the suite says the same in every run
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_estimator_is_tried():
    names = {type(model).__name__ for model in MODELS}
    assert names == set(estimators.__all__)


def test_the_values_cover_rows_of_all_widths():
    assert BASE.shape == (N, D)
    assert all(callable(spoil) for spoil in ARRAYS.values())
