"""Neural networks for people who live in scikit-learn."""

from sklearn_nn._lazy import lazy
from sklearn_nn._version import __version__

__getattr__, __dir__, __all__ = lazy(__name__, __file__)
__all__ += ["__version__"]
