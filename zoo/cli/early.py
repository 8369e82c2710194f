"""Work of commands that Ctrl-C ends early, with a result."""

from __future__ import annotations

import sys
from collections.abc import Callable

from zoo.base.stopping import Stopped, watched
from zoo.cli.base import say


def ended_early(work: Callable, report: Callable, text: str) -> None:
    """Do some work, report its result, and exit with the signal's status if it was ended early.

    Args:
        work: a function from `stops`, which says whether to end now, to a result. It writes files
            itself, and is not interrupted while it does.
        report: a function that prints a result.
        text: the line on the standard error stream if the work was ended early.
    """
    result = None
    with watched() as stop:
        try:
            with stop.deferred():
                result = work(lambda: stop.asked is not None)
        except Stopped as stopped:
            if result is not None:
                report(result)
                say(text, err=True)
            sys.exit(stopped.exit_code)
    report(result)
