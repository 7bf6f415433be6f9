"""scikit-learn's callbacks (since 1.9), as a monitor of the training loop."""

from functools import wraps
from typing import Any

from sklearn_nn.core import Network
from sklearn_nn.training import Epoch, Monitor

__all__ = ["CallbackMonitor", "CallbackSupportMixin", "with_callbacks"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn < 1.9: the same estimators without callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]  # a stand-in
        """Says that callbacks need a newer scikit-learn."""

        def set_callbacks(self, *callbacks: Any) -> Any:
            """Raise RuntimeError: ``callbacks`` need scikit-learn 1.9 or newer."""
            raise RuntimeError("`set_callbacks` needs scikit-learn 1.9 or newer.")

    def with_callbacks(method: Any) -> Any:
        """Return ``method`` in a wrapper, so that warnings find the user's line."""

        @wraps(method)
        def wrapped(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            return method(estimator, *args, **kwargs)

        return wrapped


class CallbackMonitor(Monitor):
    """Tells scikit-learn's callbacks of each epoch; they may stop the training.

    The hooks get the user's own ``X`` and ``y``, so that scorers see feature names and
    labels, and a fitted estimator with a copy of the parameters of that moment.
    """

    def __init__(
        self,
        estimator: Any,
        task_name: str,
        max_epochs: int,
        arguments: dict[str, Any],
    ) -> None:
        self.estimator, self.arguments = estimator, arguments
        self.epoch_context: Any = None
        self.context = estimator._init_callback_context(
            task_name=task_name, max_subtasks=max_epochs
        )
        self.context.call_on_fit_task_begin(estimator=estimator, **arguments)

    def before_epoch(self, net: Network) -> None:
        self.epoch_context = self.context.subcontext(task_name="epoch")
        self.epoch_context.call_on_fit_task_begin(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=lambda: self.estimator._snapshot(net),
        )

    def after_epoch(self, epoch: Epoch, net: Network) -> bool:
        self.estimator._record_epoch(epoch)
        return self._end_epoch(net)

    def finish(self, net: Network) -> None:
        if self.epoch_context is not None:  # training was interrupted
            self._end_epoch(net)

    def end(self, net: Any) -> None:
        """Close the root context; the estimator is complete."""
        self.context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=lambda: self.estimator._snapshot(net),
        )

    def _end_epoch(self, net: Network) -> bool:
        context, self.epoch_context = self.epoch_context, None
        if context is None:  # asked again: Ctrl-C came while they were told
            return False
        stop = context.call_on_fit_task_end(
            estimator=self.estimator,
            **self.arguments,
            reconstruction_attributes=lambda: self.estimator._snapshot(net),
        )
        return bool(stop)
