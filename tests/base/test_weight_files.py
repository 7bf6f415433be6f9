"""Files of weights: never half written, and never read if they do not fit."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_nn import MLPClassifier, MLPRegressor, NetworkClassifier, NetworkRegressor
from sklearn_nn.base import _weights
from sklearn_nn.blocks import ELU, BatchNorm, Columns, Dense, Function, chain

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
MODEL = MLPClassifier((4,), max_iter=2, random_state=0)


@pytest.fixture
def saved(tmp_path):
    """Return a fitted estimator, and the file of its weights."""
    model = clone(MODEL).fit(X, Y)
    model.save_weights(tmp_path / "weights.npz")
    return model, tmp_path / "weights.npz"


def refuses(model, path, message):
    """Assert that the file is refused, and that nothing has changed."""
    before = model.predict(X)
    with pytest.raises(ValueError, match=message) as caught:
        model.load_weights(path)
    assert str(path) in str(caught.value)
    np.testing.assert_array_equal(model.predict(X), before)


# -- written whole, or not at all

KILLER = """
import os, random, signal, sys, time
from sklearn_nn import NetworkRegressor
from sklearn_nn.blocks import Dense
model = NetworkRegressor(Dense(500), random_state=0).initialize(1000)
model.save_weights(sys.argv[1])
for i in range(30):
    if not (child := os.fork()):
        while True:
            model.save_weights(sys.argv[1])
    time.sleep(random.Random(i).uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    model.load_weights(sys.argv[1])
"""


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path):
    run = [sys.executable, "-c", KILLER, str(tmp_path / "weights.npz")]
    subprocess.run(run, check=True)


def test_a_full_disk_leaves_the_old_file(saved):
    model, path = saved
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, old[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            model.save_weights(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_link_and_the_rights_of_a_file_stay(saved):
    model, path = saved
    path.chmod(0o640)
    link = path.with_name("link")
    link.symlink_to(path)
    model.save_weights(link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    model.load_weights(link)


def test_a_folder_is_no_place_for_weights(saved):
    model, path = saved
    with pytest.raises(ValueError, match="`path` must be a file, or a new one"):
        model.save_weights(path.parent)
    with pytest.raises(OSError, match="Is a directory"):
        model.load_weights(path.parent)


@pytest.mark.parametrize("path", [5, 5.0, None, True, b"weights"])
def test_a_number_is_no_path(saved, path):
    model, _ = saved
    for method in (model.save_weights, model.load_weights):
        with pytest.raises(TypeError, match="`path` must be a str or a path; got"):
            method(path)


# -- damaged files


def test_a_damaged_file_is_refused_and_says_which(saved):
    model, path = saved
    good, rng = path.read_bytes(), np.random.default_rng(0)
    weights = model.get_weights()
    for _ in range(150):
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        path.write_bytes(bad)
        try:
            model.load_weights(path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017  # not every bit counts
        for name, array in model.get_weights().items():
            np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize("size", [0, 3, 100, 1000])
def test_a_part_of_a_file_is_refused(saved, size):
    model, path = saved
    path.write_bytes(path.read_bytes()[:size])
    refuses(model, path, "must be a file that save_weights wrote")


def test_what_stands_before_a_file_is_refused(saved):
    model, path = saved
    path.write_bytes(b"garbage" + path.read_bytes())
    refuses(model, path, "is damaged: it does not begin like one")


def rewritten(path, change):
    """Write the arrays of a file anew, as ``change`` of their headers and data."""
    with zipfile.ZipFile(path) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        change(entries, new)


def npy(array):
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_what_unpacks_to_more_than_memory_is_not_unpacked(saved):
    def bomb(entries, new):
        for name, data in entries.items():
            new.writestr(name, data)
        with new.open("bomb.npy", "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(bytes(2**20))

    def giant(entries, new):
        for name, data in entries.items():
            new.writestr(name, data)
        head = npy(np.zeros((4, 4)))[:128]
        with new.open("hidden1/W.npy", "w") as file:
            file.write(head.replace(b"(4, 4)", b"(4, 2000000)").ljust(128)[:128])

    model, path = saved
    good = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rewritten(path, bomb)
    refuses(model, path, r"another network: missing: \[\], unknown: \['bomb'\]")
    path.write_bytes(good)
    with pytest.warns(UserWarning, match="Duplicate name"):
        rewritten(path, giant)
    refuses(model, path, "two arrays of one name")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert used < 100 * 1024  # kB


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros((4, 5)),
            r"have the shape \(4, 4\); it has \(4, 5\)",
        ),
        (
            np.zeros((4, 4), np.float32),
            "be of float64; it is of float32",
        ),
        (np.zeros((4, 4), "U8"), "must be of float64; it is of <U8"),
        (np.zeros((4, 4), complex), "must be of float64; it is of complex128"),
        (np.zeros((4, 4), "M8[s]"), "must be of float64; it is of datetime64"),
        (np.full((4, 4), np.nan), r"`weights\['hidden1/W'\]` must be finite"),
        (
            np.full((4, 4), 1e308),
            r"hidden1/W'\]` must be finite, and at most",
        ),
    ],
)
def test_an_array_that_does_not_fit_is_refused(saved, array, message):
    def change(entries, new):
        for name, data in (entries | {"hidden1/W.npy": npy(array)}).items():
            new.writestr(name, data)

    model, path = saved
    rewritten(path, change)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_objects_are_never_unpickled(saved):
    class Trap:
        def __reduce__(self):
            return os.mkdir, ("trap",)

    trap = BytesIO()
    np.save(trap, np.array([[Trap()] * 4] * 4, object), allow_pickle=True)

    def change(entries, new):
        for name, data in (entries | {"hidden1/W.npy": trap.getvalue()}).items():
            new.writestr(name, data)

    model, path = saved
    rewritten(path, change)
    refuses(model, path, "must be of float64; it is of object")
    assert not os.path.exists("trap")


# -- of another network


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"activation": "tanh"},
            "of Dense is 'relu' in the file, 'tanh' here",
        ),
        ({"activation": "logistic"}, "activation of Dense is"),
    ],
)
def test_a_network_that_computes_otherwise_is_refused(saved, params, message):
    _, path = saved
    refuses(clone(MODEL).set_params(**params).fit(X, Y), path, message)


def test_other_classes_are_refused(saved):
    _, path = saved
    other = clone(MODEL).fit(X, np.array(["x", "y", "z"])[Y])
    refuses(other, path, "classes is 0 in the file, \"'x'\" here")


def test_another_output_is_refused(tmp_path):
    path = tmp_path / "weights.npz"
    y = np.abs(X[:, 0])
    MLPRegressor(max_iter=2).fit(X, y).save_weights(path)
    other = MLPRegressor("poisson", max_iter=2).fit(X, y)
    refuses(other, path, "output is 'identity' in the file, 'exp' here")


def square(x):
    return x**2


def test_functions_are_known_by_their_names(tmp_path):
    path = tmp_path / "weights.npz"
    models = [
        NetworkRegressor(chain(Dense(3), Function(f, g)), random_state=0).initialize(4)
        for f, g in [
            (square, lambda x: 2 * x),
            (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        ]
    ]
    models[0].save_weights(path)
    models[0].load_weights(path)
    refuses(models[1], path, "f of Function is 'square' in the file, ")


def test_what_matters_in_training_only_may_differ(tmp_path):
    path = tmp_path / "weights.npz"
    network = chain(Dense(3, init_factor=2.0), BatchNorm(momentum=0.2))
    model = NetworkClassifier(network, max_iter=2, random_state=0).fit(X, Y)
    model.save_weights(path)
    other = NetworkClassifier(chain(Dense(3), BatchNorm()), max_iter=2).fit(X, Y)
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_of_arrays_alone_is_read(saved, save):
    model, path = saved
    expected = model.predict_proba(X)
    save(path, **model.get_weights())
    other = clone(MODEL).set_params(max_iter=4).fit(X, Y).load_weights(path)
    np.testing.assert_array_equal(other.predict_proba(X), expected)


def test_a_file_of_another_version_is_read_with_a_warning(saved, monkeypatch):
    model, path = saved
    expected = model.predict_proba(X)
    monkeypatch.setattr(_weights, "__version__", "0.0.1")
    model.save_weights(path)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=r"from version 0\.0\.1 when"):
        model.load_weights(path)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_a_file_may_be_copied(saved):
    model, path = saved
    shutil.copy(path, path.with_name("copy"))
    model.load_weights(path.with_name("copy"))


def power(k, x):
    return x**k


@pytest.mark.parametrize(
    ("mine", "other", "message"),
    [
        (Columns(slice(0, 2)), Columns(slice(2, 4)), "columns of Columns is"),
        (Columns([0, 1]), Columns([1, 2]), "columns of Columns is"),
        (Function(partial(power, 2)), Function(partial(power, 3)), "f of Function is"),
    ],
)
def test_parts_that_are_no_blocks_are_compared(mine, other, message, tmp_path):
    path = tmp_path / "weights.npz"
    mine, other = (
        NetworkRegressor(chain(part, Dense(3)), random_state=0).initialize(4)
        for part in (mine, other)
    )
    mine.save_weights(path)
    mine.load_weights(path)
    refuses(other, path, message)


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (chain(Dense(3, ELU(alpha=1))), chain(Dense(3, ELU(alpha=1.0)))),
        (chain(Columns([0, 1]), Dense(3)), chain(Columns(range(2)), Dense(3))),
    ],
)
def test_what_is_written_otherwise_is_the_same_network(mine, other, tmp_path):
    path = tmp_path / "weights.npz"
    first = NetworkRegressor(mine, random_state=0).initialize(4)
    first.save_weights(path)
    second = NetworkRegressor(other, random_state=1).initialize(4).load_weights(path)
    np.testing.assert_array_equal(second.predict(X), first.predict(X))


@pytest.mark.parametrize(
    ("mine", "other"),
    [([0, 1, 2], [0.0, 1.0, 2.0]), (list("abc"), np.array(list("abc")))],
)
def test_equal_classes_are_the_same(mine, other, tmp_path):
    path = tmp_path / "weights.npz"
    NetworkClassifier(random_state=0).initialize(4, mine).save_weights(path)
    NetworkClassifier(random_state=1).initialize(4, other).load_weights(path)


def test_large_statistics_come_back(tmp_path):
    path, rows = tmp_path / "weights.npz", (X * 3e10).astype(np.float32)
    model = NetworkClassifier(chain(BatchNorm(), Dense(4)), max_iter=2, random_state=0)
    model.fit(rows, Y).save_weights(path)
    expected = model.predict_proba(rows)
    model.set_weights(model.get_weights()).load_weights(path)
    np.testing.assert_array_equal(model.predict_proba(rows), expected)


def test_a_long_name_is_no_obstacle(saved):
    model, path = saved
    model.save_weights(path.with_name("漢" * 80 + ".npz"))
    model.load_weights(path.with_name("漢" * 80 + ".npz"))
