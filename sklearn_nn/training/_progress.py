"""Progress: the epochs of a training, each told to all monitors, also at Ctrl-C."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sklearn_nn.training._monitors import Monitor
from sklearn_nn.training._state import Epoch, Outcome


class Progress:
    """Numbers the epochs of a training, asks the monitors, and keeps the outcome.

    Parameters
    ----------
    monitors : sequence of Monitor
        Who is asked after each epoch.
    subject : object
        What they see, such as the network.
    first_epoch : int
        Number of the first epoch.
    """

    def __init__(
        self, monitors: Sequence[Monitor], subject: Any, first_epoch: int = 1
    ) -> None:
        self.outcome = Outcome([])
        self._monitors, self._subject = monitors, subject
        self._first_epoch = first_epoch
        self._open: Epoch | None = None  # the last epoch that was reported
        self._n_asked = 0  # how many monitors have seen it

    def begin_epoch(self) -> None:
        """Tell the monitors that an epoch begins."""
        for monitor in self._monitors:
            monitor.before_epoch(self._subject)

    def report(self, epoch: Epoch) -> bool:
        """Report an epoch that has been trained; return whether to stop."""
        epoch.epoch = self._first_epoch + len(self.outcome.epochs)
        self._open, self._n_asked = epoch, 0
        return self._ask_monitors(epoch)

    @contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """End the training at Ctrl-C with what it has; without any epoch, raise.

        An epoch that has been trained counts: the monitors that were not asked are.
        """
        try:
            yield
        except KeyboardInterrupt as interrupt:
            if self._open is None:
                raise
            if self._open not in self.outcome.epochs:
                self._ask_monitors(self._open)
            self.outcome.interrupt = interrupt

    def finish(self) -> Outcome:
        """Tell the monitors that the training has ended; return how it did."""
        for monitor in self._monitors:
            monitor.finish(self._subject)
        return self.outcome

    def _ask_monitors(self, epoch: Epoch) -> bool:
        stops = False
        for monitor in self._monitors[self._n_asked :]:
            stops |= monitor.after_epoch(epoch, self._subject)
            self._n_asked += 1
        self.outcome.epochs.append(epoch)
        return stops
