"""
Activation functions
====================

What activations do to one number, with their derivatives, and why a network needs them:
layers without them make a plane of a plane, however many there are.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_nn import NetworkRegressor
from sklearn_nn.blocks import (
    ELU,
    GELU,
    Dense,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    Output,
    ReLU,
    SiLU,
    Softplus,
    Step,
    Tanh,
    chain,
)
from sklearn_nn.core import compile_network

ACTIVATIONS = [
    Identity(),
    Step(),
    Logistic(),
    Tanh(),
    ReLU(),
    LeakyReLU(0.1),
    ELU(),
    Softplus(),
    SiLU(),
    GELU(),
    Mish(),
]


def curves(activation, x):
    """Return the values of the activation and of its derivative."""
    net = compile_network(activation, (1,), float, np.random.default_rng(0))
    y = net.forward(x[:, None]).copy()
    dx = net.backward(np.ones_like(y), need_dx=True)
    return y[:, 0], dx[:, 0]


def surface(activation, grid):
    """Return what a network of two hidden units makes of the points of a grid."""
    hidden = Dense(2, activation, kernel=[[4, 1], [1, 4]], bias=[0, 1])
    net = chain(hidden, Output(kernel=[[1], [0.6]], bias=[-1]))
    model = NetworkRegressor(net).initialize(n_features=2)
    return model.predict(np.stack(grid, axis=-1).reshape(-1, 2)).reshape(grid[0].shape)


x = np.linspace(-4, 4, 400)
fig, axes = plt.subplots(3, 4, figsize=(10, 7), layout="constrained", sharex=True)
for ax, activation in zip(axes.flat, ACTIVATIONS, strict=False):
    y, slope = curves(activation, x)
    if not isinstance(activation, Step):  # its derivative is 0 where there is one
        np.testing.assert_allclose(slope[1:-1], np.gradient(y, x)[1:-1], atol=0.5)
    ax.plot(x, y, label="value")
    ax.plot(x, slope, "--", label="derivative")
    ax.set(title=type(activation).__name__, ylim=(-1.4, 2.4))
    ax.grid(alpha=0.3)
axes[1, -1].tick_params(labelbottom=True)
axes.flat[-1].axis("off")
axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), loc="center")

# Two hidden units with the same weights, once without activation and once with.
grid = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-3, 3, 60))
fig = plt.figure(figsize=(10, 4.6), layout="constrained")
for i, activation in enumerate(["identity", "logistic"], start=1):
    z = surface(activation, grid)
    # The mixed second difference of a plane is zero everywhere.
    bend = np.abs(np.diff(np.diff(z, axis=0), axis=1)).max()
    assert (bend < 1e-9) == (activation == "identity")
    ax = fig.add_subplot(1, 2, i, projection="3d")
    ax.plot_surface(*grid, z, cmap="viridis")
    ax.set(title=f"two hidden units, {activation}", xlabel="$x_1$", ylabel="$x_2$")
    ax.view_init(30, -120)
plt.show()
