"""Values that nobody should pass, and those that look so but are right."""

import datetime
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pandas as pd
import polars as pl
from scipy.sparse import coo_array, csc_matrix, csr_array

N, D = 24, 3
BASE = np.random.default_rng(0).standard_normal((N, D))
HUGE = 10**400


def with_one(value, dtype=object):
    """Return the spoiler that puts ``value`` into one cell of a copy."""

    def spoil(array):
        copy = np.array(array, dtype)
        copy[(3, *(1,) * (copy.ndim - 1))] = value
        return copy

    return spoil


# What becomes of an array of rows, of targets or of weights.
ARRAYS = {
    "as it is": lambda a: a,
    "a list": lambda a: a.tolist(),
    "a tuple": lambda a: tuple(a.tolist()),
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
    "reversed": lambda a: a[::-1],
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    "objects": lambda a: a.astype(object),
    "fractions": lambda a: np.vectorize(Fraction, otypes=[object])(a),
    "decimals": lambda a: np.vectorize(Decimal, otypes=[object])(a),
    "int8": lambda a: a.astype(np.int8),
    "unsigned": lambda a: np.abs(a).astype(np.uint8),
    "bools": lambda a: a > 0,
    "frame": pd.DataFrame,
    "nullable": lambda a: pd.DataFrame(a).convert_dtypes(),
    "polars": lambda a: pl.DataFrame(np.atleast_2d(a.T).T),
    "a lazy frame": lambda a: pl.DataFrame(np.atleast_2d(a.T).T).lazy(),
    "series": lambda a: pd.Series(a.ravel()),
    "categories": lambda a: pd.Series(a.ravel()).astype("category"),
    "CSR": lambda a: csr_array(np.atleast_2d(a)),
    "CSC": lambda a: csc_matrix(np.atleast_2d(a)),
    "COO": lambda a: coo_array(np.atleast_2d(a)),
    "masked": lambda a: np.ma.masked_greater(a, 0),
    "a mask of nothing": np.ma.array,
    "matrix": lambda a: np.asmatrix(a),
    "zeros": np.zeros_like,
    "constant": lambda a: np.full_like(a, 7),
    "huge": lambda a: a * 1e150,
    "largest": lambda a: np.full(a.shape, np.finfo(float).max),
    "tiny": lambda a: a * 1e-300,
    "smallest": lambda a: np.full(a.shape, 5e-324),
    "negative": lambda a: -np.abs(a) - 1,
    "NaN": with_one(np.nan, float),
    "all NaN": lambda a: np.full(a.shape, np.nan),
    "infinity": with_one(np.inf, float),
    "None": with_one(None),
    "NA": with_one(pd.NA),
    "text": lambda a: a.astype(str),
    "a word": with_one("tall"),
    "bytes": lambda a: a.astype("S8"),
    "times": lambda a: (a * 100).astype("M8[D]"),
    "a date": with_one(datetime.date(2020, 1, 1)),
    "spans": lambda a: (a * 100).astype("m8[s]"),
    "complex": lambda a: a + 1j,
    "an integer beyond floats": with_one(HUGE),
    "a list in a cell": lambda a: [[a.tolist()], *a.tolist()[1:]],
    "a dict in a cell": lambda a: [{}, *a.tolist()[1:]],
    "one row": lambda a: a[:1],
    "no rows": lambda a: a[:0],
    "too short": lambda a: a[:-1],
    "too long": lambda a: np.concatenate([a, a[:1]]),
    "one axis more": lambda a: a[..., None],
    "two axes more": lambda a: a[..., None, None],
    "one axis": np.ravel,
    "another width": lambda a: a[..., :2],
    "no columns": lambda a: a.reshape(len(a), -1)[:, :0],
    "a number": lambda a: 3.0,
    "a dict": lambda a: {"a": a},
    "a set": lambda a: {1, 2},
    "a string": lambda a: "rows",
    "nothing": lambda a: None,
    "a function": lambda a: len,
    "a class": lambda a: int,
    "a generator": lambda a: iter(a.tolist()),
    "an object": lambda a: object(),
    "a structured array": lambda a: np.zeros(len(a), [("a", float), ("b", float)]),
}

# scikit-learn 1.9 brings narwhals; without it a frame of polars asks for pyarrow.
if not (find_spec("narwhals") or find_spec("pyarrow")):
    del ARRAYS["polars"]

# What any parameter may be set to.
PARAMETERS = [
    *(None, True, False, 0, 1, 2, -1, 3, 10**30, HUGE, -HUGE, 0.0, -0.0, 0.5, 1.0),
    *(1e-300, 1e300, -1.5, np.inf, -np.inf, np.nan, 1j, Fraction(1, 3), Decimal("0.5")),
    *(np.int8(8), np.uint8(200), np.float16(0.5), np.float32(0.1), np.bool_(True)),
    *("", "auto", "adam", "sgd", "lbfgs", "tanh", "balanced", "nonsense", b"bytes"),
    *((), (2,), [2], [0], (2, 2), [2.5], {}, {0: 2.0}, {0: HUGE}, {5: 1.0}, set()),
    *(np.array(3), np.array([2]), np.array([1.5, 2.5]), np.zeros(10**6)),
    *(pd.Series([1, 2]), pd.NA, object, len, np.float32, "float32", slice(2)),
]
