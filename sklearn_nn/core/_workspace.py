"""Workspace: scratch memory, allocated once and reused every step."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Views of a buffer are kept by shape; a stream of ever new batch sizes drops them.
MAX_VIEWS = 64


@dataclass(eq=False)
class Clock:
    """Where training stands: what a schedule may depend on.

    ``progress`` runs from 0 to 1; ``samples`` counts the training rows seen in finished
    epochs; ``plateaus`` counts how often progress stalled.
    """

    progress: float = 0.0
    samples: int = 0
    plateaus: int = 0


class Rows:
    """What all blocks of a network may know of the rows of x.

    Attributes
    ----------
    weights : ndarray or None
        Weight of each row, (n,) or (members, n); None for ones.
    """

    __slots__ = ("weights",)

    def __init__(self) -> None:
        self.weights: NDArray[Any] | None = None


class Workspace:
    """Named buffers of one block, what it saved for the backward, and its children.

    Attributes
    ----------
    in_shape : tuple of int
        Shape of one row of the block's x, for a block that cannot see it from x.
    mask : ndarray of bool or None
        Which time steps of x there are, (..., n, time); None for all. A composite sets
        it before the forward of a part. A block that makes or ends padding, or changes
        the time axis, leaves here the mask of its y; any other leaves it as it is.
    clock : Clock
        Where training stands, for what follows a schedule; one object for all blocks
        of a network.
    rows : Rows
        Their weights, for what takes a mean over rows; likewise one object.
    """

    __slots__ = (
        "_buffers",
        "_children",
        "_plans",
        "_views",
        "clock",
        "dtype",
        "in_shape",
        "mask",
        "plan",
        "rows",
        "saved",
    )

    def __init__(
        self,
        dtype: DTypeLike,
        in_shape: tuple[int, ...] = (),
        clock: Clock | None = None,
        rows: Rows | None = None,
    ) -> None:
        self.dtype, self.in_shape = np.dtype(dtype), in_shape
        self.clock, self.rows = clock or Clock(), rows or Rows()
        self.saved: Any = None
        self.mask: NDArray[Any] | None = None
        self._buffers: dict[Any, NDArray[Any]] = {}
        self._views: dict[tuple[Any, tuple[int, ...]], NDArray[Any]] = {}
        self._children: dict[Any, Workspace] = {}
        self._plans: dict[tuple[int, ...], Any] = {}
        self.plan = self._plans.get  # what `keep_plan` kept for a shape, or None

    def out(
        self, name: str, shape: tuple[int, ...], dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return an uninitialized array of ``shape``, reusing memory when it fits.

        A name always goes with one ``dtype``; None is the workspace's own.
        """
        view = self._views.get((name, shape))
        return self._make(name, shape, dtype) if view is None else view

    def constant(
        self, value: float, shape: tuple[int, ...], dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Return a read-only array of ``shape`` that is ``value`` everywhere.

        NumPy's loops are several times as fast with an array as with a number.
        """
        name = value if dtype is None else (value, dtype)
        view = self._views.get((name, shape))
        if view is None:
            view = self._make(name, shape, dtype)
            view.fill(value)
            view.flags.writeable = False
        return view

    def keep_plan(self, shape: tuple[int, ...], plan: Any) -> Any:
        """Keep what a block works out once per shape of its x; return it."""
        if len(self._plans) >= MAX_VIEWS:
            self._plans.clear()
        self._plans[shape] = plan
        return plan

    def child(self, key: Any, in_shape: tuple[int, ...] = ()) -> "Workspace":
        """Return the workspace of the inner block ``key``, which reads ``in_shape``."""
        inner = self._children.get(key)
        if inner is None:
            inner = Workspace(self.dtype, in_shape, self.clock, self.rows)
            self._children[key] = inner
        return inner

    def _make(
        self, name: Any, shape: tuple[int, ...], dtype: DTypeLike | None
    ) -> NDArray[Any]:
        size, buffer = math.prod(shape), self._buffers.get(name)
        if buffer is None or buffer.size < size:
            # By its shape, for NumPy names it where there is no memory.
            buffer = np.empty(shape, self.dtype if dtype is None else dtype).ravel()
            self._buffers[name] = buffer
            self._views = {k: v for k, v in self._views.items() if k[0] != name}
        if len(self._views) >= MAX_VIEWS:
            self._views.clear()
        view = self._views[name, shape] = buffer[:size].reshape(shape)
        return view
