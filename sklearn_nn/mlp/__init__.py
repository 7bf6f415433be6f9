"""Multi-layer perceptrons with the parameters of scikit-learn's."""

from sklearn_nn._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
