"""scikit-learn's checks of networks of all kinds."""

import pytest
from networks import NETWORKS, both
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sklearn_nn import NetworkClassifier, NetworkRegressor
from sklearn_nn.blocks import (
    LSTM,
    Dense,
    Embedding,
    Flatten,
    Output,
    Residual,
    ToSequence,
    chain,
    parallel,
)
from sklearn_nn.core import walk

# The checks ask that 200 easy rows be learned: in few epochs, of some batches each.
OPTIONS = {"learning_rate": 0.05, "batch_size": 50, "max_iter": 15}
CASES = {name: {"network": net} for name, net in NETWORKS.items()} | {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.001, "max_iter": 60},
    "lbfgs": {"optimizer": "lbfgs"},
    "graph by lbfgs": {"optimizer": "lbfgs", "network": NETWORKS["graph"]},
    "padding": {
        "network": chain(ToSequence(padding="nan"), parallel(LSTM(3), Flatten())),
    },
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CASES)
@both
def test_estimator_checks(cls, name):
    results = check_estimator(cls(**OPTIONS | CASES[name]), on_skip=None, on_fail=None)
    failed = {
        r["check_name"]: r["exception"] for r in results if r["status"] == "failed"
    }
    assert not failed
    assert len(results) > 50


@both
def test_the_tags_are_those_of_the_network(cls):
    def tags(network):
        return get_tags(cls(network)).input_tags

    assert tags(None).three_d_array
    assert tags(None).sparse
    assert tags(chain(Dense(3), Output())).sparse
    assert tags(Output()).sparse
    assert not tags(chain(ToSequence(), LSTM(3))).sparse
    assert not tags(chain(ToSequence(), LSTM(3))).allow_nan
    assert tags(chain(ToSequence(padding="nan"), LSTM(3))).allow_nan
    assert not tags(chain(Dense(3), ToSequence(padding="nan"), LSTM(3))).allow_nan
    assert not tags(parallel(Embedding(3), Dense(3))).allow_nan
    assert not tags(Residual(Dense(3))).allow_nan
    assert tags(Residual(Embedding(3), Embedding(3))).allow_nan
    assert tags(Embedding(3)).allow_nan


@pytest.mark.parametrize("network", [chain("nonsense"), chain(chain(3)), 5, "Dense"])
@both
def test_the_tags_of_what_is_no_network_can_be_asked(cls, network):
    assert get_tags(cls(network)).input_tags.two_d_array


def test_the_tags_promise_labels_and_several_outputs():
    assert get_tags(NetworkClassifier()).classifier_tags.multi_label
    assert get_tags(NetworkRegressor()).target_tags.multi_output


@pytest.mark.parametrize("name", CASES)
@both
def test_a_clone_has_blocks_of_its_own(cls, name):
    model = cls(**CASES[name])
    ids = [{id(spec) for spec in walk(m.network)} for m in (model, clone(model))]
    assert not ids[0] & ids[1]
