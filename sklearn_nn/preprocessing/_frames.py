"""Tables of data frames: pandas', and others through narwhals."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from sklearn_nn.core import Array
from sklearn_nn.preprocessing import _values
from sklearn_nn.preprocessing._tables import KINDS, Kind, Table


class PandasTable(Table):
    """The columns of a pandas DataFrame."""

    def __init__(self, X: Any) -> None:
        super().__init__(X, X.columns.tolist())
        self._dtypes = X.dtypes.tolist()
        self._kinds = [_letter(dtype) for dtype in self._dtypes]
        if "c" in self._kinds:
            raise ValueError(f"Complex data not supported\n{X.dtypes}\n")

    def take(self, rows: Array) -> Table:
        return PandasTable(self.X.iloc[rows])

    def kind(self, position: int) -> Kind:
        dtype = self._dtypes[position]
        if self._kinds[position] == "U":
            return _kind_of_texts(self.X.iloc[:, position].notna().any())
        if not _is_categorical(dtype):
            known = KINDS.get(self._kinds[position])
            return known or self.kind_of_values(self.column(position))
        of_levels = self.kind_of_values(dtype.categories.to_numpy())
        return "level" if of_levels in ("number", "flag") else "text"

    def _column(self, position: int) -> Array:
        series, dtype = self.X.iloc[:, position], self._dtypes[position]
        kind = self._kinds[position]
        as_objects = _is_categorical(dtype) or dtype.type is date  # of Arrow
        if kind not in "Mm" or as_objects:
            return _values.typed(np.asarray(series.to_numpy()))
        if kind == "M" and series.dt.tz is not None:
            series = series.dt.tz_convert("UTC").dt.tz_localize(None)
        unit = _values.MOMENT if kind == "M" else _values.SPAN
        return np.asarray(series.to_numpy(dtype=unit))

    def is_plain(self, position: int) -> bool:
        dtype = self._dtypes[position]
        return not _is_categorical(dtype) and self._kinds[position] in "biuf"

    def block(self, positions: Sequence[int]) -> Array:
        X = self.X.iloc[:, positions]
        return np.asarray(X.to_numpy(dtype=np.float64, na_value=np.nan))

    def _levels(self, position: int) -> tuple[Array, list[Any]]:
        series = self.X.iloc[:, position]
        if _is_categorical(series.dtype):
            codes = series.cat.codes.to_numpy().astype(np.intp)
            return codes, series.cat.categories.tolist()
        import pandas as pd

        try:
            codes, distinct = pd.factorize(series)
        except NotImplementedError:  # of some of Arrow's dtypes
            return super()._levels(position)
        return codes, distinct.tolist()


class NarwhalsTable(Table):
    """The columns of a DataFrame of narwhals: polars', pyarrow's and others'."""

    def __init__(self, X: Any) -> None:
        self._columns = list(X.columns)  # the list is made anew each time
        super().__init__(X, self._columns)
        self._dtypes = list(X.schema.values())

    def take(self, rows: Array) -> Table:
        return NarwhalsTable(self.X[rows])

    def kind(self, position: int) -> Kind:
        if self.is_plain(position):
            is_number = self._dtypes[position].is_numeric()
            return "number" if is_number else "flag"
        if self._holds_texts(position):
            column = self._series(position)
            return _kind_of_texts(column.null_count() < len(column))
        return self.kind_of_values(self.column(position))

    def _levels(self, position: int) -> tuple[Array, list[Any]]:
        import narwhals.stable.v2 as nw

        if not self._holds_texts(position):
            return super()._levels(position)
        # Codes come from the library of the frame, not by way of Python's objects.
        texts = self._series(position).cast(nw.String)
        levels = texts.drop_nulls().unique().to_list()
        if not levels:
            return np.full(len(texts), -1), levels
        codes = texts.replace_strict(levels, range(len(levels)), return_dtype=nw.Int64)
        return codes.fill_null(-1).to_numpy(), levels

    def _series(self, position: int) -> Any:
        return self.X.get_column(self._columns[position])

    def _holds_texts(self, position: int) -> bool:
        import narwhals.stable.v2 as nw

        return self._dtypes[position] in (nw.String, nw.Categorical, nw.Enum)

    def _column(self, position: int) -> Array:
        import narwhals.stable.v2 as nw

        series, dtype = self._series(position), self._dtypes[position]
        if dtype.is_nested():
            raise TypeError(f"values of {dtype}")
        if dtype in (nw.Categorical, nw.Enum):
            series = series.cast(nw.String)
        if dtype == nw.Date:
            series = series.cast(nw.Datetime("us"))
        if dtype == nw.Datetime and dtype.time_zone is not None:
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return _values.typed(np.asarray(series.to_numpy()))

    def is_plain(self, position: int) -> bool:
        import narwhals.stable.v2 as nw

        dtype = self._dtypes[position]
        return bool(dtype.is_numeric() or dtype == nw.Boolean)

    def block(self, positions: Sequence[int]) -> Array:
        import narwhals.stable.v2 as nw

        numbers = np.empty((self.shape[0], len(positions)), order="F")
        for i, position in enumerate(positions):
            numbers[:, i] = self._series(position).cast(nw.Float64).to_numpy()
        return numbers


def _kind_of_texts(any_given: bool) -> Kind:
    """Return what a column of texts holds: one without any could hold numbers, too."""
    return "text" if any_given else "number"


def _letter(dtype: Any) -> str:
    """Return the letter of NumPy for a dtype of pandas, "O" where there is none.

    Texts of pandas and of Arrow are "U".
    """
    try:
        return "U" if dtype.type is str else str(dtype.kind)
    except NotImplementedError:  # some of Arrow's
        return "O"


def _is_categorical(dtype: Any) -> bool:
    return hasattr(dtype, "categories") and hasattr(dtype, "ordered")
