"""Settings: what a preset decides, and what the user decided in its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from sklearn_nn.base import CLASS_WEIGHT, REGRESSOR_RULES, SEED
from sklearn_nn.blocks import Activation, ParametricActivation
from sklearn_nn.core import (
    Boolean,
    OneOf,
    Rule,
    Satisfying,
    any_of,
    instance_of,
    integer,
    number,
    plain,
    plain_spec,
)
from sklearn_nn.preprocessing import TableEncoder
from sklearn_nn.schedules import CosineLog
from sklearn_nn.tabular._cv_splits import is_cv
from sklearn_nn.tabular._partner import (
    BOOSTING,
    is_partner_of_classes,
    is_partner_of_numbers,
)

AUTO = "auto"
MANY_NUMBERS, VERY_MANY_NUMBERS = 50, 1000
STEPS_OF_A_CYCLE = 30  # at least, in the first cycle of the rate
FEWEST_CYCLES = 3
BLIND_STEPS = 500  # at most, without validation
MIN_ROWS_TO_CALIBRATE = 50  # that validate, each counted once


@dataclass(frozen=True)
class Settings:
    """How to train on a table; each field is a parameter, and what its "auto" means.

    ``batch_size``, ``max_epochs`` and ``cycles`` may still be "auto", for they depend
    on the number of rows, and so may ``embedding``, which depends on that of columns.
    Two are no parameters: ``max_steps`` is how many batches each network may see, and
    ``few_numbers`` the embedding in a table of few columns of numbers.
    """

    n_bags: int = 10
    n_members: int = 1
    max_epochs: Any = AUTO
    hidden_layer_sizes: tuple[int, ...] = (128, 128)
    embedding: str | None = AUTO
    few_numbers: str = "both"
    activation: Any = "relu"
    share_weights: bool = False
    dropout: float = 0.0
    weight_decay: float = 0.02
    learning_rate: float = 0.08
    cycles: Any = AUTO
    max_steps: int = 3000
    tol: float | None = 0.05
    snapshots: bool = True
    batch_size: Any = AUTO
    n_iter_no_change: float = np.inf
    scoring: Any = None
    label_smoothing: float = 0.0
    calibrate: bool = True
    partner: Any = None

    @classmethod
    def of(cls, estimator: Any, presets: Mapping[str, Self]) -> Self:
        """Return the settings of the preset, with the values of the user in place."""
        settings = presets[estimator.preset]
        names = [f.name for f in fields(cls) if hasattr(estimator, f.name)]
        own = {name: plain_spec(plain(getattr(estimator, name))) for name in names}
        return replace(settings, **{n: v for n, v in own.items() if not is_auto(v)})

    def for_numbers(self, n_numeric: int) -> Self:
        """Return the settings for a table with so many columns of numbers."""
        if not is_auto(self.embedding):
            return self
        # In wide tables pieces take more time than all layers, and nothing is gained;
        # of very many numbers waves do, too.
        if n_numeric > VERY_MANY_NUMBERS:
            return replace(self, embedding=None)
        few = n_numeric <= MANY_NUMBERS
        return replace(self, embedding=self.few_numbers if few else "pbld")

    def rows_of_a_batch(self, n: int) -> int:
        """Return the size of a batch for ``n`` training rows."""
        size = 64 if n <= 1024 else 128 if n <= 8192 else 256 if n <= 30_000 else 512
        return min(n, size if is_auto(self.batch_size) else int(self.batch_size))

    def for_rows(self, n: int, n_val: int) -> Self:
        """Return the settings for ``n`` training rows and ``n_val`` that validate.

        They have a number of epochs and cycles, and too few rows do not calibrate.
        A cycle is twice as long as the one before, so that all of them are
        ``2**cycles - 1`` times as long as the first. Without validation rows nothing
        would end the training early.
        """
        steps = n // self.rows_of_a_batch(n)
        first = math.ceil(STEPS_OF_A_CYCLE / steps)  # epochs
        cycles, epochs = self.cycles, self.max_epochs
        if is_auto(cycles):
            most = self.max_steps if n_val else BLIND_STEPS
            fit = (most / steps if is_auto(epochs) else epochs) / first
            least = FEWEST_CYCLES if is_auto(epochs) else 1
            cycles = max(least, int(math.log2(fit + 1)))
        if is_auto(epochs):
            epochs = first * (2**cycles - 1)
        calibrate = self.calibrate and n_val >= MIN_ROWS_TO_CALIBRATE
        return replace(self, cycles=cycles, max_epochs=epochs, calibrate=calibrate)


def is_auto(value: Any) -> bool:
    """Whether the preset shall decide."""
    return isinstance(value, str) and value == AUTO


REALMLP = Settings(
    n_bags=1,
    n_members=1,
    max_epochs=256,
    hidden_layer_sizes=(256, 256, 256),
    embedding="pbld",
    activation=ParametricActivation("selu"),
    dropout=0.15,
    learning_rate=0.04,
    cycles=4,
    tol=None,
    snapshots=False,
    batch_size=256,
    scoring="accuracy",
    label_smoothing=0.1,
    calibrate=False,
)
CLASSIFIER_PRESETS: Mapping[str, Settings] = {
    "fast": Settings(n_bags=4, max_steps=1000),
    "default": Settings(),
    "best": Settings(n_members=4, max_steps=6000, tol=0.02, partner=BOOSTING),
    "realmlp": REALMLP,
}
NUMBERS = Settings(n_bags=8, few_numbers="piecewise", learning_rate=0.2)
REGRESSOR_PRESETS: Mapping[str, Settings] = {
    "fast": replace(NUMBERS, n_bags=4, max_steps=1000, tol=0.1),
    "default": NUMBERS,
    "best": replace(NUMBERS, n_members=4, max_steps=6000, tol=0.04, partner=BOOSTING),
    "realmlp": replace(
        REALMLP,
        learning_rate=0.2,
        activation=ParametricActivation("mish"),
        scoring=None,
        label_smoothing=0.0,
    ),
}


def are_widths(value: Any) -> bool:
    """Whether ``value`` is a list of numbers of units."""
    is_list = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1
    return is_list and all(integer(1).allows(units) for units in value)


def is_n_jobs(value: Any) -> bool:
    """Whether ``value`` is a number of threads as joblib takes it."""
    return any_of(integer(-(2**31), -1), integer(1, 2**31 - 1)).allows(value)


def _or_auto(*rules: Rule) -> Rule:
    return any_of(OneOf((AUTO,)), *rules)


MOST_NETWORKS = 10_000
ACTIVATIONS = (str, Activation, ParametricActivation)
NAMES = "a name or object as of `Dense`, or a `ParametricActivation`"
SPLITTERS = (
    "a splitter such as KFold(5), or pairs (train, test) of row numbers (`n_bags` is "
    "for a number of folds)"
)
TABULAR_RULES: Mapping[str, Rule] = {
    "preset": OneOf(tuple(CLASSIFIER_PRESETS)),
    "categorical_features": TableEncoder.rules["categorical_features"],
    "n_bags": _or_auto(integer(1, MOST_NETWORKS)),
    "n_members": _or_auto(integer(1, MOST_NETWORKS)),
    "max_epochs": _or_auto(integer(1)),
    "hidden_layer_sizes": _or_auto(
        Satisfying(are_widths, "a list of positive integers")
    ),
    "embedding": OneOf((AUTO, "both", "pbld", "piecewise", "periodic", None)),
    "activation": _or_auto(
        Satisfying(lambda value: isinstance(value, ACTIVATIONS), NAMES)
    ),
    "share_weights": _or_auto(Boolean()),
    "dropout": _or_auto(number(0, 1, "[)")),
    "weight_decay": _or_auto(number(0, np.inf, "[)")),
    "learning_rate": _or_auto(number(0, np.inf, "()")),
    "cycles": _or_auto(CosineLog.rules["cycles"]),
    "tol": _or_auto(number(0, 1, "[)"), OneOf((None,))),
    "snapshots": _or_auto(Boolean()),
    "batch_size": _or_auto(integer(1)),
    "n_iter_no_change": _or_auto(integer(1), OneOf((np.inf,))),
    "validation_fraction": number(0, 1, "[)"),
    "cv": any_of(OneOf((None,)), Satisfying(is_cv, SPLITTERS)),
    "store_oof_predictions": Boolean(),
    "scoring": any_of(
        OneOf((None,)),
        instance_of(str, "a name of a metric of scikit-learn"),
        Satisfying(callable, "a scorer"),
    ),
    "max_time": any_of(OneOf((None,)), number(0, np.inf, "()")),
    "n_jobs": any_of(OneOf((None,)), Satisfying(is_n_jobs, "an integer other than 0")),
    "random_state": SEED,
    "verbose": any_of(Boolean(), integer(0)),
}
CLASSES_RULES: Mapping[str, Rule] = {
    "partner": _or_auto(
        OneOf((None, BOOSTING)),
        Satisfying(is_partner_of_classes, "a classifier with predict_proba"),
    ),
    "class_weight": CLASS_WEIGHT,
    "label_smoothing": _or_auto(number(0, 1, "[)")),
    "calibrate": _or_auto(Boolean()),
}
NUMBERS_RULES: Mapping[str, Rule] = {
    **REGRESSOR_RULES,
    "partner": _or_auto(
        OneOf((None, BOOSTING)), Satisfying(is_partner_of_numbers, "a regressor")
    ),
}
