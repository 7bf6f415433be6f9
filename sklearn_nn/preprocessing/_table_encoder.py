"""TableEncoder: a raw table of mixed columns as one matrix of numbers."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_nn.core import Array, Rule, VersionedState, check_params, integer
from sklearn_nn.preprocessing._categories import fit_categories
from sklearn_nn.preprocessing._numbers import Numbers
from sklearn_nn.preprocessing._reading import read_table
from sklearn_nn.preprocessing._selection import CATEGORICAL, are_categorical


class TableEncoder(TransformerMixin, VersionedState, BaseEstimator):
    """A raw table of mixed columns as one float32 matrix for a network.

    The columns of the matrix stand in three groups, in this order.

    1. Numbers, centered by the median, divided by the distance of the quartiles, and
       clipped smoothly to the interval (-3, 3). What is missing becomes the mean. A
       point in time becomes seconds, month, day of the week and hour, in UTC.
    2. Zeros and ones, scaled and clipped in the same way: for each numeric column in
       which training values are missing, whether one is; for each categorical column
       of few categories, which one it is. What training did not see is no category,
       that is, a row of zeros; what is missing is a category of its own if training
       saw it. Two categories of which none is "missing" share one column, of -1 and 1.
    3. Codes: for each categorical column of more categories, the number of the
       category, from 0, and -1 for what training did not see. `Embedding` reads them.

    Columns that are constant or wholly missing in training are dropped. If nothing
    varies, the matrix is one column of zeros.

    A categorical column in which at least 90 % of the values occur in one row only, of
    at least 50 values, is left out with a warning, but for an indicator of what is
    missing: an id, or free text. That share is about how often the level of a new row
    is one that training did not see (Good, 1953), and a network that reads such a
    column learns its training rows by heart.

    NaN, None, NaT and pandas' NA are missing
    values. Infinity is an error.

    A table is a data frame of pandas, of polars, or of another library that narwhals
    knows (scikit-learn 1.9 brings it; without it the frame is converted by its method
    ``to_pandas``), an array, a sparse matrix, or a list of rows. In an array, or in
    rows, text that reads as a number is a number.

    Parameters
    ----------
    categorical_features : "from_dtype", list or None, default="from_dtype"
        Which columns are categorical: with "from_dtype" those of categories, strings,
        objects or bools; or a list of positions or names, or one bool per column; with
        None, none. What is no number, no time and no bool is categorical in any case.
    max_one_hot : int, default=8
        Largest number of categories for which a column becomes zeros and ones.

    Attributes
    ----------
    n_numeric_, n_one_hot_ : int
        Number of columns in the first and in the second group.
    embedding_sizes_ : list of int
        Number of categories of each column in the third group.
    source_ : ndarray of shape (n_out,)
        Position in the table of the column that each column of the matrix comes from.
    is_categorical_ : ndarray of shape (n_features_in_,)
        Which columns of the table are categorical.
    categories_ : dict
        For each position of a categorical column, its categories in the order of their
        codes, NaN for what is missing; of a column that is left out, no others.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if all are strings.

    References
    ----------
    Good, "The population frequencies of species and the estimation of population
    parameters", Biometrika 40, 1953: how often a new row has an unknown level.

    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024: the scaling, and which categories
    become zeros and ones.

    Examples
    --------
    >>> from sklearn_nn.preprocessing import TableEncoder
    >>> X = [[1.0, "red"], [2.0, "blue"], [3.0, "green"], [4.0, "red"]]
    >>> encoder = TableEncoder().fit(X)
    >>> encoder.get_feature_names_out().tolist()
    ['x0', 'x1_blue', 'x1_green', 'x1_red']
    >>> print(encoder.transform([[2.5, "black"], [4.0, "red"]]).round(2))
    [[ 0.    0.    0.   -0.49]
     [ 0.95  0.    0.    0.49]]
    """

    rules: ClassVar[Mapping[str, Rule]] = {
        "categorical_features": CATEGORICAL,
        "max_one_hot": integer(0),
    }

    def __init__(
        self, *, categorical_features: Any = "from_dtype", max_one_hot: int = 8
    ) -> None:
        self.categorical_features = categorical_features
        self.max_one_hot = max_one_hot

    def fit(
        self, X: Any, y: Any = None, *, rows: Array | None = None
    ) -> "TableEncoder":
        """Learn the scales and the categories of the columns.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            The table.
        y : object, default=None
            Not used.
        rows : ndarray of int, default=None
            Positions of the rows to learn from; None for all.

        Returns
        -------
        TableEncoder
            The encoder itself.

        Warns
        -----
        UserWarning
            If a column is left out since nearly every row has a value of its own.
        """
        check_params(self, self.rules)
        return self.fit_for(self, X, rows, 4)

    def fit_for(
        self, owner: Any, X: Any, rows: Array | None, stacklevel: int
    ) -> "TableEncoder":
        """Fit as a part of ``owner``, whose input ``X`` is: errors name it.

        ``stacklevel`` is that of a warning two calls below.
        """
        table = read_table(X, owner)
        if rows is not None:
            table = table.take(rows)
        kinds = [table.kind(i) for i in range(table.shape[1])]
        is_categorical = are_categorical(table, kinds, self.categorical_features)
        numeric = np.flatnonzero(~is_categorical).tolist()
        times = [i for i in numeric if kinds[i] == "time"]
        others = [i for i in numeric if kinds[i] != "time"]
        numbers = Numbers.fit(table, others, times)
        categorical = np.flatnonzero(is_categorical).tolist()
        categories = fit_categories(table, categorical, self.max_one_hot, stacklevel)
        validate_data(owner, table.X, skip_check_array=True, reset=True)
        self.is_categorical_ = is_categorical
        self._numbers = numbers
        self._one_hot, self._coded, self.categories_ = categories
        self._set_shape()
        return self

    def transform(self, X: Any) -> Array:
        """Return the matrix.

        Parameters
        ----------
        X : DataFrame, array or sparse matrix of shape (n_samples, n_features)
            A table with the columns of the one in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_out)
            The matrix, of float32.
        """
        check_is_fitted(self, "source_")
        return self.transform_for(self, X)

    def transform_for(self, owner: Any, X: Any) -> Array:
        """Transform as a part of ``owner``, whose input ``X`` is."""
        table = read_table(X, owner)
        validate_data(owner, table.X, skip_check_array=True, reset=False)
        out = np.zeros((table.shape[0], len(self.source_)), np.float32)
        first, n_marks = len(self._numbers.kept), len(self._numbers.marked)
        place = self.n_numeric_ + n_marks
        self._numbers.write(table, out[:, :first], out[:, self.n_numeric_ : place])
        for one_hot in self._one_hot:
            stop = place + one_hot.rows.shape[1]
            out[:, place:stop] = one_hot.rows[one_hot.categories.read(table)]
            place = stop
        for i, categories in enumerate(self._coded, start=place):
            out[:, i] = categories.read(table)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns of the matrix.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of the table, if they had none in `fit`.

        Returns
        -------
        ndarray of shape (n_out,)
            The names.
        """
        check_is_fitted(self, "source_")
        names = names_in(self, input_features)
        numbers, marks = self._numbers.names(names.__getitem__)
        numbers += ["zero"] * (self.n_numeric_ - len(numbers))
        one_hot = [
            n for o in self._one_hot for n in o.names(names[o.categories.position])
        ]
        codes = [names[c.position] for c in self._coded]
        return np.array([*numbers, *marks, *one_hot, *codes], dtype=object)

    def _set_shape(self) -> None:
        raw = self._numbers.source
        numbers, marks = raw[self._numbers.kept], raw[self._numbers.marked]
        one_hot = [o.categories.position for o in self._one_hot for _ in o.rows[0]]
        codes = [c.position for c in self._coded]
        if not (numbers.size or marks.size or one_hot or codes):
            numbers = np.array([0])
        self.n_numeric_ = len(numbers)
        self.n_one_hot_ = len(marks) + len(one_hot)
        self.embedding_sizes_ = [c.size for c in self._coded]
        self.source_ = np.array([*numbers, *marks, *one_hot, *codes], dtype=np.intp)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def names_in(encoder: Any, given: Any) -> list[str]:
    """Return the names of the columns of the table, which have to fit to ``given``."""
    n_columns = encoder.n_features_in_
    known = getattr(encoder, "feature_names_in_", None)
    if given is None:
        return [f"x{i}" for i in range(n_columns)] if known is None else known.tolist()
    names = [str(name) for name in given]
    if known is not None and names != known.tolist():
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(names) != n_columns:
        raise ValueError(
            "input_features should have length equal to number of features "
            f"({n_columns}), got {len(names)}"
        )
    return names
