"""Texts are encoded alike in every kind of column of every library."""

import importlib.util
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.preprocessing import _values as values_of_objects

N = 300
KINDS = [
    *["object", "str", "string", "category", "pandas string[pyarrow]"],
    *["pandas of Arrow", "pandas dictionary of Arrow", "pyarrow", "pyarrow large"],
    *["pyarrow dictionary", "pyarrow chunks", "polars", "polars Categorical"],
    "polars Enum",
]
NOT_OF_OBJECTS = [k for k in KINDS if k != "object" and "pandas dict" not in k]


def make_columns(rng, n=N, unknown=()):
    """Return columns of numbers and texts, some of which are missing, as lists."""
    many = [f"level {i}" for i in range(30)] + ["", "ä", "7"]
    columns = {
        "number": rng.standard_normal(n).tolist(),
        "few": rng.choice(["red", "green", "blue", *unknown], n).tolist(),
        "many": rng.choice([*many, *unknown], n).tolist(),
        "whole": rng.choice(["yes", "no", *unknown], n).tolist(),
        "nothing": [None] * n,
    }
    for name in ("number", "few", "many"):
        for i in rng.permutation(n)[: n // 10].tolist():
            columns[name][i] = None
    return columns


def make_frame(columns, kind):
    """Return the columns as a frame with texts of one kind."""
    library, _, rest = kind.partition(" ")
    if library in ("pandas", "pyarrow"):
        pytest.importorskip("pyarrow")
    numbers = columns["number"]
    texts = {name: column for name, column in columns.items() if name != "number"}
    if library == "polars":
        return polars_frame(numbers, texts, rest)
    if library == "pyarrow":
        return arrow_frame(numbers, texts, rest)
    if kind == "str" and int(pd.__version__.split(".")[0]) < 3:
        pytest.skip("what is missing is the text None in pandas 2")
    dtype = arrow_dtype(rest) if library == "pandas" else kind
    typed = {
        name: pd.Series(c, dtype=object).astype(dtype) for name, c in texts.items()
    }
    return pd.DataFrame({"number": pd.Series(numbers, dtype=float), **typed})


def arrow_dtype(name):
    import pyarrow as pa

    if name == "string[pyarrow]":
        return name
    is_dictionary = name.startswith("dictionary")
    return pd.ArrowDtype(
        pa.dictionary(pa.int32(), pa.string()) if is_dictionary else pa.string()
    )


def arrow_frame(numbers, texts, kind):
    import pyarrow as pa

    dtype = pa.large_string() if kind == "large" else pa.string()
    arrays = {name: pa.array(column, dtype) for name, column in texts.items()}
    if kind == "dictionary":
        arrays = {name: array.dictionary_encode() for name, array in arrays.items()}
    table = pa.table({"number": numbers, **arrays})
    if kind == "chunks":
        half = len(numbers) // 2
        return pa.concat_tables([table.slice(0, half), table.slice(half)])
    return table


def polars_frame(numbers, texts, kind):
    if importlib.util.find_spec("narwhals") is None:
        pytest.importorskip("pyarrow")
    pl = pytest.importorskip("polars")
    series = {name: pl.Series(c, dtype=pl.String) for name, c in texts.items()}
    if kind == "Categorical":
        series = {name: s.cast(pl.Categorical) for name, s in series.items()}
    if kind == "Enum":
        series = {
            name: s.cast(pl.Enum(sorted(s.drop_nulls().unique().to_list())))
            for name, s in series.items()
        }
    return pl.DataFrame({"number": numbers, **series})


@pytest.mark.parametrize("kind", KINDS)
def test_the_matrix_is_that_of_objects(kind, rng):
    columns = make_columns(rng)
    new = make_columns(rng, 100, unknown=["unknown"])
    objects = TableEncoder().fit(make_frame(columns, "object"))
    encoder = TableEncoder().fit(make_frame(columns, kind))
    assert encoder.categories_.keys() >= {1, 2, 3}
    for position in (1, 2, 3):
        expected = objects.categories_[position]
        np.testing.assert_equal(encoder.categories_[position], expected)
    for rows in (columns, new):
        expected = objects.transform(make_frame(rows, "object"))
        np.testing.assert_array_equal(
            encoder.transform(make_frame(rows, kind)), expected
        )


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_of_objects_reads_texts_of_every_kind(kind, rng):
    columns = make_columns(rng)
    encoder = TableEncoder().fit(make_frame(columns, "object"))
    expected = encoder.transform(make_frame(columns, "object"))
    np.testing.assert_array_equal(
        encoder.transform(make_frame(columns, kind)), expected
    )


@pytest.mark.parametrize("kind", KINDS)
def test_ids_of_every_kind_are_left_out(kind, rng):
    columns = make_columns(rng, 60)
    columns["many"] = [f"order {i}" for i in range(60)]
    with pytest.warns(UserWarning, match="Column 'many' of `X` is left out: it has 60"):
        TableEncoder().fit(make_frame(columns, kind))


@pytest.mark.skipif(
    importlib.util.find_spec("narwhals") is None, reason="frames go through pandas"
)
@pytest.mark.parametrize("kind", NOT_OF_OBJECTS)
def test_texts_do_not_become_objects_of_python(kind, rng, monkeypatch):
    columns = make_columns(rng)
    del columns["nothing"]
    frame, lengths = make_frame(columns, kind), []

    def noting(values):
        lengths.append((values.dtype.kind, len(values)))
        return values

    monkeypatch.setattr(values_of_objects, "typed", noting)
    TableEncoder().fit(frame).transform(frame)
    assert ("O", N) not in lengths


def test_frames_of_pandas_do_not_import_other_libraries():
    code = """
import sys
import pandas as pd
before = set(sys.modules)
from sklearn_nn.preprocessing import TableEncoder
X = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, dtype=object)
TableEncoder().fit_transform(X)
assert not {"polars", "pyarrow"} & (set(sys.modules) - before)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
