"""Looking inside: gradient checks."""

from sklearn_nn.core import GradientCheck, check_gradient

__all__ = ["GradientCheck", "check_gradient"]
