"""`Progress`, which tells how far a training is."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence

import keras
from tqdm import tqdm

# The line on a terminal: the time that has passed and the time left, with a bar of fixed length, so
# that numbers have room.
LINE = "{desc}: {percentage:3.0f}%|{bar:10}| {elapsed}<{remaining}, {rate_fmt}{postfix}"
WITHOUT_NUMBERS, USUAL_COLUMNS = 60, 80  # the characters of that line without its numbers
LINE_SECONDS = 5.0  # the least time between two lines of a file
# The first steps, which compile the step, tell nothing of the time of the others.
COMPILING, MEASURED_SECONDS = 2, 2.0


class Progress(keras.callbacks.Callback):
    """Tell how far a training is, at which rate it goes, and how long it will last.

    On a terminal it is one line, which is drawn over again. Elsewhere each epoch is a line, at most
    one in five seconds.

    A training that is continued begins with an estimate of its time, by the epochs that are done.
    Another estimate follows the first steps. These are timed, and no trial before them: a trial
    would compile the step once more, and its steps would last as long and be lost.

    Args:
        steps: the number of steps of the whole training.
        epochs: the number of its epochs.
        done: a function that returns the number of steps that are done before a call of `fit`.
        say: is given one line at a time.
        terminal: whether to draw a line on the terminal; by default whether there is one.
        lasted: a function that returns the seconds of each epoch that is done.
    """

    def __init__(
        self,
        steps: int,
        epochs: int,
        done: Callable[[], int],
        say: Callable[[str], None],
        terminal: bool | None = None,
        lasted: Callable[[], Sequence[float]] = tuple,
    ):
        super().__init__()
        self.steps, self.epochs, self.done_before, self.say = steps, epochs, done, say
        self.terminal = sys.stdout.isatty() if terminal is None else terminal
        self.lasted = lasted
        self.bar = None
        self.begun: tuple[int, float] | None = None  # the first step that is timed, and its time
        self.estimated = self.foretold = False
        self.said, self.since = -LINE_SECONDS, 0.0
        self.done = self.seen = 0

    def on_train_begin(self, logs=None):
        self.close()  # of a training that went back
        self.done = self.seen = self.done_before()
        self.begun, self.since = None, time.perf_counter()
        if self.terminal:
            self.bar = tqdm(
                total=self.steps,
                initial=self.done,
                unit="step",
                file=sys.stdout,
                dynamic_ncols=True,
                leave=False,
                bar_format=LINE,
            )
        self._foretell()

    def on_epoch_begin(self, epoch, logs=None):
        if self.bar is not None:
            self.bar.set_description_str(f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        taken, now = self.done - self.seen, time.perf_counter()
        if self.begun is None and taken == COMPILING:
            self.begun = self.done, now
        elif self.begun is not None and not self.estimated:
            self._estimate(now)
        if self.bar is not None:
            self.bar.update()
            if logs and now - self.said >= 1:
                self.said = now
                self.bar.set_postfix_str(_fitting(logs, self._room()), refresh=False)

    def on_epoch_end(self, epoch, logs=None):
        now, last = time.perf_counter(), epoch + 1 == self.epochs
        if self.bar is not None or (now - self.said < LINE_SECONDS and not last):
            return
        self.said = now
        taken = self.done - self.seen
        left = (now - self.since) / max(taken, 1) * (self.steps - self.done)
        rest = "" if last else f", {duration(left)} left"
        self.say(f"epoch {epoch + 1}/{self.epochs}: {_numbers(logs or {})}{rest}")

    def on_train_end(self, logs=None):
        self.close()

    def close(self) -> None:
        """Remove the line from the terminal."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None

    def _room(self) -> int:
        """Return the number of characters that the line has for numbers."""
        columns = self.bar.format_dict["ncols"] or USUAL_COLUMNS
        return columns - WITHOUT_NUMBERS

    def _foretell(self) -> None:
        """Say once how long the training will last, if it goes on as in the epochs before."""
        lasted = self.lasted()
        if lasted and not self.foretold and not self.estimated:
            self.foretold = True
            each = statistics.median(lasted) / (self.steps / self.epochs)
            self._say_time(each, "at the pace of the epochs before")

    def _estimate(self, now: float) -> None:
        """Say once how long the training will last, when its steps were timed for long enough."""
        first, began = self.begun
        if now - began >= MEASURED_SECONDS:
            self.estimated = True
            each = (now - began) / (self.done - first)
            self._say_time(each, "not counting pictures and numbers")

    def _say_time(self, each: float, how: str) -> None:
        """Say how long the steps that are left will take, of `each` so many seconds."""
        left = self.steps - self.done
        if self.bar is not None:
            self.bar.clear()
        self.say(f"about {duration(each * left)} for {left} more steps, {how}")


def duration(seconds: float) -> str:
    """Return a time in words, such as `"2 h 5 min"`.

    Example:

    >>> from zoo.callbacks.progress import duration
    >>> duration(7), duration(95), duration(7500)
    ('7 s', '2 min', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _fitting(logs: dict, room: int) -> str:
    """Return as many numbers of `logs` as have room, and at least the first one."""
    shown = dict(logs)
    while len(shown) > 1 and len(_numbers(shown)) > room:
        shown.popitem()
    return _numbers(shown)


def _numbers(logs: dict) -> str:
    """Return the numbers of `logs` in short."""
    return ", ".join(f"{name} {float(value):.4g}" for name, value in logs.items())
