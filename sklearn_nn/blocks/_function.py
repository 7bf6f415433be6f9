"""Function: any NumPy-like function as a block."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    OneOf,
    ParamTree,
    Rng,
    Rule,
    Satisfying,
    Shape,
    Views,
    Workspace,
    any_of,
    expand_mask,
    fill_and_end_mask,
    fill_missing,
    zero_missing,
)

CALLABLE = Satisfying(callable, "a function")
PROBE = 0.5  # what rows hold to see the shape that a function returns


@dataclass(eq=False, repr=False)
class Function(Block):
    """``y = f(x)`` for a function of your own, row by row.

    ``f`` takes an array (n, *row) and returns an array (n, *another row); its rows must
    not depend on each other, nor on anything that changes, and several threads may call
    it. To see the shape that it returns, it is called on two rows of 0.5. The memory
    that it takes is its own affair.

    Time steps that are missing, as padding, are zeros to ``f``, and padding ends here:
    ``f`` may do with the time axis what it likes, so that nothing is known of the steps
    of y. With ``per_step``, or with a ``derivative``, they stay missing.

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
    per_step : bool, default=False
        Whether ``f`` computes each time step, an entry of the first axis of a row, from
        the same step alone. It has to keep this axis.

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
    per_step: bool = False

    rules: ClassVar[Mapping[str, Rule]] = {
        "f": CALLABLE,
        "derivative": any_of(CALLABLE, OneOf((None,))),
        "per_step": Boolean(),
    }

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        with np.errstate(all="ignore"):
            value, _ = self._apply(np.full((2, *in_shape), PROBE), trace=True)
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
        if self.per_step and tuple(shape)[:1] != in_shape[:1]:
            raise ValueError(
                "`f` of Function must keep the first axis of rows of shape "
                f"{in_shape} with per_step=True; it returned rows of shape "
                f"{tuple(shape)}."
            )
        return tuple(shape)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        lead = x.shape[: x.ndim - len(ws.in_shape)]
        x, valid, kept = self._with_missing(x, ws)
        x = x.reshape(-1, *ws.in_shape)
        x.flags.writeable = False  # of this view; ``f`` may be anything
        value, vjp = self._apply(x, trace=rng is not None)
        y = ws.out("y", np.shape(value))
        np.copyto(y, value, casting="same_kind")
        y = y.reshape(*lead, *y.shape[1:])
        if kept is not None:
            np.copyto(y, 0, where=~_over(kept, y))
        ws.saved = x, lead, vjp, valid, kept
        return y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        if not need_dx:
            return None
        x, lead, vjp, valid, kept = ws.saved
        if kept is not None:
            dy = zero_missing(dy, _over(kept, dy), ws.child("y"))
        dy = dy.reshape(len(x), *dy.shape[len(lead) :])
        dx = ws.out("dx", x.shape)
        if self.derivative is not None:
            np.multiply(self.derivative(x), dy, out=dx)
        else:
            if vjp is None:  # the forward was that of a prediction
                _, vjp = self._apply(x, trace=True)
            np.copyto(dx, vjp(dy), casting="same_kind")
        return zero_missing(dx.reshape(*lead, *ws.in_shape), valid, ws)

    def _with_missing(
        self, x: Array, ws: Workspace
    ) -> tuple[Array, Array | None, Array | None]:
        """Return x, where its steps are, and the mask of y if it has one.

        What is read in place of a missing step must be in the domain of ``f``.
        """
        if ws.mask is None:
            return x, None, None
        if self.per_step or self.derivative is not None:
            valid = expand_mask(ws.mask, x, ws)
            return fill_missing(x, valid, PROBE, ws), valid, ws.mask
        return *fill_and_end_mask(x, ws), None

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


def _over(mask: Array, y: Array) -> Array:
    """Return the mask of steps with as many axes as y, whose members it may lack."""
    return mask.reshape(*mask.shape, *(1,) * (y.ndim - mask.ndim))


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
