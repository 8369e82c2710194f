"""The check that a process can compute, and was not forked from one that has computed."""

from __future__ import annotations

import os

from zoo import engine
from zoo.errors import ForkError

_computed = False  # by this process, or by the one that it was forked from
_forked = False


def check_can_compute() -> None:
    """Raise in a child that was forked after its parent had computed, and remember this process.

    A fork copies one thread. The child would wait for ever for the threads of the backend.
    """
    global _computed
    if _forked and not engine.computes_after_a_fork():
        raise ForkError(
            "This process was forked from one that had computed with the backend, whose threads it "
            "does not have. Start processes by multiprocessing.get_context('forkserver') or "
            "'spawn'; a DataLoader takes multiprocessing_context='forkserver'."
        )
    _computed = True


def _after_fork() -> None:
    global _forked
    _forked = _computed


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
