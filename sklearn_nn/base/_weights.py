"""NamedWeights: the learned arrays of an estimator by name, out of it and back."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Self
from zipfile import is_zipfile

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_nn.core import Array, Network


class NamedWeights:
    """What the learned parameters are called, how many they are, how to set them.

    Names are paths through the network, such as ``"body/dense1/W"``.
    """

    _network: Network

    @property
    def n_params_(self) -> int:
        """Return the number of trained parameters."""
        if "_network" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} is not fitted yet.")
        return int(self._network.layout.n_trained)

    def get_weights(self) -> dict[str, Array]:
        """Return copies of the learned arrays by name.

        Returns
        -------
        weights : dict of str to ndarray
            Also what a block counts without training it, as the running means of
            `BatchNorm`.
        """
        check_is_fitted(self, "n_outputs_")
        views = self._network.layout.named_views(self._network.params)
        return {name: view.copy() for name, view in views.items()}

    def set_weights(self, weights: Mapping[str, Any]) -> Self:
        """Replace the learned arrays.

        Parameters
        ----------
        weights : dict of str to array-like
            An array for every name that `get_weights` returns, of the same shape.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a name is missing or unknown, if a shape differs, if a number is not
            finite, or if a connection that is thinned out gets a weight; the estimator
            is then as it was.
        """
        check_is_fitted(self, "n_outputs_")
        if not isinstance(weights, Mapping):
            raise TypeError(
                f"`weights` must be a dict of arrays by name; got {weights!r}."
            )
        net = self._network.copy()
        views = net.layout.named_views(net.params)
        missing, unknown = views.keys() - weights.keys(), weights.keys() - views.keys()
        if missing or unknown:
            raise ValueError(
                "`weights` must have the names that get_weights returns; missing: "
                f"{sorted(missing)}, unknown: {sorted(unknown)}."
            )
        for name, view in views.items():
            if (got := np.shape(weights[name])) != view.shape:
                raise ValueError(
                    f"`weights[{name!r}]` must have the shape {view.shape}; got {got}."
                )
            view[...] = weights[name]
            if not np.isfinite(view).all():
                raise ValueError(f"`weights[{name!r}]` must be finite; it is not.")
        _check_connections(net)
        self._network = net
        return self

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write the learned arrays to an ``.npz`` file, which needs no pickle to read.

        Parameters
        ----------
        path : str or path-like
            The file; a name without ".npz" stays without it.
        """
        weights: dict[str, Any] = self.get_weights()
        with open(path, "wb") as file:
            np.savez(file, **weights)

    def load_weights(self, path: str | PathLike[str]) -> Self:
        """Replace the learned arrays by those of a file.

        Parameters
        ----------
        path : str or path-like
            A file that `save_weights` wrote for the same network.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the file is none of weights, or was written for another network.
        """
        check_is_fitted(self, "n_outputs_")
        with open(path, "rb") as file:
            if not is_zipfile(file):
                raise ValueError(
                    f"`path` must be a file that save_weights wrote; got {path!r}."
                )
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return self.set_weights(dict(arrays))


def _check_connections(net: Network) -> None:
    """Raise if connections that are thinned out have a weight."""
    given = net.params.copy()
    net.apply_mask(net.params)
    if lost := np.count_nonzero(given != net.params):
        raise ValueError(
            "`weights` must be zero where connections are thinned out; "
            f"{lost} of them are not. They are of a network with other connections."
        )
