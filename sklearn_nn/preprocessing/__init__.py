"""Transformers from the columns of a table to the numbers that a network reads."""

from sklearn_nn._lazy import lazy

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
