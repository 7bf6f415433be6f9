"""Network, compile_network: a block bound to memory."""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_nn.core._layout import ParamLayout
from sklearn_nn.core._protocols import Array, Block, Rng, Shape
from sklearn_nn.core._workspace import Workspace

# Inference goes in chunks of rows, so that its memory does not grow with them.
CHUNK_ROWS = 1024


class Network:
    """A block, the shape of its input rows, and its parameters in one vector.

    A pickle holds just these three; gradients and scratch memory are made when they
    are first needed. `infer` is safe in threads, `forward` and `backward` are not.

    Parameters
    ----------
    block : Block
        The differentiable map.
    in_shape : tuple of int
        Shape of one input row.
    params : ndarray of shape (n_params,)
        The parameter vector; it is used as it is, not copied.
    members : int, default=None
        Number of networks trained at once; None for a single one without that axis.
    """

    def __init__(
        self, block: Block, in_shape: Shape, params: Array, members: int | None = None
    ) -> None:
        self.block, self.in_shape, self.members = block, in_shape, members
        self.out_shape = block.out_shape(in_shape)
        self.layout = ParamLayout(block.param_tree(in_shape), members)
        self.params = params
        self._p = self.layout.views(params)

    def __getstate__(self) -> dict[str, Any]:
        names = ("block", "in_shape", "params", "members")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]  # the state is its arguments

    @property
    def largest_layer(self) -> int:
        """Return the number of entries of the largest parameter array."""
        return max(map(math.prod, self.layout.shapes.values()), default=0)

    @cached_property
    def grads(self) -> Array:
        """Return the gradient vector, in the layout of ``params``."""
        return np.zeros_like(self.params)

    @cached_property
    def _g(self) -> Any:
        return self.layout.views(self.grads)

    @cached_property
    def _ws(self) -> Workspace:
        return Workspace(self.params.dtype)

    @property
    def flops(self) -> float:
        """Return about how many operations a row takes, forward and backward."""
        return 6.0 * self.layout.size * math.prod(self.in_shape[:-1])

    def twin(self, grads: Array) -> Self:
        """Return a network on the same parameters that writes ``grads``."""
        twin = type(self)(self.block, self.in_shape, self.params, self.members)
        twin.grads = grads
        return twin

    def copy(self) -> Self:
        """Return a network with its own copy of the parameters."""
        return type(self)(self.block, self.in_shape, self.params.copy(), self.members)

    def forward(self, x: Any, rng: Rng | None = None) -> Array:
        """Return the raw outputs. The array is reused by the next call.

        Shapes: x (n, *in_shape), or (k, n, *in_shape) with its own rows per member.
        """
        return self.block.forward(self._p, self._with_members(x), self._ws, rng)

    def backward(self, dy: Array, *, need_dx: bool = False) -> Array | None:
        """Overwrite ``grads`` with the gradient of the last forward; return dx."""
        return self.block.backward(self._p, self._g, dy, self._ws, need_dx=need_dx)

    def infer(self, x: Any) -> NDArray[Any]:
        """Return the raw outputs without noise, in an array of their own."""
        lead = () if self.members is None else (self.members,)
        axis = x.ndim - 1 - len(self.in_shape)
        n, ws = x.shape[axis], Workspace(self.params.dtype)
        raw = np.empty((*lead, n, *self.out_shape), self.params.dtype)
        for rows in row_chunks(n):
            part = self._with_members(x[:, rows] if axis else x[rows])
            raw[(*map(slice, lead), rows)] = self.block.forward(self._p, part, ws, None)
        return raw

    def _with_members(self, x: Any) -> Any:
        """Give shared rows the member axis, of length 1."""
        shared = self.members is not None and x.ndim == 1 + len(self.in_shape)
        return x[None] if shared else x


def row_chunks(n: int) -> Iterator[slice]:
    """Yield slices that cover ``n`` rows."""
    for start in range(0, n, CHUNK_ROWS):
        yield slice(start, min(start + CHUNK_ROWS, n))


def compile_network(
    block: Block,
    in_shape: Shape,
    dtype: DTypeLike,
    rng: Rng,
    members: int | None = None,
) -> Network:
    """Bind ``block`` to a new parameter vector and draw its initial values.

    Parameters
    ----------
    block : Block
        The differentiable map.
    in_shape : tuple of int
        Shape of one input row.
    dtype : dtype
        float32 or float64.
    rng : numpy.random.Generator
        Draws the initial values.
    members : int, default=None
        Number of networks trained at once.

    Returns
    -------
    Network
    """
    block.out_shape(in_shape)  # checks the values before anything is allocated
    size = ParamLayout(block.param_tree(in_shape), members).size
    net = Network(block, in_shape, np.zeros(size, dtype), members)
    net.layout.initialize(net.params, rng)
    return net
