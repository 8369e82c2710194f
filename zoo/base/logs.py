"""Warnings of other libraries that say nothing to a user of this one."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(name: str) -> Iterator[None]:
    """Hide the warnings of the logger `name` inside of a `with` block; errors still show.

    Other threads are heard as before.
    """
    thread, log = threading.get_ident(), logging.getLogger(name)

    def is_shown(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR or record.thread != thread

    log.addFilter(is_shown)
    try:
        yield
    finally:
        log.removeFilter(is_shown)
