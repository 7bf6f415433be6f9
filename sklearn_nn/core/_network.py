"""Network, compile_network: a block bound to memory."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_nn.core._connections import (
    SPARSE_ROWS,
    Connections,
    Count,
    SparseViews,
    draw_connections,
)
from sklearn_nn.core._exact_products import exact_views
from sklearn_nn.core._layout import ParamLayout, Views
from sklearn_nn.core._protocols import Array, Block, Rng, Shape
from sklearn_nn.core._workspace import Clock, Workspace
from sklearn_nn.core.parallel._cached import cached_property
from sklearn_nn.core.parallel._thread_pool import thread_pool
from sklearn_nn.core.parallel._work import Work, work_of

CHUNK_ROWS = 1024
# Inference takes as many rows at once as leave what it computes in the cache, within
# limits: each chunk has the price of its calls.
INFERENCE_ROWS, INFERENCE_ROWS_AT_MOST = 512, 1024
WRITTEN_IN_CACHE = 1 << 17  # numbers, by all blocks together
FEW_ROWS = 16
WRITTEN_AT_ONCE = 1 << 22
FLOPS_WORTH_THREADS = 1e8
# What a copy may take over from a network that is no longer trained.
SHARED_BUFFERS = ("clock", "grads", "_g", "_ws")
# Sparse products have no threads of their own, so that they need more chunks.
SPARSE_INFERENCE_ROWS = 64
MOST_PARAMETERS = 1 << 58  # of which NumPy can count the bytes
EXACT_ROWS = 192  # fewer, since their numbers have twice the size


class Network:
    """A block, the shape of its input rows, and its parameters in one vector.

    A pickle holds just these three, and the connections; gradients and scratch memory
    are made when they are first needed. `infer` is safe in threads, `forward` and
    `backward` are not.

    ``clock`` is what blocks with a schedule read; who trains the network sets it.

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
    layout : ParamLayout, default=None
        Their layout, if it is known.
    connections : ndarray of shape (n_params,) of bool, default=None
        Which parameters there are; the others are zero already. None for all.
    """

    def __init__(
        self,
        block: Block,
        in_shape: Shape,
        params: Array,
        members: int | None = None,
        layout: ParamLayout | None = None,
        connections: Array | None = None,
    ) -> None:
        self.out_shape = block.out_shape(in_shape)
        layout = layout or ParamLayout(block.param_tree(in_shape), members)
        self._bind(block, in_shape, params, members, layout, connections)

    def _bind(
        self,
        block: Block,
        in_shape: Shape,
        params: Array,
        members: int | None,
        layout: ParamLayout,
        connections: Array | None,
    ) -> None:
        self.block, self.in_shape, self.members = block, in_shape, members
        self.layout = layout
        self._connections = Connections(self.layout, connections)
        self.params, self.clock = params, Clock()
        self._p = self.layout.views(params)
        self._workspaces: list[Workspace] = []  # those of earlier inferences
        self._sparse: SparseViews | None = None

    def __getstate__(self) -> dict[str, Any]:
        names = ("block", "in_shape", "params", "members")
        state = {name: getattr(self, name) for name in names}
        kept = self.connections
        return state if kept is None else state | {"bits": np.packbits(kept)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if (bits := state.pop("bits", None)) is not None:
            kept = np.unpackbits(bits, count=state["params"].size)
            state["connections"] = kept.view(bool)
        self.__init__(**state)  # type: ignore[misc]  # the state is its arguments

    @cached_property
    def grads(self) -> Array:
        """Return the gradient vector, in the layout of ``params``."""
        return np.zeros_like(self.params)

    @property
    def trained(self) -> Array:
        """Return the part of ``params`` that is trained, a view."""
        return self.params[: self.layout.n_trained]

    @property
    def trained_grads(self) -> Array:
        """Return the gradient of `trained`, a view."""
        return self.grads[: self.layout.n_trained]

    @cached_property
    def _g(self) -> Any:
        return self.layout.views(self.grads)

    @cached_property
    def _ws(self) -> Workspace:
        return Workspace(self.params.dtype, self.in_shape, self.clock)

    @cached_property
    def work(self) -> Work:
        """Return about how much there is to compute for a row."""
        return work_of(self.block, self.in_shape)

    @property
    def connections(self) -> Array | None:
        """Return which parameters there are, (n_params,) of bool; None for all.

        Set it to thin out the network: what is not there becomes zero and stays so. The
        array is not to be written.
        """
        return self._connections.kept

    @connections.setter
    def connections(self, kept: Array | None) -> None:
        self._connections.set(kept)
        self.apply_mask(self.params)

    def apply_mask(self, vector: Array) -> None:
        """Set a vector in the layout of ``params`` to zero where none is connected.

        It may end with `trained`, as the slots of an optimizer do.
        """
        self._connections.apply_mask(vector)

    def counts(self) -> dict[str, Count]:
        """Return size, and number of entries thinned out, of each trained array."""
        return self._connections.counts()

    def with_gradients(self, grads: Array) -> Self:
        """Return a network on the same parameters that writes ``grads``."""
        other = self._with_params(self.params)
        other.grads, other._connections = grads, self._connections
        return other

    def copy(self, *, share_buffers: bool = False) -> Self:
        """Return a network with its own copy of the parameters.

        With ``share_buffers`` it computes in the memory of this network, which must not
        be used for training any more.
        """
        other, own = self._with_params(self.params.copy()), vars(self)
        if share_buffers:
            vars(other).update({k: own[k] for k in SHARED_BUFFERS if k in own})
        return other

    def _with_params(self, params: Array) -> Self:
        kind, layout, kept = type(self), self.layout, self.connections
        other = kind.__new__(kind)  # the block has been checked
        other._bind(self.block, self.in_shape, params, self.members, layout, kept)
        other.out_shape = self.out_shape
        if "work" in vars(self):
            other.work = self.work
        return other

    def forward(self, x: Any, rng: Rng | None = None, w: Array | None = None) -> Array:
        """Return the raw outputs. The array is reused by the next call.

        Shapes: x (n, *in_shape), or (k, n, *in_shape) with its own rows per member; w
        (n,) or (k, n), the weights of rows for blocks that take a mean over them.
        """
        self._ws.mask, self._ws.rows.weights = None, w
        if self.members is not None:
            x = self._with_members(x)
        return self.block.forward(self._p, x, self._ws, rng)

    def backward(self, dy: Array, *, need_dx: bool = False) -> Array | None:
        """Overwrite ``grads`` with the gradient of the last forward; return dx."""
        dx = self.block.backward(self._p, self._g, dy, self._ws, need_dx=need_dx)
        if self._connections.kept is not None:
            self.apply_mask(self.grads)
        return dx

    def infer(self, x: Any, *, exact: bool = False) -> NDArray[Any]:
        """Return the raw outputs without noise, in an array of their own.

        With ``exact``, products are those of `ExactMatrix`: a row has the same outputs
        to the last bit, whatever rows are beside it and however many threads there are.
        It goes in chunks of rows, so that its memory does not grow with them; where
        there is much to do, on several threads; where few connections are left, by
        sparse products.
        """
        lead = () if self.members is None else (self.members,)
        n = x.shape[x.ndim - 1 - len(self.in_shape)]
        raw = np.empty((*lead, n, *self.out_shape), self.params.dtype)
        written = max(1, self.work.written)
        size = max(
            INFERENCE_ROWS, min(INFERENCE_ROWS_AT_MOST, WRITTEN_IN_CACHE // written)
        )
        p, flops = self._p, n * self.work.flops
        many = n * math.prod(self.in_shape[:-1]) >= SPARSE_ROWS
        if many and (sparse := self._sparse_views()) is not None:
            p, size, flops = sparse.views, SPARSE_INFERENCE_ROWS, flops * sparse.share
        if n > FEW_ROWS:
            size = max(FEW_ROWS, min(size, WRITTEN_AT_ONCE // written))
        if exact:
            p, size = exact_views(self.layout, self.params), EXACT_ROWS
        chunks = list(row_chunks(n, size))
        if len(chunks) == 1 or flops < FLOPS_WORTH_THREADS:
            self._infer(p, x, raw, chunks)
            return raw
        with thread_pool(len(chunks)) as pool:
            k = pool.n_threads
            shares = [chunks[i::k] for i in range(k)]
            pool.run([partial(self._infer, p, x, raw, share) for share in shares])
        return raw

    def _sparse_views(self) -> SparseViews | None:
        """Return the parameters with CSR matrices among them; None without any."""
        kept, sparse = self.connections, self._sparse
        if kept is None or self.members is not None:
            return None
        if sparse is None or sparse.kept is not kept:
            self._sparse = sparse = SparseViews(self.layout, self.params, kept)
        sparse.refresh()
        return sparse if sparse.views else None

    def _infer(self, p: Views, x: Any, raw: Array, chunks: list[slice]) -> None:
        """Write the raw outputs of some chunks of rows."""
        axis, ws = x.ndim - 1 - len(self.in_shape), self._take_workspace()
        out = raw if self.members is None else raw.swapaxes(0, 1)
        for rows in chunks:
            part, ws.mask = x[:, rows] if axis else x[rows], None
            if self.members is not None:
                part = self._with_members(part)
            y = self.block.forward(p, part, ws, None)
            out[rows] = y if self.members is None else y.swapaxes(0, 1)
        self._workspaces.append(ws)

    def _take_workspace(self) -> Workspace:
        """Return a workspace that no other thread uses; `_workspaces` gets it back."""
        try:
            return self._workspaces.pop()
        except IndexError:
            return Workspace(self.params.dtype, self.in_shape)

    def _with_members(self, x: Any) -> Any:
        """Give shared rows the member axis, of length 1."""
        return x[None] if x.ndim == 1 + len(self.in_shape) else x


def row_chunks(n: int, size: int = CHUNK_ROWS) -> Iterator[slice]:
    """Yield slices that cover ``n`` rows."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


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
    layout = ParamLayout(block.param_tree(in_shape), members)
    if layout.size > MOST_PARAMETERS:
        raise MemoryError(f"the network has {layout.size} parameters")
    net = Network(block, in_shape, np.zeros(layout.size, dtype), members, layout)
    layout.initialize(net.params, rng)
    net.connections = draw_connections(layout, rng)
    return net
