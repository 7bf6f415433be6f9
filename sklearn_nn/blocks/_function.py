"""Function: any NumPy-like function as a block."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    OneOf,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    any_of,
)

CALLABLE = Satisfying(callable, "a function")


@dataclass(eq=False, repr=False)
class Function(Block):
    """``y = f(x)`` for a function of your own, row by row.

    ``f`` takes an array (n, *row) and returns an array (n, *another row); its rows must
    not depend on each other, nor on anything that changes, and several threads may call
    it. To see the shape that it returns, it is called on two rows of 0.5. The memory
    that it takes is its own affair.

    Without ``derivative``, the package autograd differentiates ``f``, which must be
    written with ``import autograd.numpy as np`` and without writing into arrays;
    ``pip install sklearn-nn[autodiff]`` installs it. A block with parameters of its own
    is a subclass of `Block`, see `sklearn_nn.blocks`.

    Parameters
    ----------
    f : callable
        The function. A named one of a module can be pickled; with a lambda or an inner
        function the network can be sent to the workers of ``n_jobs``, but not stored by
        pickle.
    derivative : callable, default=None
        The derivative of ``f``, if that is a function of each entry on its own: maps
        the entries of x to dy / dx.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_nn.blocks import Dense, Function, chain
    >>> from sklearn_nn.inspection import check_gradient
    >>> net = chain(Dense(8), Function(np.sin, derivative=np.cos), Dense(1))
    >>> check_gradient(net, (3,)).max_error < 1e-7
    True
    """

    f: Callable[[Any], Any]
    derivative: Callable[[Any], Any] | None = None

    rules: ClassVar[Mapping[str, Rule]] = {
        "f": CALLABLE,
        "derivative": any_of(CALLABLE, OneOf((None,))),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        with np.errstate(all="ignore"):
            value, _ = self._apply(np.full((2, *in_shape), 0.5), trace=True)
        n, *shape = np.shape(value) or (0,)
        if n != 2:
            raise ValueError(
                "`f` of Function must return as many rows as it gets; for an array of "
                f"shape {(2, *in_shape)} it returned one of shape {np.shape(value)}."
            )
        if self.derivative is not None and tuple(shape) != in_shape:
            raise ValueError(
                f"`f` of Function must keep rows of shape {in_shape} if a `derivative` "
                f"is given; it returned rows of shape {tuple(shape)}. Without "
                "`derivative` autograd finds it."
            )
        return tuple(shape)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        lead = x.shape[: x.ndim - len(ws.in_shape)]
        x = x.reshape(-1, *ws.in_shape)
        x.flags.writeable = False  # of this view; ``f`` may be anything
        value, vjp = self._apply(x, trace=rng is not None)
        y = ws.out("y", np.shape(value))
        np.copyto(y, value, casting="same_kind")
        ws.saved = x, lead, vjp
        return y.reshape(*lead, *y.shape[1:])

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        if not need_dx:
            return None
        x, lead, vjp = ws.saved
        dy = dy.reshape(len(x), *dy.shape[len(lead) :])
        dx = ws.out("dx", x.shape)
        if self.derivative is not None:
            np.multiply(self.derivative(x), dy, out=dx)
        else:
            if vjp is None:  # the forward was that of a prediction
                _, vjp = self._apply(x, trace=True)
            np.copyto(dx, vjp(dy), casting="same_kind")
        return dx.reshape(*lead, *ws.in_shape)

    def _apply(self, x: Array, *, trace: bool) -> tuple[Any, Any]:
        """Return y and, with ``trace``, the function from dy to dx if none is given."""
        if self.derivative is not None or not trace:
            return self.f(x), None
        vjp, y = _make_vjp(self.f, x)
        if np.asarray(y).dtype == object:
            raise TypeError(
                "`f` of Function must be written with `import autograd.numpy as np` to "
                "be differentiated; NumPy's own functions made an array of objects. "
                "Or give `derivative`."
            )
        return y, vjp


def _make_vjp(f: Callable[[Any], Any], x: Array) -> tuple[Any, Any]:
    """Return the vector-Jacobian product of ``f`` at x, a function, and f(x)."""
    try:
        from autograd import make_vjp
    except ImportError as error:
        raise ImportError(
            "`derivative` of Function must be given where the package autograd is not "
            "installed. `pip install sklearn-nn[autodiff]` installs it."
        ) from error
    return make_vjp(f)(x)
