"""SGD: stochastic gradient descent with momentum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.core import Array, Boolean, Optimizer, Rule, number


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
        g *= lr
        if not slots:
            p -= g
            return
        (v,) = slots
        v *= self.momentum
        v -= g  # v = momentum * v - lr * g
        if self.nesterov:
            p -= g
            p += np.multiply(v, self.momentum, out=g)
        else:
            p += v
