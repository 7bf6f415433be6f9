"""Neural networks for people who live in scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sklearn_nn.estimators import (
        MLPClassifier,
        MLPRegressor,
        NetworkClassifier,
        NetworkRegressor,
        PerceptronClassifier,
        TabularClassifier,
        TabularRegressor,
    )
else:
    # An estimator is imported when it is first asked for; so are the folders.
    _FOLDERS = ("blocks", "core", "estimators", "inspection", "losses", "optimizers")
    _FOLDERS += ("preprocessing", "schedules", "training")

    def __getattr__(name):
        if name in _FOLDERS:
            return import_module(f"{__name__}.{name}")
        if name in __all__:
            return getattr(import_module(f"{__name__}.estimators"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__all__})


__version__ = "0.1.0.dev0"

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "NetworkClassifier",
    "NetworkRegressor",
    "PerceptronClassifier",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
]
