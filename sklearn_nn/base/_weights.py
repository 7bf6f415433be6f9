"""NamedWeights: the learned arrays of an estimator by name, out of it and back."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_nn._version import __version__
from sklearn_nn.base._weight_files import (
    describe,
    difference,
    read_weights,
    write_weights,
)
from sklearn_nn.core import Array, Network, check_version, shown


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
            If a name is missing or unknown, if a shape differs, if there are other than
            finite real numbers, or if a connection that is thinned out gets a weight;
            the estimator is then as it was.
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
                f"{sorted(missing)}, unknown: {shown(sorted(map(str, unknown)))}."
            )
        for name, view in views.items():
            is_weight = net.layout.params[name].group == "weight"
            _write(weights[name], view, f"`weights[{name!r}]`", is_weight)
        _check_connections(net)
        self._network = net
        return self

    def save_weights(self, path: str | PathLike[str]) -> None:
        """Write the learned arrays to an ``.npz`` file, which needs no pickle to read.

        The file is written beside ``path`` and takes its place when it is complete: a
        full disk, or a process that is killed, leaves what was there.

        Parameters
        ----------
        path : str or path-like
            The file; a name without ".npz" stays without it.

        Raises
        ------
        ValueError
            If ``path`` is something other than a file, such as a folder.
        OSError
            If the file cannot be written.
        """
        write_weights(path, self.get_weights(), self._about_weights())

    def load_weights(self, path: str | PathLike[str]) -> Self:
        """Replace the learned arrays by those of a file.

        Parameters
        ----------
        path : str or path-like
            A file that `save_weights` wrote for the same network, or one of arrays of
            the names, shapes and types that `get_weights` returns.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the file is none of weights, or was written for another network, other
            classes or another float type; the estimator is then as it was.
        OSError
            If the file cannot be opened.

        Warns
        -----
        InconsistentVersionWarning
            If another version of the package wrote the file.
        """
        check_is_fitted(self, "n_outputs_")
        views = self._network.layout.named_views(self._network.params)
        weights, about = read_weights(path, views)
        here = self._about_weights()
        there = about or here  # a file of arrays alone says nothing
        for what in ("network", "classes", "output"):
            if found := difference(here[what], there.get(what), what):
                raise ValueError(f"`path` {path} is of another network: {found}.")
        check_version(self, str(there.get("version")))
        return self.set_weights(weights)

    def _about_weights(self: Any) -> dict[str, Any]:
        """Return what decides, beside the weights, what the network computes."""
        return {
            "version": __version__,
            "network": describe(self._network.block),
            "classes": self._describe_classes(),
            "output": self.out_activation_,
        }

    def _describe_classes(self) -> list[Any]:
        """Return the labels that the outputs stand for: numbers, or texts."""
        labels = np.asarray(getattr(self, "classes_", [])).ravel().tolist()
        known = [v.item() if isinstance(v, np.generic) else v for v in labels]
        return [v if isinstance(v, (bool, int, float)) else repr(v) for v in known]


def _write(given: Any, view: Array, name: str, is_weight: bool) -> None:
    """Copy real, finite numbers into ``view``; raise if ``given`` holds others."""
    if np.ma.is_masked(given):
        raise ValueError(f"{name} must have no masked values; fill them first.")
    try:
        array = np.asarray(given)
        if array.dtype == object:  # such as integers beyond those of NumPy
            array = np.array(array.tolist(), np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} must be an array of finite numbers; got {shown(given)}."
        ) from error
    if array.shape != view.shape:
        raise ValueError(f"{name} must have the shape {view.shape}; got {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be of real numbers; got {array.dtype}.")
    # Products of larger weights would overflow.
    limit = np.finfo(view.dtype).max
    limit = np.sqrt(limit) if is_weight else limit
    if not (np.abs(array) <= limit).all():
        raise ValueError(f"{name} must be finite, and at most {limit:.2g} in size.")
    view[...] = array


def _check_connections(net: Network) -> None:
    """Raise if connections that are thinned out have a weight."""
    given = net.params.copy()
    net.apply_mask(net.params)
    if lost := np.count_nonzero(given != net.params):
        raise ValueError(
            "`weights` must be zero where connections are thinned out; "
            f"{lost} of them are not. They are of a network with other connections."
        )
