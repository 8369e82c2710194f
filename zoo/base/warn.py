"""`warn`, whose warnings point to the line of the user, and `filtered`, a filter for a while."""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator

# The packages between a user's line and the fault that it causes.
PASSED = {"zoo", "keras", "tensorflow", "jax", "torch"}


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of `message`, at the line outside of this package and its libraries that led here.

    `warnings.warn` counts a fixed number of calls, which is right for one way to a fault alone.
    """
    frame, level = sys._getframe(1), 2
    while frame is not None and _package(frame) in PASSED:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_filtering = threading.RLock()


@contextlib.contextmanager
def filtered(action: str, message: str = "", category: type[Warning] = Warning) -> Iterator[None]:
    """Filter warnings until the end of the block, in one thread at a time.

    If the blocks of `warnings.catch_warnings` of two threads overlap, the filter of one of them
    stays for good.

    Args:
        action: what is done with the warnings, such as `"ignore"` or `"error"`.
        message: a regular expression for the beginning of their texts.
        category: their class.
    """
    with _filtering, warnings.catch_warnings():
        warnings.filterwarnings(action, message, category)
        yield


def _package(frame) -> str:
    """Return the name of the package that the code of `frame` belongs to."""
    return frame.f_globals.get("__name__", "").partition(".")[0]
