"""Cell: what a recurrent block does at one time step, its options and parameters."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    Boolean,
    Init,
    LastStep,
    OneOf,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    any_of,
    integer,
    missing_steps_hint,
    number,
    orthogonal,
    uniform,
    zeros,
)

Arrays = tuple[Array, ...]


class TimeStep(NamedTuple):
    """Step ``t``: the states before and after, and what else its backward reads."""

    t: int
    before: Arrays
    after: Arrays
    kept: Arrays


@dataclass(eq=False, repr=False)
class Cell(Block):
    """What a recurrent block does at one time step, its options and parameters.

    A subclass says what a step makes of the products with W and U, and what undoes it.

    Attributes
    ----------
    gates : int
        Width of the products ``x @ W`` and ``h @ U``, in units.
    halved : int
        The first so many gates get half of their sums: ``sigmoid(a)`` is
        ``0.5 * tanh(0.5 * a) + 0.5``, and NumPy's tanh is several times as fast as
        SciPy's expit.
    states : int
        Number of arrays (..., n, units) that are carried on; the first is h.
    kept : int
        Number of arrays (..., n, units) of a step that its backward reads besides.
    splits : bool
        Whether the gradients of ``x @ W`` and of ``h @ U`` differ.
    """

    units: int = 32
    _: KW_ONLY
    return_sequences: bool = False
    reverse: bool = False
    truncate: int | None = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    step_by_step: ClassVar[bool] = True
    gates: ClassVar[int] = 1
    sigmoid_gates: ClassVar[int] = 0
    states: ClassVar[int] = 1
    kept: ClassVar[int] = 0
    separate_gradients: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "return_sequences": Boolean(),
        "reverse": Boolean(),
        "truncate": any_of(OneOf((None,)), integer(1)),
        "dropout": number(0, 1, "[)"),
        "recurrent_dropout": number(0, 1, "[)"),
    }

    @abstractmethod
    def scratch(self, shape: Shape, ws: Workspace) -> Any:
        """Return what the steps work with; ``shape`` is that of a state."""

    @abstractmethod
    def step(
        self, p: Views, xW: Array, hU: Array, gates: Array, now: TimeStep, scratch: Any
    ) -> None:
        """Write the states after the step, and what is kept of it.

        Shapes: xW (b is in it), hU (..., n, gates * units). ``gates`` is the memory of
        hU seen as (gates, ..., n, units).
        """

    @abstractmethod
    def step_backward(
        self, d: Arrays, now: TimeStep, d_xW: Array, d_hU: Array, scratch: Any
    ) -> Array | None:
        """Write the gradients of xW and hU, (gates, ..., n, units).

        Both are one array unless ``separate_gradients`` is set. ``d`` holds the
        gradients of the states after the step; all but that of h become those before
        it. Return the gradient of h before the step except what comes by U, or None if
        that is all.
        """

    def split_kept(self, kept: Array) -> Arrays:
        """Return the views of what is kept of a step that the steps read."""
        return tuple(kept)

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        if len(in_shape) != 2:
            raise ValueError(
                f"{type(self).__name__} must read rows of shape (time, features); got "
                f"rows of shape {in_shape}. "
                + missing_steps_hint(
                    in_shape, "ToSequence makes such rows of flat ones."
                )
            )
        if self.return_sequences:
            return in_shape[0], self.units
        return LastStep((self.units,))

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d, u, width = in_shape[-1], self.units, self.gates * self.units
        glorot = uniform(float(np.sqrt(6 / (d + u))))
        return {
            "W": Param((d, width), per_gate(glorot, self.gates)),
            "U": Param((u, width), per_gate(orthogonal, self.gates)),
            "b": Param((width,), zeros, group="bias"),
        }


def by_gate(a: Array, gates: int) -> Array:
    """Return the view (gates, ..., units) of ``a`` (..., gates * units)."""
    return to_front(a.reshape(*a.shape[:-1], gates, -1), -2)


def to_front(a: Array, axis: int) -> Array:
    """Return ``a`` with a negative ``axis`` first; quicker than np.moveaxis."""
    i = a.ndim + axis
    return a.transpose(i, *range(i), *range(i + 1, a.ndim))


def per_gate(init: Init, gates: int) -> Init:
    """Return an initializer that fills the columns of each gate with ``init``."""

    def init_gates(rng: Rng, out: Array) -> None:
        for gate in by_gate(out, gates):
            init(rng, gate)

    return init_gates
