"""What a training begins with: a generator, or the network of the last training."""

from copy import deepcopy

import numpy as np

from sklearn_nn.core import Block, Network, ParamLayout, Rng, is_same


def make_generator(seed: int) -> Rng:
    """Return the generator of a training."""
    return np.random.Generator(np.random.PCG64DXSM(seed))


def resume_network(old: Network, block: Block) -> Network:
    """Return a network of ``block`` with a copy of the parameters of ``old``."""
    if is_same(block, old.block):
        return old.copy(share_buffers=True)
    layout = ParamLayout(block.param_tree(old.in_shape))
    if list(layout.shapes.items()) != list(old.layout.shapes.items()):
        raise ValueError(
            "Training can only go on with the layers it began with, "
            f"{old.layout.shapes}; the parameters now ask for {layout.shapes}. Set "
            "warm_start=False to begin anew."
        )
    params, kept = old.params.copy(), old.connections
    return Network(deepcopy(block), old.in_shape, params, None, layout, kept)
