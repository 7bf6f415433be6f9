"""scikit-learn's checks of networks of all kinds."""

import pytest
from networks import NETWORKS, both
from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from sklearn_nn import NetworkClassifier
from sklearn_nn.blocks import LSTM, Dense, Embedding, Output, ToSequence, chain

# The checks ask that 200 easy rows be learned: in few epochs, of some batches each.
OPTIONS = {"learning_rate": 0.05, "batch_size": 50, "max_iter": 15}
CASES = {name: {"network": net} for name, net in NETWORKS.items()} | {
    "sgd": {"optimizer": "sgd", "max_iter": 60},
    "lbfgs": {"optimizer": "lbfgs"},
    "graph by lbfgs": {"optimizer": "lbfgs", "network": NETWORKS["graph"]},
    "padding": {
        "network": chain(ToSequence(padding="nan"), LSTM(8)),
        "optimizer": "lbfgs",
    },
}
# Batch normalization counts rows, not their weights: a row of weight 2 is one row.
WEIGHTS = "check_sample_weight_equivalence_on_{}_data"
EXCEPT = {"batch norm": {WEIGHTS.format(kind) for kind in ("dense", "sparse")}}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", CASES)
@both
def test_estimator_checks(cls, name):
    results = check_estimator(cls(**OPTIONS | CASES[name]), on_skip=None, on_fail=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed.keys() == EXCEPT.get(name, set()), failed
    assert len(results) > 50
