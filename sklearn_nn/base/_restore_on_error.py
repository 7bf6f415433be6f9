"""restore_on_error: a method that raises leaves the estimator as it was."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

M = TypeVar("M", bound=Callable[..., Any])


def restore_on_error(method: M) -> M:
    """Restore the attributes of the estimator if ``method`` raises.

    Attributes are restored by reference: the method must not write into arrays or
    lists that the estimator already holds.
    """

    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return guarded  # type: ignore[return-value]  # wraps keeps the signature
