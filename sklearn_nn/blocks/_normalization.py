"""Scale, LayerNorm, BatchNorm: features brought to a scale."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    check_features,
    constant,
    flatten_axes,
    number,
    restore_axes,
    sum_members,
    sum_rows,
    zero_missing,
    zero_steps,
    zeros,
)


class PerFeature(Block):
    """A block that keeps the shape and has parameters per feature, of the last axis."""

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        check_features(self, in_shape)
        return in_shape


@dataclass(eq=False, repr=False)
class Scale(PerFeature):
    """``y = x * s``: one trained factor per feature, which starts at 1.

    As the first block of a network it weighs the columns of X. The factors are of the
    group "scale": they are not penalized.

    Shapes: x (..., d), s (d,), y (..., d).

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024.
    """

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {"s": Param(in_shape[-1:], constant(1.0), group="scale")}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x = ws.saved = flatten_axes(x, ws)
        y = ws.out("y", (*p.s.shape[:-1], *x.shape[-2:]))
        return restore_axes(np.multiply(x, p.s[..., None, :], out=y), ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        x, dy = ws.saved, flatten_axes(dy, ws)
        tmp = ws.out("tmp", dy.shape)
        sum_rows(np.multiply(x, dy, out=tmp), g.s, ws)
        if not need_dx:
            return None
        np.multiply(dy, p.s[..., None, :], out=tmp)
        return restore_axes(sum_members(tmp, x.shape, ws), ws)


@dataclass(eq=False, repr=False)
class LayerNorm(PerFeature):
    """``y = (x - mean) / sqrt(variance + epsilon) * scale + shift``, by row.

    Mean and variance are taken over the last axis, of every row and time step on its
    own. Scale (at first 1) and shift (at first 0) are trained and not penalized.

    Shapes: x (..., d), scale (d,), shift (d,), y (..., d).

    Parameters
    ----------
    epsilon : float, default=1e-5
        Added to the variance; positive.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450, 2016.
    """

    epsilon: float = 1e-5

    rules: ClassVar[Mapping[str, Rule]] = {"epsilon": number(0, np.inf, "()")}

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return _affine_tree(in_shape)

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x = flatten_axes(x, ws)
        z, square = ws.out("z", x.shape), ws.out("tmp", x.shape)
        np.subtract(x, _mean_of_row(x, "mean", ws), out=z)
        scale = _mean_of_row(np.multiply(z, z, out=square), "scale", ws)
        _invert_root(scale, self.epsilon)
        z *= scale
        ws.saved = z, scale
        return restore_axes(_affine(p, z, ws), ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        z, scale = ws.saved
        dz = _affine_backward(p, g, flatten_axes(dy, ws), z, ws)
        if not need_dx:
            return None
        tmp = np.multiply(dz, z, out=ws.out("tmp", dz.shape))
        np.multiply(z, _mean_of_row(tmp, "slope", ws), out=tmp)
        dz -= _mean_of_row(dz, "mean", ws)
        dz -= tmp
        dz *= scale  # dx = (dz - mean(dz) - z * mean(dz * z)) / sqrt(variance)
        return restore_axes(dz, ws)


@dataclass(eq=False, repr=False)
class BatchNorm(PerFeature):
    """``y = (x - mean) / sqrt(variance + epsilon) * scale + shift``, by feature.

    In training, mean and variance are those of the batch: over its rows, by their
    sample weights, the time steps or pixels of a row that exist, and one of the members
    at a time. In prediction they are running means, kept as parameters of the group
    "state", so that no row depends on the others. They are corrected for their start,
    as the moments of Adam are: after t batches the newest has the weight
    ``momentum / (1 - (1 - momentum)^t)``, so that the first batches count alike, and
    what was there before them does not count. A batch of a single value per feature has
    no variance: it is normalized as in prediction and leaves the running means alone.
    Scale (at first 1) and shift (at first 0) are trained and not penalized.

    Shapes: x (..., d), scale, shift, mean and variance (d,), batches, the number of
    batches seen, (1,), y (..., d).

    Parameters
    ----------
    momentum : float, default=0.1
        Weight of the newest batch in the running mean and variance after many batches,
        in [0, 1], as in PyTorch; Keras asks for the weight of what was there before.
        With 0 they stay as they are.
    epsilon : float, default=1e-5
        Added to the variance; positive.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML 2015. Kingma and Ba, "Adam: a method for
    stochastic optimization", ICLR 2015, for the correction (section 3).
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": number(0, 1, "[]"),
        "epsilon": number(0, np.inf, "()"),
    }

    def param_tree(self, in_shape: Shape) -> ParamTree:
        mean = Param(in_shape[-1:], zeros, group="state")
        variance = Param(in_shape[-1:], constant(1.0), group="state")
        batches = Param((1,), zeros, group="state")
        own = {"mean": mean, "variance": variance, "batches": batches}
        return {**_affine_tree(in_shape), **own}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        x, valid = zero_steps(x, ws)
        x = flatten_axes(x, ws)
        weight, several = _position_weights(x, ws)
        if from_batch := rng is not None and several:
            total = weight.sum(axis=-1, keepdims=True)
            mean = weight @ x / total
            z = ws.out("z", (*mean.shape[:-2], *x.shape[-2:]))
            np.subtract(x, mean, out=z)
            scale = weight @ np.multiply(z, z, out=ws.out("tmp", z.shape)) / total
            self._update_running_stats(p, mean, scale)
        else:
            z = ws.out("z", (*p.mean.shape[:-1], *x.shape[-2:]))
            np.subtract(x, p.mean[..., None, :], out=z)
            scale = p.variance[..., None, :].copy()
        _invert_root(scale, self.epsilon)
        z *= scale
        ws.saved = z, scale, x.shape, (weight, total) if from_batch else None, valid
        return restore_axes(_affine(p, z, ws), ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        z, scale, shape, batch, valid = ws.saved
        g.mean[...] = g.variance[...] = g.batches[...] = 0
        dz = _affine_backward(p, g, flatten_axes(dy, ws), z, ws)
        if not need_dx:
            return None
        if batch is not None:
            weight, total = batch
            every = ws.constant(1.0, (1, dz.shape[-2]))
            tmp = np.multiply(dz, z, out=ws.out("tmp", dz.shape))
            np.multiply(z, every @ tmp / total, out=tmp)
            tmp += every @ dz / total
            if weight is not every:
                tmp *= weight.mT
            dz -= tmp
        dz *= scale  # dx = (dz - mean(dz) - z * mean(dz * z)) / sqrt(variance)
        dx = restore_axes(sum_members(dz, shape, ws), ws)
        return zero_missing(dx, valid, ws)

    def _update_running_stats(self, p: Views, mean: Array, variance: Array) -> None:
        """Move the running means towards those of the batch."""
        if not self.momentum:
            return
        p.batches += 1
        share = self.momentum / (1 - (1 - self.momentum) ** p.batches)
        p.mean += share * (mean[..., 0, :] - p.mean)
        p.variance += share * (variance[..., 0, :] - p.variance)


def _affine_tree(in_shape: Shape) -> ParamTree:
    scale = Param(in_shape[-1:], constant(1.0), group="gain")
    return {"scale": scale, "shift": Param(in_shape[-1:], zeros, group="bias")}


def _affine(p: Views, z: Array, ws: Workspace) -> Array:
    """Return ``z * scale + shift``."""
    y = ws.out("y", (*p.scale.shape[:-1], *z.shape[-2:]))
    np.multiply(z, p.scale[..., None, :], out=y)
    y += p.shift[..., None, :]
    return y


def _affine_backward(p: Views, g: Views, dy: Array, z: Array, ws: Workspace) -> Array:
    """Write the gradients of scale and shift; return dz."""
    dz = ws.out("dz", dy.shape)
    sum_rows(np.multiply(dy, z, out=dz), g.scale, ws)
    sum_rows(dy, g.shift, ws)
    np.multiply(dy, p.scale[..., None, :], out=dz)
    return sum_members(dz, z.shape, ws)


def _mean_of_row(a: Array, name: str, ws: Workspace) -> Array:
    """Return the mean over the last axis, (..., rows, 1); a product is the fastest."""
    d = a.shape[-1]
    mean = ws.out(name, (*a.shape[:-1], 1))
    return np.matmul(a, ws.constant(1 / d, (d, 1)), out=mean)


def _invert_root(variance: Array, epsilon: float) -> None:
    """Replace the variance by ``1 / sqrt(variance + epsilon)``."""
    variance += epsilon
    np.sqrt(variance, out=variance)
    np.reciprocal(variance, out=variance)


def _position_weights(x: Array, ws: Workspace) -> tuple[Array, bool]:
    """Return the weight of each row, time step or pixel of x, and if there are several.

    Shapes: x (..., places, d), weights (..., 1, places), 0 where no step is.
    """
    mask, w, n_places = ws.mask, ws.rows.weights, x.shape[-2]
    if mask is None and w is None:
        return ws.constant(1.0, (1, n_places)), n_places > 1
    axes = ws.in_shape[:-1]
    n = n_places // math.prod(axes)
    lead = np.broadcast_shapes(x.shape[:-2], () if w is None else w.shape[:-1])
    weight = ws.out("weight", (*lead, n, *axes))
    after = (1,) * (len(axes) - 1)
    weight[...] = 1 if mask is None else mask.reshape(*mask.shape, *after)
    if w is not None:
        weight *= w.reshape(*w.shape, *(1,) * len(axes))
    weight = weight.reshape(*lead, 1, n_places)
    return weight, bool(np.count_nonzero(weight, axis=-1).min() > 1)
