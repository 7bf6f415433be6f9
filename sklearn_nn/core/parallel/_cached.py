"""cached_property: worked out once, and kept by the object."""

from collections.abc import Callable
from typing import Any


class cached_property:  # the name of what it stands for
    """`functools.cached_property` without its lock.

    Up to Python 3.11 there is one for all objects: threads wait for each other, and a
    process that is forked while one holds it waits for ever. Two threads that ask at
    once may both work it out here; one result is kept.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function, self.__doc__ = function, function.__doc__
        self._name = function.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Work it out, and put it where it is found first from then on."""
        if instance is None:
            return self
        return vars(instance).setdefault(self._name, self._function(instance))
