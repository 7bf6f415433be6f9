"""
An inception network on digits
==============================

GoogLeNet's inception module looks at an image through windows of several sizes at once.
Two of them make a small network for the digits of scikit-learn, 8 by 8 pixels. It is
compared with a plain MLP, on digits as they are and on digits moved by a pixel, which
neither has seen in training.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_nn import MLPClassifier, NetworkClassifier
from sklearn_nn.blocks import (
    BatchNorm,
    Conv2D,
    GlobalAveragePool,
    MaxPool2D,
    ReLU,
    Reshape,
    chain,
    inception,
)


def moved(X, pixels):
    """Return the images moved to the right, with zeros at their left."""
    images = np.zeros_like(X).reshape(-1, 8, 8)
    images[:, :, pixels:] = X.reshape(-1, 8, 8)[:, :, : 8 - pixels]
    return images.reshape(X.shape)


X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=1
)

network = chain(
    Reshape((8, 8, 1)),
    Conv2D(16),
    BatchNorm(),
    ReLU(),
    inception(n1=8, n3_reduce=8, n3=16, n5_reduce=4, n5=8, pool_proj=8),
    BatchNorm(),
    MaxPool2D(),
    inception(n1=16, n3_reduce=16, n3=32, n5_reduce=4, n5=8, pool_proj=8),
    BatchNorm(),
    GlobalAveragePool(),
)
models = {
    "MLP": MLPClassifier(learning_rate_init=0.003, batch_size=32, random_state=0),
    "inception": NetworkClassifier(
        network,
        learning_rate=0.01,
        batch_size=100,
        tol=0.005,
        n_iter_no_change=5,
        random_state=0,
    ),
}
tests = {"as they are": X_test, "moved by a pixel": moved(X_test, 1)}
scores = {}
print(f"{'':10}{'parameters':>12}{'seconds':>9}" + "".join(f"{k:>18}" for k in tests))
for name, model in models.items():
    start = time.perf_counter()
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    scores[name] = [model.score(images, y_test) for images in tests.values()]
    line = f"{name:10}{model.n_params_:12}{seconds:9.1f}"
    print(line + "".join(f"{score:18.3f}" for score in scores[name]))

assert scores["inception"][0] > scores["MLP"][0] - 0.01
assert scores["inception"][1] > scores["MLP"][1] + 0.2

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for i, (name, values) in enumerate(scores.items()):
    bars = left.bar(np.arange(2) + 0.4 * i, values, width=0.38, label=name)
    left.bar_label(bars, fmt="%.3f")
left.set(title="accuracy on test digits", ylim=(0, 1.35), yticks=[0, 0.5, 1])
left.set_xticks(np.arange(2) + 0.2, tests)
left.legend(loc="upper right")
for name, model in models.items():
    right.semilogy(model.history_["epoch"], model.history_["loss"], label=name)
right.set(title="training loss", xlabel="epoch")
right.legend()
plt.show()
