"""Connections: which weights there are, and products that leave out the others."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sklearn_nn.core._layout import Connect, ParamLayout, Views

# A sparse product is faster from about this share of weights down, if there are so many
# entries and rows (`python -m benchmarks --parts pruning`).
SPARSE_DENSITY = 0.06
SPARSE_ENTRIES = 1 << 18
SPARSE_ROWS = 16


class Count(NamedTuple):
    """Entries of a parameter array, and how many of these are thinned out."""

    size: int
    thinned: int


class Connections:
    """Which entries of a parameter vector there are; the others are zero, and stay so.

    A network and the copies that share its parameters have one.

    Attributes
    ----------
    kept : ndarray (n_params,) of bool, or None
        Where there is a connection; None for everywhere. It is replaced, never written.
    """

    def __init__(self, layout: ParamLayout, kept: NDArray[Any] | None = None) -> None:
        self.layout = layout
        self.set(kept)

    def set(self, kept: NDArray[Any] | None) -> None:
        """Replace ``kept``; raise if it is no bool vector of the right length."""
        if kept is not None:
            check_connections(kept, (self.layout.size,), "`connections`")
        self.kept = kept
        places = () if kept is None else self.layout.slices.values()
        pieces = [(place, kept[place]) for place in places]  # type: ignore[index]
        self._thinned = [(place, own) for place, own in pieces if not own.all()]

    def apply_mask(self, vector: NDArray[Any]) -> None:
        """Set ``vector``, in the layout of the parameters, to zero where none is."""
        for place, own in self._thinned:
            piece = vector[place]
            piece *= own  # several times as fast as assigning zero where it is not

    def counts(self) -> dict[str, Count]:
        """Return the counts of every trained array by name."""
        layout, kept = self.layout, self.kept
        counts = {}
        for name, place in layout.slices.items():
            if layout.params[name].group != "state":
                size = place.stop - place.start
                there = size if kept is None else int(np.count_nonzero(kept[place]))
                counts[name] = Count(size, size - there)
        return counts


class SparseViews:
    """The tree of parameters, with CSR matrices for those that are thinned out a lot.

    Attributes
    ----------
    kept : ndarray of bool
        The connections for which it was made.
    share : float
        The share of the parameters that is there.
    views : namespace
        The tree; the values of its matrices are those of the last `refresh`. None if
        there is no matrix.
    """

    def __init__(
        self, layout: ParamLayout, params: NDArray[Any], kept: NDArray[Any]
    ) -> None:
        self.kept, self.share = kept, np.count_nonzero(kept) / max(1, kept.size)
        self._matrices: list[tuple[Any, NDArray[Any], NDArray[Any]]] = []
        named: dict[str, Any] = layout.named_views(params)
        for name, own in layout.named_views(kept).items():
            most = SPARSE_DENSITY * own.size if own.size >= SPARSE_ENTRIES else 0
            if layout.params[name].sparse and np.count_nonzero(own) <= most:
                values, entries = named[name].reshape(-1), np.flatnonzero(own)
                named[name] = csr_array(own, dtype=params.dtype)  # in the same order
                self._matrices.append((named[name], values, entries))
        self.views: Views = layout.unflatten(named) if self._matrices else None

    def refresh(self) -> None:
        """Copy the values of the parameters to the matrices.

        They may have changed since the last time, by whatever hand. Several threads may
        do so at once: they write the same.
        """
        for matrix, values, entries in self._matrices:
            values.take(entries, 0, matrix.data, "clip")


def draw_connections(
    layout: ParamLayout, rng: np.random.Generator
) -> NDArray[Any] | None:
    """Return the connections that the parameters ask for; None if none does."""
    wanting = {n: p for n, p in layout.params.items() if p.connect is not None}
    if not wanting:
        return None
    kept = np.ones(layout.size, bool)
    views = layout.named_views(kept)
    for name, param in wanting.items():
        for own in views[name].reshape(-1, *param.shape):  # one member after another
            drawn: Any = param.connect(rng, param.shape)  # type: ignore[misc]
            check_connections(drawn, param.shape, f"What is drawn for {name!r}")
            own[...] = drawn
    return kept


def check_connections(kept: Any, shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError unless ``kept`` is a bool array of ``shape``."""
    array = np.asarray(kept)
    if array.dtype != bool or array.shape != shape:
        raise ValueError(
            f"{what} must be a bool array of the shape {shape}, one entry per weight; "
            f"got the shape {array.shape} and the dtype {array.dtype}."
        )


def random_connections(density: float) -> Connect:
    """Return the function that draws round(``density`` * size) connections, at least 1.

    If there are enough, each column of the matrix gets one to begin with.
    """

    def connect(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        (d_in, units), kept = shape, np.zeros(shape, bool)
        n_kept = max(1, round(density * kept.size))
        if n_kept >= units:
            kept[rng.integers(d_in, size=units), np.arange(units)] = True
            n_kept -= units
        free = np.flatnonzero(~kept)
        chosen = rng.choice(free.size, n_kept, replace=False, shuffle=False)
        kept.flat[free[chosen]] = True
        return kept

    return connect
