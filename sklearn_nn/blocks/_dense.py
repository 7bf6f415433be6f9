"""Dense: an affine map, followed by an activation."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.activations._names import as_activation
from sklearn_nn.core import (
    Array,
    Block,
    Connect,
    ExactMatrix,
    OneOf,
    Param,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    any_of,
    check_connections,
    constant,
    integer,
    number,
    random_connections,
    rank_one_update,
    uniform,
)

MASKS = "a bool array, or a function that returns one"
FEW_ROWS = 128
SPARSE_CHUNK = 64  # rows of a sparse product, which stay in the cache


@dataclass(eq=False, repr=False)
class Dense(Block):
    """``y = activation(x @ W + b)``.

    Shapes: x (..., d_in), W (d_in, units), b (units,), y (..., units).
    ``x`` may be a CSR matrix if the network has no members.

    Parameters
    ----------
    units : int, default=64
        Width of the output.
    activation : str or Activation, default="identity"
        One of "elu", "gelu", "identity", "leaky_relu", "logistic", "mish", "relu",
        "selu", "silu", "softplus", "step", "tanh", or a block such as ``Tanh()``.
    init_factor : float, default=6.0
        Weights and biases start uniform in ``[-r, r)`` with
        ``r = sqrt(init_factor / (d_in + units))``.
    kernel : array-like of shape (d_in, units), default=None
        The weights to start from, in place of random ones.
    bias : array-like of shape (units,), default=None
        The biases to start from.
    mask : float, bool array-like of shape (d_in, units) or callable, default=None
        The connections that there are; the other weights are zero, and stay so. A
        number in (0, 1] is their share: ``round(mask * d_in * units)`` of them, at
        least one, are drawn, so that no unit is without if they are enough for that. A
        function is called as ``mask(rng, (d_in, units))`` and returns the array. None
        is all. Fewer inputs make smaller outputs at the start, unless ``init_factor``
        is divided by the share.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_nn.blocks import Dense
    >>> from sklearn_nn.core import compile_network
    >>> rng = np.random.default_rng(0)
    >>> net = compile_network(Dense(8, mask=0.25), (4,), float, rng)
    >>> int(np.count_nonzero(net.layout.named_views(net.params)["W"]))
    8

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """

    units: int = 64
    activation: str | Activation = "identity"
    init_factor: float = 6.0
    kernel: Any = None
    bias: Any = None
    mask: Any = None

    accepts_sparse: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "init_factor": number(0, np.inf, "[)"),
        "mask": any_of(
            OneOf((None,)),
            number(0, 1, "(]"),
            Satisfying(lambda mask: callable(mask) or np.ndim(mask) > 0, MASKS),
        ),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        as_activation(self.activation).check_values()
        if not in_shape:
            raise ValueError(
                "Dense must read rows with an axis of features; got rows of shape ()."
            )
        given = {"kernel": (in_shape[-1], self.units), "bias": (self.units,)}
        for name, shape in given.items():
            value = getattr(self, name)
            if value is not None and np.shape(value) != shape:
                raise ValueError(
                    f"`{name}` of Dense must have the shape {shape}, for {self.units} "
                    f"units that read rows of {in_shape}; got {np.shape(value)}."
                )
        if np.ndim(self.mask):
            check_connections(self.mask, given["kernel"], "`mask` of Dense")
        return (*in_shape[:-1], self.units)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d_in = in_shape[-1]
        init = uniform(float(np.sqrt(self.init_factor / (d_in + self.units))))
        given = self.kernel, self.bias
        W, b = [init if start is None else constant(start) for start in given]
        return {
            "W": Param(
                (d_in, self.units), W, connect=self._connect(), sparse=True, summed=-2
            ),
            "b": Param((self.units,), b, group="bias"),
        }

    def forward(self, p: Views, x: Any, ws: Workspace, rng: Rng | None) -> Array:
        W, plan = p.W, ws.plan(x.shape)
        if plan is None:
            plan = ws.keep_plan(x.shape, self._plan(W, x.shape, ws))
        if plan.y_shape:
            x = x.reshape(plan.x_shape)
        z, product = plan.z, plan.product
        if not type(x) is type(W) is np.ndarray:
            product = multiply
        product(x, W, z)
        if plan.add_outer is None:
            z += p.b[..., None, :]
        else:  # z.T += outer(b, ones)
            plan.add_outer(1.0, p.b, plan.ones, 1, 1, plan.z_t, 1, 1, 1)
        y = plan.activation.apply(z, z, ws)
        ws.saved = x, y, plan, product
        return y.reshape(plan.y_shape) if plan.y_shape else y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        W, (x, y, plan, product) = p.W, ws.saved
        if plan.y_shape:
            dy = dy.reshape(y.shape)
        dz = plan.activation.vjp(y, dy, plan.dz, ws)
        product(x.T if W.ndim == 2 else x.mT, dz, g.W)
        plan.product(plan.ones, dz, g.b)  # faster than np.sum
        if not need_dx:
            return None
        dx: Array = plan.dx
        plan.product(dz, W.mT, dx)
        if plan.is_shared:
            dx = dx.sum(axis=0, keepdims=True)
        return dx.reshape(plan.dx_shape) if plan.y_shape else dx

    def _connect(self) -> Connect | None:
        """Return the function that draws the connections; None if there are all."""
        if self.mask is None or callable(self.mask):
            return self.mask
        if np.ndim(self.mask):
            return lambda rng, shape: np.asarray(self.mask)
        return random_connections(self.mask)

    def _plan(self, W: Array, shape: Shape, ws: Workspace) -> "_Plan":
        members, lead = W.shape[:-2], shape[:-1]
        own = lead[: len(members)]  # 1 in place of k where all members read the same
        n = math.prod(lead[len(members) :])
        has_axes = len(lead) > len(members) + 1
        y_shape = (*members, *lead[len(members) :], self.units)
        z = ws.out("z", (*members, n, self.units))
        # BLAS takes no empty vector, and is slow where each row has one entry.
        by_numpy = bool(members) or not n or (self.units == 1 and n > FEW_ROWS)
        return _Plan(
            x_shape=(*own, n, shape[-1]),
            y_shape=y_shape if has_axes else None,
            dx_shape=shape,
            is_shared=own != members,
            z=z,
            z_t=z.T,
            product=np.matmul if members else np.ndarray.dot,
            add_outer=None if by_numpy else rank_one_update(z.dtype.char),
            dz=ws.out("dz", (*members, n, self.units)),
            dx=ws.out("dx", (*members, n, shape[-1])),
            ones=ws.constant(1.0, (n,)),
            activation=as_activation(self.activation),
        )


@dataclass(slots=True)
class _Plan:
    """What follows from the shape of x: other shapes, and buffers.

    If a row has axes of its own, the products merge them: ``y_shape`` undoes that, and
    is None otherwise. Of two ways to multiply, ``dot`` has half the overhead, which
    counts for small layers.
    """

    x_shape: Shape
    y_shape: Shape | None
    dx_shape: Shape
    is_shared: bool
    z: Array
    z_t: Array
    product: Callable[[Any, Any, Array], Any]
    add_outer: Callable[..., Any] | None
    dz: Array
    dx: Array
    ones: Array
    activation: Activation


def multiply(a: Any, b: Any, out: Array) -> None:
    """Write the matrix product to ``out``; what has two axes may be a CSR matrix."""
    if isinstance(b, ExactMatrix):
        b.multiply(a, out)
    elif not isinstance(b, np.ndarray):
        _multiply_by_sparse(a, b, out)
    elif not isinstance(a, np.ndarray):
        out[...] = a @ b
    elif b.ndim == 2:
        a.dot(b, out)
    else:
        np.matmul(a, b, out=out)


def _multiply_by_sparse(a: Any, b: Any, out: Array) -> None:
    if not isinstance(a, np.ndarray):
        out[...] = (a @ b).toarray()
        return
    b_t = b.T  # what SciPy would make, for each product anew
    for start in range(0, len(a), SPARSE_CHUNK):
        rows = slice(start, start + SPARSE_CHUNK)
        out[rows] = (b_t @ a[rows].T).T
