"""Classes known and classes seen: what must agree when training goes on."""

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import type_of_target

from sklearn_nn.base._labels import read_labels
from sklearn_nn.base._targets import ClassTargets, LabelTargets
from sklearn_nn.core import Array

Labels = ClassTargets | LabelTargets


def declared_classes(known: Labels | None, y: Any, classes: Any) -> Labels:
    """Return the encoder for ``partial_fit``: the known one, or one for ``classes``."""
    if classes is None:
        if known is None:
            raise ValueError(
                "`classes` must be passed on the first call to partial_fit: all labels "
                "that will ever occur."
            )
        return known
    classes = np.unique(column_or_1d(read_labels(classes, "classes")))
    if not len(classes):
        raise ValueError("`classes` must name at least one class; got none.")
    if known is None:
        labels = type_of_target(y, input_name="y") == "multilabel-indicator"
        return LabelTargets(len(classes)) if labels else ClassTargets(classes)
    if isinstance(known, LabelTargets):  # labels are columns: only their number counts
        same = len(classes) == known.n_raw
    else:
        same = np.array_equal(classes, known.classes)
    if not same:
        raise ValueError(
            f"`classes` must be the same in every call to partial_fit; got {classes}, "
            f"before that {known.classes}."
        )
    return known


def check_same_classes(known: Array, seen: Array) -> None:
    """Raise ValueError if a warm start meets other classes than the fit before."""
    if not np.array_equal(known, seen):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {known}, `y` has {seen}"
        )


def apply_class_weight(
    targets: Labels, class_weight: Any, y: Any, weight: Array | None, incremental: bool
) -> Array | None:
    """Return the row weights times those of the classes: (n,), or None for ones."""
    if class_weight is None:
        return weight
    if incremental and class_weight == "balanced":
        raise ValueError(
            "class_weight='balanced' is not possible in partial_fit, which does not "
            "see all rows. Give a dict of weights."
        )
    factors = targets.class_weights(y, class_weight, weight)
    weight = factors if weight is None else weight * factors
    if not weight.any():
        raise ValueError(
            f"`class_weight`={class_weight!r} must leave some row of `y` a positive "
            "weight; all weights are zero."
        )
    return weight
