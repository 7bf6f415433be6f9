"""scikit-learn's checks of TableEncoder, without one expected failure."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_nn.preprocessing import TableEncoder

ENCODERS = [TableEncoder(), TableEncoder(max_one_hot=0, categorical_features=None)]


@parametrize_with_checks(ENCODERS)
def test_estimator_checks(estimator, check):
    check(estimator)
