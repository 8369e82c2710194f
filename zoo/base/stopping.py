"""SIGTERM and Ctrl-C as requests to end: answered at once, or after what must not be cut short."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """Somebody asked the program to end. Like `KeyboardInterrupt` it is no `Exception`, so that
    code which goes on after errors does not go on after this.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number  # as shells report it


class Stop:
    """Whether the program was asked to end: by a signal, of one that is `watched`, or by who sets
    `asked`.

    `asked` is the number of the first signal that came, or `None`.
    """

    def __init__(self):
        self.asked: int | None = None
        self._deferred = False
        self._watched = False

    def check(self) -> None:
        """Raises `Stopped` if the program was asked to end."""
        if self.asked is not None:
            raise Stopped(self.asked)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Within, a signal is only noted, and it is for the code there to `check`; outside, it
        raises `Stopped` wherever the program is."""
        self.check()
        if self._watched:
            self._listen()  # again: JAX and TensorFlow hear SIGTERM themselves where processes meet
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.check()

    def _listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._heard)

    def _heard(self, number, frame) -> None:
        if self.asked is not None:
            return  # a supervisor that repeats its SIGTERM cuts nothing short
        self.asked = number
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next Ctrl-C ends the process at once
        if not self._deferred:
            raise Stopped(number)


@contextlib.contextmanager
def watched() -> Iterator[Stop]:
    """A `Stop` that hears SIGTERM and Ctrl-C until the end of the block, when the handlers that
    were there before are put back. Outside of the main thread, where Python hears no signals, it
    changes nothing."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        stop._watched = True
        stop._listen()
        yield stop
    finally:
        stop._watched = False
        for number, handler in before:
            if handler is not None:  # None: one that was not set from Python
                signal.signal(number, handler)
