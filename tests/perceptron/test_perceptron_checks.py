"""scikit-learn's checks of estimators, for the perceptron."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_nn import PerceptronClassifier

REPEATED = (
    "the algorithm visits one row after the other: two visits to a row are two chances "
    "for a mistake, with other weights in between, so a weight of 2 is not a repetition"
)
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": REPEATED,
    "check_sample_weight_equivalence_on_sparse_data": REPEATED,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        PerceptronClassifier(max_iter=25, variant=variant)
        for variant in ("rosenblatt", "pocket", "averaged")
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learns_check_passes(estimator, check):
    check(estimator)
