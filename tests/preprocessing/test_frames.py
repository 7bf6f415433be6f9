"""Frames of other libraries than pandas are encoded like those of pandas."""

import datetime
import importlib.util
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_nn.preprocessing import TableEncoder

TIME = datetime.datetime(2024, 2, 29, 23, 30)
COLUMNS = {
    "int": [3, 1, 2, None],
    "float": [0.5, None, 2.5, 1.0],
    "str": ["a", None, "b", "c"],
    "bool": [True, False, None, True],
    "time": [TIME, TIME.replace(month=7), None, TIME.replace(year=2020)],
    "day": [TIME.date(), TIME.date().replace(day=1), TIME.date(), None],
    "span": [TIME - TIME.replace(day=i) for i in (1, 9, 5, 4)],
    "nothing": [None] * 4,
}


def expected():
    frame = pd.DataFrame(
        {name: pd.Series(v, dtype=object) for name, v in COLUMNS.items()}
    )
    return TableEncoder(max_one_hot=3).fit_transform(frame)


@pytest.fixture
def polars():
    """Return polars, if narwhals or pyarrow are there to read it."""
    if importlib.util.find_spec("narwhals") is None:
        pytest.importorskip("pyarrow")
    return pytest.importorskip("polars")


@pytest.fixture(params=["polars", "pyarrow"])
def frame(request):
    if request.param == "pyarrow":
        return pytest.importorskip("pyarrow").table(COLUMNS)
    return request.getfixturevalue("polars").DataFrame(COLUMNS)


@pytest.fixture
def encoder(frame):
    return TableEncoder(max_one_hot=3).fit(frame)


def test_a_frame_is_encoded_like_one_of_pandas(frame, encoder):
    np.testing.assert_array_equal(encoder.transform(frame), expected())


def test_the_names_of_columns_are_kept(encoder):
    assert encoder.feature_names_in_.tolist() == [*COLUMNS]


def test_columns_can_be_named_as_categorical(frame):
    encoder = TableEncoder(categorical_features=["int"]).fit(frame)
    assert encoder.categories_[0][:3] == [1, 2, 3]


def test_columns_in_another_order_are_refused(frame, encoder):
    with pytest.raises(ValueError, match="must be in the same order"):
        encoder.transform(frame.select([*COLUMNS][::-1]))


def test_a_table_without_rows_is_refused(frame):
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        TableEncoder().fit(frame[:0])


@pytest.mark.parametrize("kind", ["Categorical", "Enum"])
def test_categories_of_polars_are_categorical(polars, kind):
    dtype = (
        polars.Categorical if kind == "Categorical" else polars.Enum(["z", "b", "a"])
    )
    frame = polars.DataFrame({"c": polars.Series(["b", "a", None], dtype=dtype)})
    assert TableEncoder().fit(frame).categories_[0][:2] == ["a", "b"]


def test_text_in_a_numeric_column_of_polars_is_refused(polars):
    encoder = TableEncoder().fit(polars.DataFrame({"a": [1, 2]}))
    with pytest.raises(ValueError, match="Column 'a' of `X` must hold numbers"):
        encoder.transform(polars.DataFrame({"a": ["1", "2"]}))


def test_a_zone_of_polars_makes_no_difference_to_the_moment(polars):
    X = polars.DataFrame({"t": COLUMNS["time"]})
    there = X.select(polars.col("t").dt.replace_time_zone("UTC"))
    there = there.select(polars.col("t").dt.convert_time_zone("Asia/Kathmandu"))
    encoder = TableEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(there), encoder.transform(X))


def test_a_lazy_frame_is_refused(polars):
    with pytest.raises(TypeError, match=r"`X` must be a table in memory.* `collect`"):
        TableEncoder().fit(polars.LazyFrame({"a": [1, 2]}))


def test_columns_of_arrow_in_pandas_are_read_like_others():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(COLUMNS)
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    encoder = TableEncoder(max_one_hot=3)
    np.testing.assert_array_equal(encoder.fit_transform(arrow), expected())


def test_a_frame_of_narwhals_is_encoded_like_the_frame_in_it():
    nw = pytest.importorskip("narwhals.stable.v2")
    frame = pd.DataFrame(COLUMNS)
    encoder = TableEncoder().fit(frame)
    np.testing.assert_array_equal(
        encoder.transform(nw.from_native(frame)), encoder.transform(frame)
    )


class WithToPandas:
    """A frame of a library that narwhals does not know."""

    columns = ("a", "b")

    def to_pandas(self):
        return pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


class WithProtocol(WithToPandas):
    to_pandas = None

    def __dataframe__(self, **options):
        return WithToPandas().to_pandas().__dataframe__(**options)


# pandas 3 speaks of the end of the protocol
@pytest.mark.filterwarnings("ignore:The .*rotocol is deprecated")
@pytest.mark.parametrize("frame", [WithToPandas(), WithProtocol()])
def test_a_frame_of_another_library_becomes_one_of_pandas(frame):
    encoder = TableEncoder().fit(frame)
    assert encoder.get_feature_names_out().tolist() == ["a", "b_y"]
    assert encoder.feature_names_in_.tolist() == ["a", "b"]


def test_arrays_are_encoded_without_pandas():
    code = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "polars", "pyarrow"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from sklearn_nn.preprocessing import TableEncoder
X = [[1.0, "a", None], [2.0, None, True], [None, "b", False]]
assert TableEncoder().fit_transform(X).shape == (3, 8)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_some_rows_of_a_frame_are_learned_as_a_frame_of_its_own(frame):
    rows = np.array([0, 2, 3])
    some = {name: [values[i] for i in rows] for name, values in COLUMNS.items()}
    alone = TableEncoder(max_one_hot=3).fit(pd.DataFrame(some))
    among = TableEncoder(max_one_hot=3).fit(frame, rows=rows)
    np.testing.assert_array_equal(among.transform(frame), alone.transform(frame))
