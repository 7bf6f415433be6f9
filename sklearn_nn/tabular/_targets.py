"""Targets of a table: what the loss reads, and predictions of several members."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from sklearn_nn.base import ClassTargets
from sklearn_nn.core import Array, Loss
from sklearn_nn.losses import SoftmaxCrossEntropy

MAX_LOG_TEMPERATURE = 3.0


@dataclass(frozen=True, eq=False)
class TableClasses(ClassTargets):
    """One class a row, with a raw output for each class, two classes included.

    ``base_rates`` (k,) are the shares of the classes among the ``n_rows`` that train.
    """

    base_rates: Array
    n_rows: int
    smoothing: float = 0.0

    @classmethod
    def of(cls, y: Any, w: Array | None, smoothing: float) -> Self:
        """Return the classes of y (n,), with the base rates of Krichevsky and Trofimov.

        They count half a row more of each class, so that no rate is zero.
        """
        classes, codes = np.unique(y, return_inverse=True)
        n = len(codes) if w is None else int(np.count_nonzero(w))
        counts = np.bincount(codes, w)
        counted = counts * (n / (counts.sum() or 1))  # n in all, whatever the scale
        rates = (counted + 0.5) / (n + 0.5 * len(classes))
        return cls(classes, rates, n, smoothing)

    @property
    def n_raw(self) -> int:
        return len(self.classes)

    @property
    def loss(self) -> Loss:
        return SoftmaxCrossEntropy(self.smoothing)

    @property
    def measure(self) -> Loss:
        """Return the loss of validation rows."""
        return SoftmaxCrossEntropy()

    def encode(self, y: Any, dtype: Any) -> Array:
        return self.codes(y)

    def stratify_labels(self, y: Any) -> Array | None:
        return self.codes(y)

    def decode_rows(self, Y: Array) -> Array:
        """Return the labels of encoded targets."""
        return np.asarray(self.classes[Y])

    def losses(self, Y: Array, p: Array) -> Array:
        """Return the loss of each row (n,), of probabilities (n, k) as of `each`."""
        # each row is a member of its own, so that none is averaged
        return self.measure.value(Y[:, None], np.log(self.of_mean(p))[:, None], None)

    def temperature(
        self, ys: Sequence[Array], raws: Sequence[Array], ws: Sequence[Array | None]
    ) -> float:
        """Return what to divide raw outputs by, from validation rows.

        Shapes, of each piece: y (..., n), raw (..., n, k), w (..., n), (n,) or None.
        """
        y = np.concatenate([own.ravel() for own in ys])
        raw = np.concatenate([own.reshape(-1, self.n_raw) for own in raws])
        w = None
        if any(own is not None for own in ws):
            full = zip(ys, [1.0 if own is None else own for own in ws], strict=True)
            w = np.concatenate([np.broadcast_to(v, u.shape).ravel() for u, v in full])
        return fit_temperature(y, raw, w)

    def mean(self, raw: Array, temperature: float = 1.0) -> Array:
        """Return the mean of the members' probabilities: (n, k), of float64.

        Shapes: raw (members, n, k).
        """
        return self.of_mean(self.each(raw, temperature).mean(axis=0))

    def each(self, raw: Array, temperature: float = 1.0) -> Array:
        """Return the probabilities of each member, of float64."""
        return np.asarray(softmax(raw.astype(np.float64) / temperature, axis=-1))

    def of_mean(self, p: Array) -> Array:
        """Return what the mean p (n, k) of probabilities becomes.

        It is mixed with the base rates as if they were one row more: with p of the
        members and N training rows, it is ``(N * p + rate) / (N + 1)``. So no
        probability is zero, and none is more certain than the rows can tell: after N
        rows without an exception the rule of succession gives the next row one of
        about 1 in N.

        References
        ----------
        Kass and Wasserman, "A reference Bayesian test for nested hypotheses and its
        relationship to the Schwarz criterion", Journal of the American Statistical
        Association 90, 1995: a prior that weighs as much as one row.

        Krichevsky and Trofimov, "The performance of universal encoding", IEEE
        Transactions on Information Theory 27, 1981.
        """
        p = (self.n_rows * p + self.base_rates) / (self.n_rows + 1)
        return np.asarray(p / p.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class TableNumbers:
    """Numbers, one or several a row, shifted and scaled for the network.

    For a loss with a logarithmic link they are divided by their mean only.
    """

    loss: Loss
    shift: Array
    scale: Array
    low: Array
    high: Array
    flat: bool

    @classmethod
    def fit(cls, y: Array, w: Array | None, loss: Loss) -> Self:
        loss.check_targets(y)
        flat, columns = y.ndim == 1, y.reshape(len(y), -1)
        if w is not None and not w.all():
            columns, w = columns[w > 0], w[w > 0]
        mean = np.average(columns, axis=0, weights=w)
        if loss.link == "exp":
            shift, scale = np.zeros_like(mean), mean
        else:
            spread = np.average((columns - mean) ** 2, axis=0, weights=w)
            shift, scale = mean, np.sqrt(spread)
        constant = scale <= 1e-12 * np.abs(shift)  # up to rounding
        scale = np.where(constant, 1.0, scale)
        low, high = columns.min(axis=0), columns.max(axis=0)
        return cls(loss, shift, scale, low, high, flat)

    @property
    def n_raw(self) -> int:
        return len(self.scale) * self.loss.raw_per_target

    @property
    def measure(self) -> Loss:
        """Return the loss of validation rows."""
        return self.loss

    def encode(self, y: Any, dtype: Any) -> Array:
        y = np.asarray(y, np.float64).reshape(len(y), -1)
        if y.shape[1] != len(self.scale):
            raise ValueError(
                f"`y` must have {len(self.scale)} output(s), as the training rows have;"
                f" got {y.shape[1]}."
            )
        self.loss.check_targets(y)
        return np.asarray((y - self.shift) / self.scale, dtype)

    def decode_rows(self, Y: Array) -> Array:
        """Return the numbers of encoded targets."""
        return np.asarray(Y * self.scale + self.shift)

    def stratify_labels(self, y: Any) -> Array | None:
        return None

    def mean(self, raw: Array) -> Array:
        """Return the mean of the members' predictions, within the range of y.

        Shapes: raw (members, n, k); the result (n,) if y is so and k is 1.
        """
        return self.of_mean(self.each(raw).mean(axis=0, dtype=np.float64))

    def each(self, raw: Array) -> Array:
        """Return the predictions of each member, on the scale of the networks."""
        return self.loss.predict(raw)

    def losses(self, Y: Array, prediction: Array) -> Array:
        """Return the loss of each row (n,), of predictions (n, k) as of `each`."""
        low, high = (self.low - self.shift) / self.scale, (self.high - self.shift)
        raw = np.clip(prediction, low, high / self.scale)
        if self.loss.link == "exp":
            raw = np.log(np.maximum(raw, np.finfo(np.float32).tiny))
        # each row is a member of its own, so that none is averaged
        return self.measure.value(Y[:, None].astype(np.float64), raw[:, None], None)

    def of_variance(self, variance: Array) -> Array:
        """Return what a variance (n, k) of predictions becomes."""
        scale = np.where(self.low < self.high, self.scale, 0)  # not of a constant
        return variance * scale**2

    def of_mean(self, prediction: Array) -> Array:
        """Return what the mean (n, k) of predictions becomes."""
        shift, scale, low, high = [
            np.repeat(each, self.loss.raw_per_target)
            for each in (self.shift, self.scale, self.low, self.high)
        ]
        prediction = np.clip(prediction * scale + shift, low, high)
        is_flat = self.flat and prediction.shape[1] == 1
        return prediction[:, 0] if is_flat else prediction


def fit_temperature(y: Array, raw: Array, w: Array | None) -> float:
    """Return the T, at least 1, for which ``softmax(raw / T)`` has least log loss.

    Below 1 it would go to zero where no row is mistaken, and the first mistake in new
    rows cost more than was won.

    Shapes: y (n,) of ints, raw (n, k), w (n,).

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML
    2017.
    """
    raw, rows = raw.astype(np.float64), np.arange(len(y))

    def log_loss(log_t: float) -> float:
        log_p = log_softmax(raw / np.exp(log_t), axis=1)[rows, y]
        return float(-np.average(log_p, weights=w))

    bounds = (0.0, MAX_LOG_TEMPERATURE)
    best = minimize_scalar(log_loss, bounds=bounds, method="bounded").x
    return float(np.exp(best)) if log_loss(best) < log_loss(0.0) else 1.0
