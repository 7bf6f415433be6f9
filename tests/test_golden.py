"""Golden predictions: they notice what no law explains.

``python tests/test_golden.py --write`` accepts new values; a commit that changes them
needs a line under "Changed models" in the changelog.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sklearn_nn import MLPClassifier, MLPRegressor

STORE = Path(__file__).parent / "golden" / "predictions.json"

# Cosines, not random numbers: they are the same in every version of NumPy.
X = np.cos(np.arange(60.0)[:, None] * np.array([0.7, 1.3, 2.1, 3.7]))
CLASSES = np.arange(60) * 7 % 11 % 3
NUMBERS = np.column_stack([X[:, 0] * X[:, 1], np.abs(X[:, 2])])
SIZES = {"hidden_layer_sizes": (6, 5), "batch_size": 16, "random_state": 0}


def trained(model, y, epochs=4):
    """Return ``model`` after some epochs; few, so that rounding cannot grow."""
    for _ in range(epochs):
        model.partial_fit(X, y, **({"classes": [0, 1, 2]} if y.ndim == 1 else {}))
    return model


MODELS = {
    "MLPClassifier": lambda: trained(
        MLPClassifier(**SIZES, learning_rate_init=0.01), CLASSES
    ).predict_proba(X[:5]),
    "MLPClassifier, logistic, sgd": lambda: trained(
        MLPClassifier(**SIZES, activation="logistic", solver="sgd", alpha=0.1), CLASSES
    ).predict_proba(X[:5]),
    "MLPRegressor": lambda: trained(
        MLPRegressor(**SIZES, learning_rate_init=0.01), NUMBERS
    ).predict(X[:5]),
    "MLPRegressor, poisson, dropout": lambda: trained(
        MLPRegressor("poisson", **SIZES, dropout=0.2, activation="tanh"),
        np.abs(NUMBERS),
    ).predict(X[:5]),
}


@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_the_stored_ones(name):
    stored = json.loads(STORE.read_text(encoding="utf-8"))
    np.testing.assert_allclose(MODELS[name](), stored[name], rtol=1e-6)


def test_every_stored_prediction_has_a_model():
    assert json.loads(STORE.read_text(encoding="utf-8")).keys() == MODELS.keys()


if __name__ == "__main__" and "--write" in sys.argv:
    values = {name: make().tolist() for name, make in MODELS.items()}
    STORE.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
