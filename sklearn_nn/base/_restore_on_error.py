"""restore_on_error: a method that raises leaves the estimator as it was."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

M = TypeVar("M", bound=Callable[..., Any])

# What to lower where memory ends, of those that an estimator has.
MEMORY_TAKERS = ("batch_size", "hidden_layer_sizes", "network", "n_members")


def restore_on_error(method: M) -> M:
    """Restore the attributes of the estimator if ``method`` raises.

    Attributes are restored by reference: the method must not write into arrays or
    lists that the estimator already holds. Where memory ended, the error says what
    takes less.
    """

    @wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException as error:
            vars(self).clear()
            vars(self).update(before)
            if isinstance(error, MemoryError):
                raise MemoryError(_memory_message(self, method, error)) from error
            raise

    return guarded  # type: ignore[return-value]  # wraps keeps the signature


def _memory_message(estimator: Any, method: Any, error: MemoryError) -> str:
    what = f"{method.__name__} of {type(estimator).__name__}"
    takers = [f"`{name}`" for name in MEMORY_TAKERS if hasattr(estimator, name)]
    lower = f"Lower {' or '.join(takers)}, or pass" if takers else "Pass"
    why = str(error).rstrip(".") or "the system gave none"
    return f"{what} needs more memory than there is: {why}. {lower} fewer rows at once."
