"""ToSequence: flat rows, as scikit-learn has them, to sequences of features."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_nn.core import (
    Array,
    Block,
    OneOf,
    ParamTree,
    Rng,
    Rule,
    Shape,
    Views,
    Workspace,
    integer,
    zero_missing,
)


@dataclass(eq=False, repr=False)
class ToSequence(Block):
    """``y[t] = x[t * n_features : (t + 1) * n_features]``: rows as sequences.

    Shapes: x (..., time * n_features), or with two axes in the order of the ``layout``,
    which are checked; y (..., time, n_features).

    Parameters
    ----------
    n_features : int, default=1
        Number of features at a time step.
    layout : str, default="time_major"
        "time_major": a row holds all features of the first step, then those of the
        second. "channels_first": it holds one feature at all steps, then the next one,
        as the rows (channels, time) of aeon and sktime do.
    padding : str, default=None
        With "nan", a time step whose features are all NaN does not exist, whether it
        stands at the end of a row, at the beginning or between. It becomes zeros, and
        the blocks that follow pass over it. None takes the values as they are.

    Raises
    ------
    ValueError
        If the shape of the rows does not fit ``n_features``; with "nan", also in the
        forward if some features of a step are NaN and others are not. Such single
        values have to be imputed.

    Examples
    --------
    >>> from sklearn_nn.blocks import GRU, Dense, ToSequence, chain
    >>> net = chain(ToSequence(n_features=3, padding="nan"), GRU(16), Dense(1))
    >>> ToSequence(n_features=3).out_shape((30,))
    (10, 3)
    """

    n_features: int = 1
    layout: str = "time_major"
    padding: str | None = None

    rules: ClassVar[Mapping[str, Rule]] = {
        "n_features": integer(1),
        "layout": OneOf(("time_major", "channels_first")),
        "padding": OneOf((None, "nan")),
    }

    @property
    def accepts_nan(self) -> bool:  # type: ignore[override]  # as padding
        """Whether NaN stands for padding."""
        return self.padding == "nan"

    def out_shape(self, in_shape: Shape) -> Shape:
        self.check_values()
        rest, F = 1, self.n_features
        if len(in_shape) == 1:
            time, rest = divmod(in_shape[0], F)
        elif len(in_shape) == 2:
            time, features = in_shape if self._time_major else in_shape[::-1]
            rest = features - F
        if rest:
            axes = "(time, {0})" if self._time_major else "({0}, time)"
            raise ValueError(
                f"ToSequence must read rows of shape (time * {F},) or "
                f"{axes.format(F)}; got rows of shape {in_shape}. Set `n_features` to "
                "the number of features at a time step."
            )
        return (time, F)

    def param_tree(self, in_shape: Shape) -> ParamTree:
        return {}

    def forward(self, p: Views, x: Array, ws: Workspace, rng: Rng | None) -> Array:
        time, F = self.out_shape(ws.in_shape)
        lead = x.shape[: x.ndim - len(ws.in_shape)]
        if self._time_major:
            y = x.reshape(*lead, time, F)
        else:
            y = ws.out("y", (*lead, time, F))
            y[...] = x.reshape(*lead, F, time).mT
        ws.saved = None
        return y if self.padding is None else self._without_padding(y, ws)

    def backward(
        self, p: Views, g: Views, dy: Array, ws: Workspace, *, need_dx: bool = True
    ) -> Array | None:
        lead = dy.shape[:-2]
        dy = zero_missing(dy, ws.saved, ws)
        if self._time_major:
            return dy.reshape(*lead, *ws.in_shape)
        dx = ws.out("dx", dy.mT.shape)
        dx[...] = dy.mT
        return dx.reshape(*lead, *ws.in_shape)

    @property
    def _time_major(self) -> bool:
        return self.layout == "time_major"

    def _without_padding(self, x: Array, ws: Workspace) -> Array:
        """Return ``x`` with zeros for padding; set the mask if there is any."""
        nan = np.isnan(x, out=ws.out("nan", x.shape, bool))
        missing = ws.out("missing", x.shape[:-1], bool)
        np.logical_and.reduce(nan, axis=-1, out=missing)
        n_missing = np.count_nonzero(missing)
        if n_partial := np.count_nonzero(nan) - n_missing * self.n_features:
            raise ValueError(
                "A time step must have NaN for all of its features (padding) or for "
                f"none; got {n_partial} NaN in steps that have other features. Impute "
                "them before ToSequence."
            )
        if not n_missing:
            return x
        y = ws.out("y", x.shape)
        if y is not x:
            y[...] = x
        np.copyto(y, 0, where=missing[..., None])
        ws.mask = np.logical_not(missing, out=missing)
        ws.saved = ws.mask[..., None]
        return y
