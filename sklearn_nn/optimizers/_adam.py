"""Adam: steps scaled by running moments of the gradient."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.core import Array, Optimizer, Rule, number, scalar, vector_operations


@dataclass(eq=False, repr=False)
class Adam(Optimizer):
    """Adam: ``p -= lr * c_t * m / (sqrt(v) + epsilon)``.

    ``m`` and ``v`` are running means of g and g**2, and
    ``c_t = sqrt(1 - beta_2**t) / (1 - beta_1**t)`` corrects their start at zero.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay of the first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        Added to the root of the uncorrected second moment, as in scikit-learn.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2014,
    arXiv:1412.6980; the form at the end of its section 2.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    rules: ClassVar[Mapping[str, Rule]] = {
        "beta_1": number(0, 1, "[)"),
        "beta_2": number(0, 1, "[)"),
        "epsilon": number(0, math.inf, "()"),
    }

    def slot_names(self) -> tuple[str, ...]:
        return ("first", "second")

    def update(
        self, t: int, p: Array, g: Array, lr: float, slots: Sequence[Array]
    ) -> None:
        # The slots hold sums in place of means, M = m / (1 - beta_1) and
        # V = v / (1 - beta_2): three passes fewer over the vector.
        M, V = slots
        axpy, scal, _ = vector_operations(p)
        root = math.sqrt(1 - self.beta_2)
        unbias = math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        scal(self.beta_1, M)
        axpy(g, M)
        scal(self.beta_2, V)
        g *= g
        axpy(g, V)
        step = np.sqrt(V, g)
        step += scalar(self.epsilon / root, p.dtype.char)
        np.divide(M, step, step)
        axpy(step, p, p.size, -lr * unbias * (1 - self.beta_1) / root)
