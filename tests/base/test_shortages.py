"""A machine that is short of memory or threads."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from sklearn_nn import (
    MLPClassifier,
    MLPRegressor,
    NetworkClassifier,
    PerceptronClassifier,
    TabularClassifier,
)
from sklearn_nn.blocks import Dense

X = np.random.default_rng(0).standard_normal((300, 4))
Y = np.arange(300) % 3
TABLE = {"preset": "fast", "max_epochs": 1, "n_bags": 2, "random_state": 0}

TOO_LARGE = [
    (MLPClassifier((10**30,)), "`batch_size` or `hidden_layer_sizes`"),
    (MLPRegressor(hidden_layer_sizes=(2**42,)), "`batch_size` or `hidden_layer_sizes`"),
    (NetworkClassifier(Dense(10**14)), "`batch_size` or `network`"),
    (
        TabularClassifier(hidden_layer_sizes=[2**42]),
        "`batch_size` or `hidden_layer_sizes` or `n_members`",
    ),
]


@pytest.mark.parametrize(("model", "takers"), TOO_LARGE)
def test_a_network_beyond_memory_says_what_to_lower(model, takers):
    message = (
        f"^fit of {type(model).__name__} needs more memory than there is: .*"
        rf"(Unable to allocate|parameters).*\. Lower {takers}, or pass fewer rows at "
    )
    before = dict(vars(model))
    with pytest.raises(MemoryError, match=message):
        model.fit(X, Y)
    assert vars(model) == before


SHORT = """
import resource
import numpy as np
from sklearn_nn import MLPClassifier

X = np.zeros((100_000, 10), np.float32)
y = np.arange(100_000) % 2
MLPClassifier((8,), max_iter=1).partial_fit(X[:100], y[:100], classes=[0, 1])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, -1))
try:
    MLPClassifier((2000,), batch_size=100_000, max_iter=1).fit(X, y)
except MemoryError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_batch_beyond_memory_is_told_with_its_sizes():
    run = [sys.executable, "-c", SHORT]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert "fit of MLPClassifier needs more memory than there is: Unable to " in said
    assert "2000) and data type float32. Lower `batch_size` or `hidden_layer" in said


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((512, 512), batch_size=512, max_iter=1, random_state=0),
        PerceptronClassifier(max_iter=3, n_jobs=3, random_state=0),
        TabularClassifier(**TABLE, hidden_layer_sizes=[4], n_jobs=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_calling_thread_does_the_work_where_no_other_starts(model, monkeypatch):
    rows = np.random.default_rng(0).standard_normal((1024, 400))
    y = np.arange(1024) % 3
    expected = model.fit(rows, y).predict_proba(rows)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    np.testing.assert_array_equal(model.fit(rows, y).predict_proba(rows), expected)
