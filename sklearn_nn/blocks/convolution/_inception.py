"""inception: convolutions of several sizes side by side."""

from sklearn_nn.blocks.activations._activations import Activation
from sklearn_nn.blocks.composition._chain import Chain
from sklearn_nn.blocks.composition._parallel import Parallel
from sklearn_nn.blocks.convolution._convolution import Conv2D
from sklearn_nn.blocks.convolution._max_pooling import MaxPool2D


def inception(
    n1: int = 64,
    n3_reduce: int = 96,
    n3: int = 128,
    n5_reduce: int = 16,
    n5: int = 32,
    pool_proj: int = 32,
    activation: str | Activation = "relu",
) -> Parallel:
    """Return the module of GoogLeNet: four branches, concatenated over the channels.

    ``y = concat(conv1(x), conv3(reduce(x)), conv5(reduce(x)), project(max_pool(x)))``,
    where the convolutions "reduce" and "project" look at one place at a time, and the
    pool at 3 by 3. Height and width are kept.

    Shapes: x (..., height, width, channels), y (..., height, width,
    n1 + n3 + n5 + pool_proj). The defaults are those of the module "3a".

    Parameters
    ----------
    n1 : int, default=64
        Filters of size 1 ("#1x1" in the paper's table 1).
    n3_reduce : int, default=96
        Filters of size 1 before those of size 3 ("#3x3 reduce").
    n3 : int, default=128
        Filters of size 3 ("#3x3").
    n5_reduce : int, default=16
        Filters of size 1 before those of size 5 ("#5x5 reduce").
    n5 : int, default=32
        Filters of size 5 ("#5x5").
    pool_proj : int, default=32
        Filters of size 1 after the pool ("pool proj").
    activation : str or Activation, default="relu"
        Activation of all convolutions.

    Returns
    -------
    Parallel
        Its parts are "conv1", "conv3" with "reduce" and "conv", "conv5" with the same,
        and "pool" with "pool" and "project".

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015.

    Examples
    --------
    >>> from sklearn_nn.blocks import inception
    >>> module = inception(n5=48)
    >>> module.out_shape((28, 28, 192))
    (28, 28, 272)
    >>> module.set_params(conv5__conv__filters=32).out_shape((28, 28, 192))
    (28, 28, 256)
    """

    def conv(filters: int, size: int) -> Conv2D:
        return Conv2D(filters, size, activation)

    return Parallel(
        [
            ("conv1", conv(n1, 1)),
            ("conv3", Chain([("reduce", conv(n3_reduce, 1)), ("conv", conv(n3, 3))])),
            ("conv5", Chain([("reduce", conv(n5_reduce, 1)), ("conv", conv(n5, 5))])),
            (
                "pool",
                Chain(
                    [
                        ("pool", MaxPool2D(3, stride=1, padding="same")),
                        ("project", conv(pool_proj, 1)),
                    ]
                ),
            ),
        ]
    )
