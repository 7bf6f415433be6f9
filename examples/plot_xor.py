"""
The exclusive or
================

One perceptron cannot compute the exclusive or: no line separates the points where
exactly one input is 1 from the others. Two layers of perceptrons can. Nine numbers are
enough, and they can be found by thinking, or by training.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from sklearn_nn import NetworkClassifier, PerceptronClassifier
from sklearn_nn.blocks import Dense, Output, chain

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
y = np.array([0, 1, 1, 0])

# A line can classify three of the four points. The pocket variant keeps such a line.
perceptron = PerceptronClassifier(variant="pocket", random_state=0).fit(X, y)
assert perceptron.score(X, y) == 0.75

# By thinking: one hidden unit computes AND, the other OR; exclusive is "OR, not AND".
and_or = Dense(2, "step", kernel=[[1, 1], [1, 1]], bias=[-1.5, -0.5])
or_not_and = Output("step", kernel=[[-1], [1]], bias=[-0.5])
given = NetworkClassifier(chain(and_or, or_not_and))
given.initialize(n_features=2, classes=[0, 1])
assert given.score(X, y) == 1
assert given.n_params_ == 9

# By training: steps have no slope to follow, so tanh takes their place.
trained = NetworkClassifier(
    chain(Dense(2, "tanh")), optimizer="lbfgs", alpha=1e-3, random_state=1
).fit(X, y)
assert trained.score(X, y) == 1
assert trained.n_params_ == 9

# The surface of the loss has valleys that end too high. So some starts fail.
n_starts = 20
n_solved = 0
for seed in range(n_starts):
    n_solved += trained.set_params(random_state=seed).fit(X, y).score(X, y) == 1
print(f"{n_solved} of {n_starts} random starts end with four correct points")
assert 0 < n_solved < n_starts
trained.set_params(random_state=1).fit(X, y)

models = {
    "one perceptron": perceptron,
    "two layers, weights given": given,
    "two layers, trained": trained,
}
fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
for ax, (name, model) in zip(axes, models.items(), strict=True):
    response = "predict_proba" if model is trained else "predict"
    DecisionBoundaryDisplay.from_estimator(
        model,
        X,
        response_method=response,
        plot_method="pcolormesh",
        cmap="coolwarm",
        alpha=0.6,
        eps=0.5,
        grid_resolution=200,
        ax=ax,
    )
    ax.scatter(*X.T, c=y, cmap="coolwarm", edgecolor="k", s=80)
    ax.set(title=f"{name}: {model.score(X, y):.0%}", aspect="equal")
    ax.set(xticks=[0, 1], yticks=[0, 1], xlabel="$x_1$", ylabel="$x_2$")
plt.show()
