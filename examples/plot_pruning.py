"""
A network with few connections
==============================

Most weights of a trained network are close to zero. Taking these out after the training
costs accuracy; taking them out while it goes on, so that the others can make up for
them, costs hardly any: 5 % of the weights tell the digits apart. A network of fewer
units, with as many weights, does worse.
"""

import warnings
from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_nn import NetworkClassifier
from sklearn_nn.blocks import Dense, chain
from sklearn_nn.training import Pruning

# All networks are trained for the same number of epochs, converged or not.
warnings.simplefilter("ignore", ConvergenceWarning)
DENSITIES = 0.5, 0.2, 0.1, 0.05, 0.03, 0.02

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, stratify=y, random_state=0
)


def classifier(units, pruning=None):
    """Return a classifier with two hidden layers, and when its weights go."""
    network = chain(Dense(units, "relu"), Dense(units, "relu"))
    return NetworkClassifier(
        network,
        learning_rate=0.005,
        pruning=pruning,
        max_iter=60,
        n_iter_no_change=np.inf,
        batch_size=64,
        random_state=0,
        dtype=np.float32,
    )


def units_for(n_weights):
    """Return for how many units per layer a full network has so many weights."""
    return max(k for k in range(1, 200) if 64 * k + k * k + 10 * k <= n_weights)


full = classifier(100).fit(X_train, y_train)
n_weights = 64 * 100 + 100 * 100 + 100 * 10
names = "pruned while training", "fewer units", "pruned afterwards"
curves = {name: [] for name in names}

print(f"{'density':>10}{'weights':>10}" + "".join(f"{name:>24}" for name in names))
for density in DENSITIES:
    n_left = round(density * n_weights)
    models = (
        classifier(100, Pruning(density)).fit(X_train, y_train),
        classifier(units_for(n_left)).fit(X_train, y_train),
        deepcopy(full).prune(density),
    )
    scores = [model.score(X_test, y_test) for model in models]
    for name, score in zip(names, scores, strict=True):
        curves[name].append(score)
    print(f"{density:10.0%}{n_left:10d}" + "".join(f"{s:24.3f}" for s in scores))
    if density == 0.05:
        pruned = models[0]

print(pruned.summary())
assert pruned.summary().n_params - pruned.summary().n_masked == 870 + 210  # biases
assert pruned.score(X_test, y_test) > full.score(X_test, y_test) - 0.02

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for name, scores in curves.items():
    left.semilogx(DENSITIES, scores, marker="o", label=name)
left.axhline(full.score(X_test, y_test), color="gray", ls=":", label="full network")
left.set_xticks(DENSITIES, [f"{density:.0%}" for density in DENSITIES])
left.minorticks_off()
left.set(xlabel="share of the weights", ylabel="accuracy on test data")
left.invert_xaxis()
left.legend()

bins = np.linspace(-2, 2, 81)
for model, label in [(full, "full network"), (pruned, "5 % left")]:
    weights = [W.ravel() for W in model.get_weights().values() if W.ndim == 2]
    weights = np.concatenate(weights)
    right.hist(weights[weights != 0], bins, log=True, alpha=0.6, label=label)
right.set(xlabel="weight", ylabel="number of weights")
right.legend()
plt.show()
