"""TimeLimit: when all must have ended; Pace: how far a training run comes by then."""

import time

# Steps are judged once there were so many, and they took this share of the time: the
# first one takes longer, for its memory is new.
JUDGED_STEPS, JUDGED_SHARE = 3, 0.05
# What a row costs that goes forward only, in training rows.
FORWARD = 1 / 3
NEARLY = 1 - 1e-9  # one, up to rounding


class TimeLimit:
    """So many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Return the seconds that are left; less than zero if there are none."""
        return self._end - time.perf_counter()


class Pace:
    """How long the steps of a training run take, and how many there is time for.

    After the steps of an epoch comes its rest: validation, callbacks, the wait for
    other runs. Steps and rests take as long as those before; without any before, the
    rest is ``n_val`` rows that go forward. After the training all validation rows go
    forward once more, so the time of a rest is kept for that.

    Parameters
    ----------
    batch_size : int
        Rows of a step.
    n : int
        Rows of an epoch.
    n_val : int
        Rows of the validation.

    Attributes
    ----------
    reached : float
        How far training has come, in [0, 1], since it must hurry; 0 before.
    advance : float
        How far a step goes from there.
    is_over : bool
        Whether the end is reached, or there is no time for another step.
    """

    def __init__(self, batch_size: int, n: int, n_val: int) -> None:
        self._of_epoch = n / batch_size  # steps
        self._steps_of_rest = n_val / batch_size * FORWARD
        self._n_epochs = self._n_steps = 0
        self._in_steps = 0.0  # seconds
        self.reached = self.advance = 0.0
        self.is_over = False

    def begin_epoch(self, spent: float, left: float) -> None:
        """Begin an epoch ``spent`` seconds after the first, with so many ``left``."""
        self._started, self._spent, self._left = time.perf_counter(), spent, left

    def end_steps(self, n_steps: int) -> None:
        """Count the steps of an epoch."""
        self._in_steps += time.perf_counter() - self._started
        self._n_steps += n_steps
        self._n_epochs += 1

    def must_hurry(self, n_steps: int, here: float, usual: float) -> bool:
        """Whether there is no time for all epochs; then `advance` is set.

        Once there was none, progress follows the time. ``n_steps`` have been taken in
        this epoch, and led ``here``; a step usually goes ``usual`` far.
        """
        elapsed, to_go = time.perf_counter() - self._started, 1 - here
        total, n_seen = self._spent + self._left, self._n_steps + n_steps
        if n_seen < JUDGED_STEPS or self._spent + elapsed < JUDGED_SHARE * total:
            return False
        step = (self._in_steps + elapsed) / n_seen
        left = self._steps_left(n_steps, step, self._left - elapsed)
        if not self.reached and left * usual >= to_go * NEARLY:
            return False
        self.reached = here
        self.advance = min(max(usual, to_go / max(left, 1.0)), to_go)
        self.is_over = left < 0.5 or here > NEARLY
        return True

    def _steps_left(self, n_steps: int, step: float, left: float) -> float:
        rest = step * self._steps_of_rest
        if self._n_epochs:
            rest = (self._spent - self._in_steps) / self._n_epochs
        left -= 2 * rest
        here = max(self._of_epoch - n_steps, 0.0)
        if left <= here * step:
            return left / step if left > 0 else 0.0
        return here + (left - here * step) / (step + rest / self._of_epoch)
