"""TabularClassifier and TabularRegressor beside other estimators, as they come."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.timing import seconds
from sklearn_nn import TabularClassifier, TabularRegressor

# Those that ship with scikit-learn; whether they have classes.
TABLES: Mapping[str, tuple[Callable[..., Any], bool]] = {
    "iris": (datasets.load_iris, True),
    "wine": (datasets.load_wine, True),
    "breast_cancer": (datasets.load_breast_cancer, True),
    "digits": (datasets.load_digits, True),
    "diabetes": (datasets.load_diabetes, False),
}


def ours(preset: str) -> Callable[[bool], Any]:
    """Return the function that makes our estimator with a preset."""
    return lambda classes: (TabularClassifier if classes else TabularRegressor)(
        preset, random_state=0
    )


def boosting(classes: bool) -> Any:
    """Return scikit-learn's gradient boosting."""
    if classes:
        return HistGradientBoostingClassifier(random_state=0)
    return HistGradientBoostingRegressor(random_state=0)


def perceptron(classes: bool) -> Any:
    """Return scikit-learn's MLP on scaled columns and targets."""
    if classes:
        return make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    pipe = make_pipeline(StandardScaler(), MLPRegressor(random_state=0))
    return TransformedTargetRegressor(pipe, transformer=StandardScaler())


def lightgbm(classes: bool) -> Any:
    """Return LightGBM."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMClassifier if classes else LGBMRegressor
    return kind(random_state=0, n_jobs=1, verbose=-1)


def catboost(classes: bool) -> Any:
    """Return CatBoost."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    return kind(random_seed=0, thread_count=1, verbose=False, allow_writing_files=False)


def xgboost(classes: bool) -> Any:
    """Return XGBoost."""
    from xgboost import XGBClassifier, XGBRegressor

    return (XGBClassifier if classes else XGBRegressor)(random_state=0, n_jobs=1)


MODELS: Mapping[str, Callable[[bool], Any]] = {
    "ours": ours("default"),
    "ours, fast": ours("fast"),
    "HistGradientBoosting": boosting,
    "MLP of scikit-learn": perceptron,
    "LightGBM": lightgbm,
    "CatBoost": catboost,
    "XGBoost": xgboost,
}
OPTIONAL = ("LightGBM", "CatBoost", "XGBoost")  # by the names of their modules


def rows(quick: bool) -> Iterator[dict[str, Any]]:
    """Yield the scores of each estimator on each table, and the seconds of its fit."""
    missing = {n for n in OPTIONAL if find_spec(n.lower()) is None}
    for table, (load, classes) in TABLES.items():
        if quick and table != "iris":
            continue
        for model, make in MODELS.items():
            if model not in missing and not (quick and model == "ours"):
                yield {
                    "table": table,
                    "estimator": model,
                    **measure(load, make, classes),
                }


def measure(load: Any, make: Callable[[bool], Any], classes: bool) -> dict[str, float]:
    """Fit on three quarters of the rows, and score the last."""
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X, y, test_size=0.25, random_state=0, stratify=y if classes else None
    )
    model = make(classes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's MLP has not converged
        spent = seconds(lambda: model.fit(X, y))
    if not classes:
        error = model.predict(X_test) - y_test
        loss = float(np.sqrt(np.mean(error**2)) / np.std(y_test))
        return {"loss": loss, "error": np.nan, "fit in s": spent}
    p = model.predict_proba(X_test)
    wrong = float(np.mean(model.classes_[p.argmax(axis=1)] != y_test))
    return {"loss": float(log_loss(y_test, p)), "error": wrong, "fit in s": spent}
