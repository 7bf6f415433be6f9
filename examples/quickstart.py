"""
Quickstart
==========

The estimators of sklearn_nn on tables that ship with scikit-learn, in pipelines and in
a grid search, beside scikit-learn's own classes on the same folds.
"""

import time

from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import Perceptron
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn.neural_network import MLPRegressor as SklearnMLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_nn import MLPClassifier, MLPRegressor, PerceptronClassifier

GRID = {
    "mlpclassifier__hidden_layer_sizes": [(30,), (100,)],
    "mlpclassifier__alpha": [1e-4, 1.0],
}


def scaled(estimator):
    return make_pipeline(StandardScaler(), estimator)


def searched(estimator):
    return GridSearchCV(scaled(estimator), GRID, cv=3)


def scaled_target(estimator):
    return TransformedTargetRegressor(scaled(estimator), transformer=StandardScaler())


def measure(model, X, y):
    """Return the mean score over 5 folds, and the seconds it took."""
    start = time.perf_counter()
    score = cross_val_score(model, X, y, cv=5).mean()
    return score, time.perf_counter() - start


breast_cancer = load_breast_cancer(return_X_y=True)
digits = load_digits(return_X_y=True)
diabetes = load_diabetes(return_X_y=True)

averaged = PerceptronClassifier(variant="averaged", max_iter=10, random_state=0)
perceptrons = averaged, Perceptron(random_state=0)
mlp = {"learning_rate_init": 0.01, "max_iter": 500, "random_state": 0}
classifiers = MLPClassifier(**mlp), SklearnMLPClassifier(**mlp)
regressors = MLPRegressor(alpha=10, **mlp), SklearnMLPRegressor(alpha=10, **mlp)

cases = [
    ("breast cancer", breast_cancer, scaled, perceptrons),
    ("breast cancer", breast_cancer, scaled, classifiers),
    ("breast cancer", breast_cancer, searched, classifiers),
    ("digits", digits, scaled, perceptrons),
    ("digits", digits, scaled, classifiers),
    ("diabetes", diabetes, scaled_target, regressors),
]

print(f"{'':39}{'sklearn_nn':>16}{'scikit-learn':>16}")
print(f"{'data set':15}{'estimator':24}" + 2 * f"{'score':>8}{'seconds':>8}")
for name, (X, y), build, (ours, theirs) in cases:
    score, seconds = measure(build(ours), X, y)
    reference, reference_seconds = measure(build(theirs), X, y)
    label = type(ours).__name__ + (", grid" if build is searched else "")
    print(
        f"{name:15}{label:24}{score:8.3f}{seconds:8.2f}"
        f"{reference:8.3f}{reference_seconds:8.2f}"
    )
    assert score > reference - 0.03  # an example is also a test
