"""Tables of data frames: pandas', and others through narwhals."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.preprocessing._tables import KINDS, MOMENT, Kind, Table


def check_names(names: Sequence[Any]) -> None:
    """Raise if two columns have one name."""
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise ValueError(
                f"The columns of `X` must have different names; got {name!r} twice. "
                "Rename one of them."
            )
        seen.add(name)


class PandasTable(Table):
    """The columns of a pandas DataFrame."""

    def __init__(self, X: Any) -> None:
        names = X.columns.tolist()
        check_names(names)
        super().__init__(X.shape, names)
        self.X = X
        self._dtypes = X.dtypes.tolist()

    def kind(self, position: int) -> Kind:
        dtype = self._dtypes[position]
        if _is_categorical(dtype):
            values = dtype.categories.to_numpy()
            return "level" if self.kind_of_values(values) != "text" else "text"
        if dtype.kind in KINDS:
            return KINDS[dtype.kind]
        return self.kind_of_values(self.column(position))

    def column(self, position: int) -> Array:
        series = self.X.iloc[:, position]
        if _is_categorical(series.dtype) or series.dtype.kind not in "Mm":
            return np.asarray(series.to_numpy())
        if series.dtype.kind == "M" and series.dt.tz is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        to = MOMENT if series.dtype.kind == "M" else np.dtype("timedelta64[us]")
        return np.asarray(series.to_numpy(dtype=to))

    def is_plain(self, position: int) -> bool:
        dtype = self._dtypes[position]
        return not _is_categorical(dtype) and dtype.kind in "biuf"

    def block(self, positions: Sequence[int]) -> Array:
        X = self.X.iloc[:, positions]
        return np.asarray(X.to_numpy(dtype=np.float64, na_value=np.nan))

    def _levels(self, position: int) -> tuple[Array, list[Any]]:
        series = self.X.iloc[:, position]
        if _is_categorical(series.dtype):
            codes = series.cat.codes.to_numpy().astype(np.intp)
            return codes, series.cat.categories.tolist()
        import pandas as pd

        codes, distinct = pd.factorize(series)
        return codes, distinct.tolist()


def _is_categorical(dtype: Any) -> bool:
    return hasattr(dtype, "categories") and hasattr(dtype, "ordered")
