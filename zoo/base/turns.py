"""`Turns`, a lock whose waiting threads come to their turn."""

from __future__ import annotations

import threading


class Turns:
    """A lock that one thread may take several times, and that is fair.

    Training releases it after each step and wants it again at once. With a plain lock the threads
    that wait would often come too late. Here a thread queues behind the one that waits already.
    """

    def __init__(self):
        self._next = threading.Lock()  # of the thread that gets the lock next
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._depth = 0

    def __enter__(self) -> Turns:
        if self._owner == threading.get_ident():
            self._lock.acquire()
        else:
            with self._next:
                self._lock.acquire()
        self._owner, self._depth = threading.get_ident(), self._depth + 1
        return self

    def __exit__(self, *_) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
        self._lock.release()
