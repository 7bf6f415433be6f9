"""NetworkInput: which X a network of blocks reads, and rows with axes of their own."""

import math
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite

from sklearn_nn.base import check_readable
from sklearn_nn.blocks import Dense, chain
from sklearn_nn.core import Array, Block, Network, Shape, uneven_rows


class NetworkInput:
    """Checks X as scikit-learn does, also if its rows have several axes.

    Fitted state: ``_row_shape``, the shape of a row of X that has more axes than one;
    ``_accepts_sparse`` and ``_accepts_nan``, what the network reads.
    """

    network: Any
    _network: Network
    _targets: Any
    _make_block: Any
    _row_shape: Shape | None

    def _set_row_shape(self, row_shape: Shape | None) -> None:
        """Note what the rows of X are to be."""
        self._row_shape = row_shape
        self._accepts_sparse = row_shape is None and accepts("sparse", self.network)
        self._accepts_nan = accepts("nan", self.network)

    def _check_X_y(self, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, Any]:
        X, row_shape = as_2d(X)
        if reset:
            self._set_row_shape(row_shape)
        self._check_row_shape(row_shape)
        X, y = super()._check_X_y(X, y, dtype, reset)  # type: ignore[misc]
        return self._as_rows(X), y

    def _check_X(self, X: Any, dtype: Any) -> Any:
        X, row_shape = as_2d(X)
        self._check_row_shape(row_shape)
        return self._as_rows(super()._check_X(X, dtype))  # type: ignore[misc]

    def _array_rules(self) -> dict[str, Any]:
        return {
            "accept_sparse": "csr" if self._accepts_sparse else False,
            "ensure_all_finite": "allow-nan" if self._accepts_nan else True,
        }

    def _check_row_shape(self, shape: Shape | None) -> None:
        if shape is None or shape == self._row_shape:
            return
        if self._row_shape is not None:
            raise ValueError(
                f"The rows of `X` must have the shape {self._row_shape}, as they had "
                f"when the network was fitted; got {shape}."
            )
        self._make_block(self._targets.n_raw, shape)  # tells if it does not read them

    def _as_rows(self, X: Any) -> Any:
        return X if self._row_shape is None else X.reshape(len(X), *self._row_shape)

    def _raw_predict(self, X: Any) -> Array:
        raw: Array = super()._raw_predict(X)  # type: ignore[misc]
        if self._accepts_nan and np.isnan(raw).any():
            self._raise_nan(self._check_X(X, raw.dtype), "X")
        return raw

    def _monitors(self, net: Network, state: Any, val: Any, *args: Any) -> Any:
        if val is not None:
            self._check_nan(val.X, net, "X_val")
        return super()._monitors(net, state, val, *args)  # type: ignore[misc]

    def _check_nan(self, X: Any, net: Network, name: str = "X") -> None:
        """Raise if NaN, which some block takes, comes to one that does not."""
        if not self._accepts_nan or issparse(X):
            return
        rows = np.isnan(X).any(axis=tuple(range(1, X.ndim)))
        if rows.any() and np.isnan(net.infer(X[rows])).any():
            self._raise_nan(X, name)

    def _raise_nan(self, X: Any, name: str) -> None:
        assert_all_finite(X, estimator_name=type(self).__name__, input_name=name)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = accepts("sparse", self.network)
        tags.input_tags.allow_nan = accepts("nan", self.network)
        return tags


def as_2d(X: Any) -> tuple[Any, Shape | None]:
    """Return X with one axis of features, and the shape of its rows if it had more."""
    check_readable(X)
    if isinstance(X, (list, tuple)) and len(X):
        try:
            X = np.asarray(X) if np.ndim(X[0]) > 1 else X
        except ValueError as error:
            raise uneven_rows(X, "X") from error
    if getattr(X, "ndim", 2) < 3:
        return X, None
    shape = X.shape[1:]
    return np.asarray(X).reshape(len(X), math.prod(shape)), shape


def default_network() -> Block:
    """Return what ``network=None`` stands for."""
    return chain(Dense(100, "relu"))


def accepts(kind: str, network: Any) -> bool:
    """Whether the network reads "sparse" or "nan".

    Where it is malformed, the answer is yes: `fit` tells what is wrong with it.
    """
    block = default_network() if network is None else network
    try:
        return bool(getattr(block, f"accepts_{kind}", False))
    except (AttributeError, IndexError, TypeError, ValueError):
        return True
