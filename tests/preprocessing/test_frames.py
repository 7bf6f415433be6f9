"""Frames of other libraries than pandas are encoded like those of pandas."""

import datetime
import decimal
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
    with pytest.raises(
        TypeError, match=r"`X` must be in memory; got a LazyFrame.* `collect`"
    ):
        TableEncoder().fit(polars.LazyFrame({"a": [1, 2]}))


def test_columns_of_arrow_in_pandas_are_read_like_others():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(COLUMNS)
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    encoder = TableEncoder(max_one_hot=3)
    np.testing.assert_array_equal(encoder.fit_transform(arrow), expected())


TIMES = [datetime.time(2, 30), datetime.time(1), None, datetime.time(23, 59, 59)]
LISTS = [[1, 2], [3], None, []]


def arrow_column(values, kind):
    """Return a frame of pandas with one column of Arrow's, of a type by its name."""
    pa = pytest.importorskip("pyarrow")
    types = {
        "list": pa.list_(pa.int64()),
        "pair": pa.list_(pa.int64(), 2),
        "struct": pa.struct([("a", pa.int64())]),
        "map": pa.map_(pa.string(), pa.int64()),
        "ms": pa.duration("ms"),
        "decimal": pa.decimal128(10, 2),
    }
    dtype = types[kind] if kind in types else pa.type_for_alias(kind)
    array = pa.array(values, dtype)
    return pd.DataFrame({"c": pd.Series(pd.arrays.ArrowExtensionArray(array))})


def same_as_objects(frame, values):
    """Whether a frame is encoded as one column of Python's objects is."""
    objects = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    encoder = TableEncoder().fit(objects)
    np.testing.assert_array_equal(encoder.transform(frame), encoder.transform(objects))
    np.testing.assert_array_equal(
        TableEncoder().fit_transform(frame), encoder.transform(objects)
    )


@pytest.mark.parametrize("kind", ["date32", "date64"])
@pytest.mark.parametrize("n", [3, 4], ids=["whole", "with a gap"])
def test_dates_of_arrow_are_read_as_dates(kind, n):
    same_as_objects(arrow_column(COLUMNS["day"][:n], kind), COLUMNS["day"][:n])


@pytest.mark.parametrize(
    "kind", ["time32[s]", "time32[ms]", "time64[us]", "time64[ns]"]
)
def test_times_of_the_day_of_arrow_are_read_as_those_of_python(kind):
    same_as_objects(arrow_column(TIMES, kind), TIMES)


def test_lengths_of_time_and_decimals_of_arrow_are_read():
    spans = [*COLUMNS["span"], None]
    same_as_objects(arrow_column(spans, "ms"), spans)
    numbers = [decimal.Decimal(n) for n in ("0.25", "3", "-1.5")]
    same_as_objects(arrow_column(numbers, "decimal"), numbers)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("list", LISTS),
        ("pair", [[1, 2], [3, 4]]),
        ("struct", [{"a": 1}, {"a": 2}]),
        ("map", [[("a", 1)], []]),
    ],
)
def test_what_cannot_be_read_of_arrow_is_refused_by_the_name_of_its_column(
    kind, values
):
    frame = arrow_column(values, kind)
    match = r"Column 'c' of `X` must hold one number, text, time .* Drop the column"
    with pytest.raises(TypeError, match=match):
        TableEncoder().fit(frame)
    encoder = TableEncoder().fit(pd.DataFrame({"c": ["a", "b"]}))
    with pytest.raises(TypeError, match=match):
        encoder.transform(frame)


def test_what_pandas_cannot_read_of_arrow_is_refused_by_the_name_of_its_column():
    with pytest.raises(TypeError, match=r"Column 'c' of `X` must .*\(string_view\)"):
        TableEncoder().fit(arrow_column(["a", "b"], "string_view"))


def test_times_of_the_day_of_polars_are_read_as_those_of_python(polars):
    same_as_objects(polars.DataFrame({"c": TIMES}), TIMES)


@pytest.mark.parametrize("kind", ["List", "Array", "Struct"])
def test_nested_columns_of_polars_are_refused_by_name(polars, kind):
    values = [{"a": 1}, {"a": 2}] if kind == "Struct" else [[1, 2], [3, 4]]
    dtypes = {
        "List": polars.List(polars.Int64),
        "Array": polars.Array(polars.Int64, 2),
        "Struct": polars.Struct({"a": polars.Int64}),
    }
    frame = polars.DataFrame({"c": polars.Series(values, dtype=dtypes[kind])})
    match = f"Column 'c' of `X` must hold one number, text.*{kind}.*Drop the column"
    with pytest.raises(TypeError, match=match):
        TableEncoder().fit(frame)


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_the_output_may_be_set(polars, output):
    frame = polars.DataFrame(COLUMNS)
    encoder = TableEncoder().fit(frame)
    out = encoder.set_output(transform=output).transform(frame)
    np.testing.assert_array_equal(np.asarray(out), TableEncoder().fit_transform(frame))


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
