"""Tied: a part that computes with the parameters of another part."""

from dataclasses import dataclass

from sklearn_nn.core import Spec


@dataclass(eq=False, repr=False)
class Tied(Spec):
    """Stands for the block and the parameters of the part called ``name``.

    In place of a block in a `Chain`, `Parallel` or `Graph`. Both parts use one set of
    parameters, which is counted once and whose gradient is the sum of those of all
    uses. Both must read rows for which the parameters have the same shapes.

    Parameters
    ----------
    name : str
        Name of another part of the same composite; a part that is not tied itself.

    Examples
    --------
    >>> from sklearn_nn.blocks import Chain, Dense, Tied
    >>> net = Chain([("first", Dense(8, "tanh")), ("again", Tied("first"))])
    >>> list(net.param_tree((8,)))
    ['first']
    """

    name: str
