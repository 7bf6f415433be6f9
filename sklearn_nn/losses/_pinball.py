"""The pinball loss, whose best constant is a quantile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.core import Array, Loss, Rule, Satisfying, any_of, number
from sklearn_nn.losses._reduce import mean_over_rows, scale_rows, weighted_quantiles

LEVEL = number(0, 1, "()")


@dataclass(eq=False, repr=False)
class PinballLoss(Loss):
    """``sum over outputs of max(q * (y - raw), (1 - q) * (raw - y))`` per row.

    The prediction is the quantile q: a share q of the targets lies below it [1]_.
    Several quantiles are learned at once by one network, whose outputs are theirs.
    Where they are close, nothing keeps these in order; so predictions are the outputs
    of each target sorted. The lower quantile never exceeds the upper one, and sorting
    brings all of them no further from the true ones [2]_.

    Shapes: y (..., n, k), raw (..., n, k * n_quantiles), w (..., n). The raw outputs of
    one target stand side by side, in the order of the quantiles.

    Parameters
    ----------
    quantile : float or list of float, default=0.5
        The quantile q, or several of them; each in (0, 1).

    References
    ----------
    .. [1] Koenker and Bassett, "Regression quantiles", Econometrica 46, 1978.
    .. [2] Chernozhukov, Fernández-Val and Galichon, "Quantile and probability curves
       without crossing", Econometrica 78, 2010.
    """

    quantile: Any = 0.5

    link: ClassVar[str] = "identity"
    predicts_mean: ClassVar[bool] = False
    rules: ClassVar[Mapping[str, Rule]] = {
        "quantile": any_of(
            LEVEL, Satisfying(lambda q: is_levels(q), "a list of such numbers")
        )
    }

    @property
    def raw_per_target(self) -> int:
        return int(np.size(self.quantile))

    def value(self, y: Array, raw: Array, w: Array | None) -> Any:
        error, slope = self._error_and_slope(y, raw, np.empty_like(raw))
        error *= slope
        return mean_over_rows(error.reshape(raw.shape), w)

    def grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> None:
        self._error_and_slope(y, raw, out)
        scale_rows(out, w)

    def value_and_grad(self, y: Array, raw: Array, w: Array | None, out: Array) -> Any:
        error, slope = self._error_and_slope(y, raw, out)
        error *= slope
        scale_rows(out, w)
        return mean_over_rows(error.reshape(raw.shape), w)

    def _error_and_slope(self, y: Array, raw: Array, out: Array) -> tuple[Array, Array]:
        """Return both per target and quantile; ``out`` gets the slope."""
        q = np.asarray(self.quantile, raw.dtype).reshape(-1)
        error = raw.reshape(*raw.shape[:-1], -1, q.size) - y[..., None]
        # 1 - q above the target, -q below it; 0 at it, where any slope between is one.
        slope = np.heaviside(error, q, out=out.reshape(error.shape))
        slope -= q
        return error, slope

    def predict(self, raw: Array) -> Array:
        if self.raw_per_target == 1:
            return raw
        # The lowest level gets the smallest output, in whatever order the levels are.
        ranks = np.argsort(np.argsort(self.quantile))
        outputs = raw.reshape(*raw.shape[:-1], -1, len(ranks))
        return np.sort(outputs, axis=-1)[..., ranks].reshape(raw.shape)

    def start(self, y: Array, w: Array | None) -> Array:
        return weighted_quantiles(y, np.ravel(self.quantile), w)


def is_levels(value: Any) -> bool:
    """Whether ``value`` is a sequence of numbers between 0 and 1."""
    is_sequence = isinstance(value, Sequence) or getattr(value, "ndim", 0) == 1
    return is_sequence and len(value) > 0 and all(map(LEVEL.allows, value))
