"""Conv1D and Conv2D: the same affine map at every place of a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np

from sklearn_nn.blocks.activations._activations import Activation, Logistic, Tanh
from sklearn_nn.blocks.activations._names import as_activation
from sklearn_nn.blocks.convolution._correlation import (
    correlate,
    kernel_gradient,
    matrices,
    reversed_matrices,
)
from sklearn_nn.blocks.convolution._windows import (
    Size,
    Slide,
    mask_of_places,
    per_axis,
    size_rule,
    slides,
)
from sklearn_nn.core import (
    Array,
    Block,
    OneOf,
    Param,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    any_of,
    expand_mask,
    integer,
    sum_members,
    sum_rows,
    uniform,
    zero_missing,
    zeros,
)


class Convolution(Block):
    """What Conv1D and Conv2D share, for rows with any number of axes.

    The gradient of x is a convolution of dz, with the kernels reversed.
    """

    axes: ClassVar[str]
    filters: int
    kernel_size: Any
    activation: str | Activation
    stride: Any
    padding: Any
    dilation: Any
    groups: int

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        as_activation(self.activation).check_values()
        places = tuple(s.out for s in self._slides(in_shape))
        if in_shape[-1] % self.groups or self.filters % self.groups:
            raise ValueError(
                f"`groups` of {type(self).__name__} must divide the channels of its "
                f"rows, {in_shape[-1]}, and its `filters`, {self.filters}; got "
                f"{self.groups!r}."
            )
        return (*places, self.filters)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        d = in_shape[-1] // self.groups
        taps = per_axis(self.kernel_size, len(in_shape) - 1)
        fan_in, fan_out = prod(taps) * d, prod(taps) * self.filters // self.groups
        saturates = isinstance(as_activation(self.activation), (Logistic, Tanh))
        bound = sqrt(6 / (fan_in + fan_out) if saturates else 6 / fan_in)
        W = Param((*taps, d, self.filters), uniform(bound))
        return {"W": W, "b": Param((self.filters,), zeros, group="bias")}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        plain = x.ndim == len(ws.in_shape) + 1
        W, b, rows = (a[None] if plain else a for a in (p.W, p.b, x))
        along, mask = self._slides(ws.in_shape), ws.mask
        if mask is not None:
            ws.mask = self._out_mask(mask, along[0])
            mask = expand_mask(mask, rows, ws)
        z = ws.out("z", (len(W), rows.shape[1], *(s.out for s in along), self.filters))
        correlate(rows, matrices(W, self.groups), along, z, ws, mask)
        wide = np.tile(b, (1, along[-1].out))  # longer lines are added faster
        lines = z.reshape(len(W), -1, wide.shape[1])
        lines += wide[:, None]
        y = as_activation(self.activation).apply(z, z, ws)
        ws.saved = along, rows, y, mask
        return y[0] if plain else y

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        (along, x, y, mask), plain = ws.saved, dy.ndim == len(ws.in_shape) + 1
        W, gW, gb, dy = (a[None] if plain else a for a in (p.W, g.W, g.b, dy))
        activation = as_activation(self.activation)
        dz = activation.vjp(y, dy, ws.out("dz", y.shape), ws)
        kernel_gradient(x, dz, along, matrices(gW, self.groups), ws, mask)
        sum_rows(dz.reshape(len(dz), -1, self.filters), gb, ws)
        if not need_dx:
            return None
        dx = ws.out("dx", (len(W), *x.shape[1:]))
        back = [s.adjoint for s in along]
        correlate(dz, reversed_matrices(W, self.groups, ws), back, dx, ws)
        dx = zero_missing(sum_members(dx, x.shape, ws), mask, ws)
        return dx[0] if plain else dx

    def _slides(self, in_shape: Shape) -> list[Slide]:
        how = self.stride, self.padding, self.dilation
        return slides(self, in_shape, self.axes, "kernel_size", *how)

    def _out_mask(self, mask: Array, along: Slide) -> Array:
        """Return which steps of y there are."""
        if self.padding in ("same", "causal"):  # a step of y stands at one of x
            return mask[..., :: along.stride]
        return mask_of_places(mask, along, self.padding)


@dataclass(eq=False, repr=False)
class Conv1D(Convolution):
    """``y[t] = activation(sum_i x[t * stride + i * dilation - low] @ W[i] + b)``.

    Shapes: x (..., time, channels), W (kernel_size, channels / groups, filters),
    b (filters,), y (..., places, filters). Outside of x there are zeros, ``low`` of
    them before it.

    Steps that do not exist are read as zeros. With padding "same" or "causal", step t
    of y exists if step ``t * stride`` of x does; otherwise if any step under the kernel
    does. So with stride 1 a sequence has the same y, however long its padding.

    Parameters
    ----------
    filters : int, default=32
        Channels of y.
    kernel_size : int, default=3
        Steps under the kernel.
    activation : str or Activation, default="identity"
        As in `Dense`. The kernels start uniform in ``[-r, r)``, with
        ``r = sqrt(6 / fan_in)`` [1]_, or with "logistic" and "tanh"
        ``r = sqrt(6 / (fan_in + fan_out))`` [2]_, where ``fan_in`` is kernel_size *
        channels / groups and ``fan_out`` is kernel_size * filters / groups. The biases
        start at 0.
    stride : int, default=1
        Steps from one place of the kernel to the next.
    padding : {"same", "valid", "causal"} or int, default="same"
        "same" adds the zeros that ceil(time / stride) places need, half of them before
        x, the odd one after it. "valid" adds none. "causal" adds them before x only,
        so that step t of y reads no later step of x. A number is that of the zeros
        before x, and after it.
    dilation : int, default=1
        Distance of the steps under the kernel.
    groups : int, default=1
        The channels and the filters are cut into so many groups; each group of filters
        reads the group of channels in the same place.

    Raises
    ------
    ValueError
        If a row has no time axis or is shorter than the kernel, if ``groups`` does not
        divide channels and filters, or if a place of the kernel would read zeros only.

    References
    ----------
    .. [1] He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level
       performance on ImageNet classification", ICCV 2015.
    .. [2] Glorot and Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010.

    Examples
    --------
    >>> from sklearn_nn.blocks import Conv1D
    >>> Conv1D(8, kernel_size=5, stride=2).out_shape((100, 3))
    (50, 8)
    """

    filters: int = 32
    kernel_size: int = 3
    activation: str | Activation = "identity"
    stride: int = 1
    padding: str | int = "same"
    dilation: int = 1
    groups: int = 1

    axes: ClassVar[str] = "time, channels"
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": integer(1),
        "kernel_size": size_rule(1),
        "stride": size_rule(1),
        "padding": any_of(OneOf(("same", "valid", "causal")), size_rule(1, 0)),
        "dilation": size_rule(1),
        "groups": integer(1),
    }


@dataclass(eq=False, repr=False)
class Conv2D(Convolution):
    """``y[h, w] = activation(sum_ij x[h', w'] @ W[i, j] + b)``, the kernel at (h, w).

    Here ``h' = h * stride + i * dilation - low``, and ``w'`` likewise. Shapes:
    x (..., height, width, channels), W (*kernel_size, channels / groups, filters),
    b (filters,), y (..., places down, places across, filters). Outside of x there are
    zeros. A mask of time steps, if there is one, belongs to the first axis of a row;
    it is treated as in `Conv1D`.

    Parameters
    ----------
    filters : int, default=32
        Channels of y.
    kernel_size : int or (int, int), default=3
        Height and width of the kernel; as in what follows, one number for both is
        enough.
    activation : str or Activation, default="identity"
        As in `Dense`; the first weights depend on it as in `Conv1D`.
    stride : int or (int, int), default=1
        Distance from one place of the kernel to the next.
    padding : {"same", "valid"}, int or (int, int), default="same"
        "same" adds the zeros that ceil(size / stride) places need, half of them before
        x, the odd one after it. "valid" adds none. A number is that of the zeros
        before x, and after it.
    dilation : int or (int, int), default=1
        Distance of the entries under the kernel.
    groups : int, default=1
        The channels and the filters are cut into so many groups; each group of filters
        reads the group of channels in the same place.

    Raises
    ------
    ValueError
        If a row has not three axes or is smaller than the kernel, if ``groups`` does
        not divide channels and filters, or if a place of the kernel would read zeros
        only.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86, 1998. Chellapilla, Puri and Simard, "High
    performance convolutional neural networks for document processing", 2006, for the
    matrix product over copied windows.

    Examples
    --------
    >>> from sklearn_nn.blocks import Conv2D
    >>> Conv2D(16, kernel_size=(3, 5), padding="valid").out_shape((28, 28, 1))
    (26, 24, 16)
    """

    filters: int = 32
    kernel_size: Size = 3
    activation: str | Activation = "identity"
    stride: Size = 1
    padding: str | Size = "same"
    dilation: Size = 1
    groups: int = 1

    axes: ClassVar[str] = "height, width, channels"
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": integer(1),
        "kernel_size": size_rule(2),
        "stride": size_rule(2),
        "padding": any_of(OneOf(("same", "valid")), size_rule(2, 0)),
        "dilation": size_rule(2),
        "groups": integer(1),
    }
