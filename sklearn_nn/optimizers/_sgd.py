"""SGD: stochastic gradient descent with momentum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sklearn_nn.core import Array, Boolean, Optimizer, Rule, number, vector_operations


@dataclass(eq=False, repr=False)
class SGD(Optimizer):
    """Gradient descent with momentum: ``v = momentum * v - lr * g; p += v``.

    With ``nesterov`` the step looks ahead: ``p += momentum * v - lr * g``.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the last step that is kept, in [0, 1].
    nesterov : bool, default=True
        Whether to look ahead.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and
    momentum in deep learning", ICML 2013.
    """

    momentum: float = 0.9
    nesterov: bool = True

    rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": number(0, 1, "[]"),
        "nesterov": Boolean(),
    }

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def update(
        self, t: int, p: Array, g: Array, lr: float, slots: Sequence[Array]
    ) -> None:
        axpy, scal, _ = vector_operations(p)
        if not slots:
            axpy(g, p, p.size, -lr)
            return
        (v,) = slots
        scal(self.momentum, v)
        axpy(g, v, v.size, -lr)
        if self.nesterov:
            axpy(v, p, p.size, self.momentum)
            axpy(g, p, p.size, -lr)
        else:
            axpy(v, p)
