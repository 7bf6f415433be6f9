"""Param, ParamLayout: names of parameters and their places in one flat vector."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

Init = Callable[[np.random.Generator, NDArray[Any]], None]
Connect = Callable[[np.random.Generator, tuple[int, ...]], NDArray[Any]]
ParamTree = Mapping[str, Union["Param", "ParamTree"]]
Views = Any  # a tree of SimpleNamespace: p.W, p.hidden.W

_RANK = {"weight": 0, "state": 2}  # in the vector; any other group is between


@dataclass(frozen=True, eq=False)
class Param:
    """Declares one parameter array: its shape, its initializer, its group.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array, without the axis of members.
    init : callable
        ``init(rng, out)`` fills ``out``, all members at once.
    group : str, default="weight"
        The penalty falls on the group "weight" only. The group "state" is not trained:
        its block writes it, in a forward with a generator.
    shared : bool, default=False
        Whether there is one for all members, without an axis of them.
    connect : callable, default=None
        ``connect(rng, shape)`` returns a bool array, which entries there are; the
        others are zero, and stay so. None for all. It is asked once per member.
    sparse : bool, default=False
        Whether the block can read a CSR matrix in its place, if there are no members.
    summed : int, default=None
        The axis of ``shape`` over which products with the array sum, if the block does
        nothing else with it, so that it can read an `ExactMatrix` in its place.
    """

    shape: tuple[int, ...]
    init: Init
    group: str = "weight"
    shared: bool = False
    connect: Connect | None = None
    sparse: bool = False
    summed: int | None = None


class ParamLayout:
    """Maps a tree of declared parameters onto one contiguous vector.

    The group "weight" comes first and "state" last, each in the order of the tree; so
    the penalized part is one slice, and what is trained another. Names are paths like
    "hidden/W".
    """

    def __init__(self, tree: ParamTree, members: int | None = None) -> None:
        self.tree = tree
        lead = () if members is None else (members,)
        leaves = list(_leaves(tree, ""))
        leaves.sort(key=lambda leaf: _RANK.get(leaf[1].group, 1))  # stable
        self.params = dict(leaves)
        self.shapes = {n: (*(() if p.shared else lead), *p.shape) for n, p in leaves}
        self.slices: dict[str, slice] = {}
        self.size = self.n_weights = self.n_trained = 0
        for name, param in leaves:
            stop = self.size + math.prod(self.shapes[name])
            self.slices[name] = slice(self.size, stop)
            self.size = stop
            if param.group == "weight":
                self.n_weights = stop
            if param.group != "state":
                self.n_trained = stop

    def named_size(self, name: str) -> int:
        """Return the number of entries of the parameter ``name``."""
        place = self.slices[name]
        return place.stop - place.start

    def named_views(self, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return the views into ``flat`` by path."""
        if flat.shape != (self.size,):
            raise ValueError(
                f"`flat` must have shape ({self.size},) to hold these parameters; "
                f"got {flat.shape}."
            )
        places = self.slices.items()
        return {name: flat[s].reshape(self.shapes[name]) for name, s in places}

    def views(self, flat: NDArray[Any]) -> Views:
        """Return the tree with each ``Param`` replaced by its view into ``flat``."""
        return self.unflatten(self.named_views(flat))

    def unflatten(self, named: Mapping[str, Any]) -> Views:
        """Return the tree with each ``Param`` replaced by what ``named`` has for it."""
        return _unflatten(self.tree, named, "")

    def initialize(self, flat: NDArray[Any], rng: np.random.Generator) -> None:
        """Fill ``flat`` with initial values, in the order of the tree."""
        views = self.named_views(flat)
        for name, param in _leaves(self.tree, ""):
            param.init(rng, views[name])


def _leaves(tree: ParamTree, prefix: str) -> Iterator[tuple[str, Param]]:
    for name, item in tree.items():
        if isinstance(item, Param):
            yield prefix + name, item
        else:
            yield from _leaves(item, f"{prefix}{name}/")


def _unflatten(tree: ParamTree, views: Mapping[str, Any], prefix: str) -> Views:
    branch = {
        name: views[prefix + name]
        if isinstance(item, Param)
        else _unflatten(item, views, f"{prefix}{name}/")
        for name, item in tree.items()
    }
    return SimpleNamespace(**branch)
