"""SIGTERM and Ctrl-C as requests to end, which are obeyed at once or after a protected block."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """Somebody asked the program to end.

    This class is no `Exception`, like `KeyboardInterrupt`: code that continues after errors must
    not continue after a request to end.

    Args:
        number: the number of the signal.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number  # the exit status that shells report


class Stop:
    """A record of whether the program was asked to end.

    `asked` is the number of the first signal, or `None`. A signal sets it while `watched` is
    active, and other code may set it too.
    """

    def __init__(self):
        self.asked: int | None = None
        self._deferred = False
        self._watched = False

    def check(self) -> None:
        """Raise `Stopped` if the program was asked to end."""
        if self.asked is not None:
            raise Stopped(self.asked)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Return a context in which a signal is noted and does not interrupt.

        Code inside of it calls `check` where it can end. Outside of it a signal raises `Stopped`
        wherever the program is.
        """
        self.check()
        if self._watched:
            # JAX and TensorFlow install their own SIGTERM handlers when processes connect.
            self._listen()
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.check()

    def _listen(self) -> None:
        """Install the signal handlers."""
        for number in SIGNALS:
            signal.signal(number, self._heard)

    def _heard(self, number, frame) -> None:
        """Handle a signal."""
        if self.asked is not None:
            return  # a supervisor may repeat its SIGTERM, which must not interrupt the block
        self.asked = number
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next Ctrl-C ends the process at once
        if not self._deferred:
            raise Stopped(number)


@contextlib.contextmanager
def watched() -> Iterator[Stop]:
    """Yield a `Stop` that hears SIGTERM and Ctrl-C until the end of the block.

    The earlier handlers are put back at the end. Outside of the main thread nothing changes, since
    Python delivers no signals there.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    handlers = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        stop._watched = True
        stop._listen()
        yield stop
    finally:
        stop._watched = False
        for number, handler in handlers:
            if handler is not None:  # Python gives None for a handler that C code installed
                signal.signal(number, handler)
