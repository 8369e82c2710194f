"""Knowledge of whether the engine's `gradient` is running, whose result a loss differentiates."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable

_running = contextvars.ContextVar("running", default=False)


def marked(gradient: Callable) -> Callable:
    """Return the function `gradient` of a backend, in whose calls `is_running` gives True."""

    @functools.wraps(gradient)
    def marking(*args, **kwargs):
        token = _running.set(True)
        try:
            return gradient(*args, **kwargs)
        finally:
            _running.reset(token)

    return marking


def is_running() -> bool:
    """Return whether `gradient` calls the present function."""
    return _running.get()
