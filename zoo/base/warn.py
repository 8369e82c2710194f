"""`warn`, whose warnings point to the line of the user."""

from __future__ import annotations

import sys
import warnings

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


def _package(frame) -> str:
    """Return the name of the package that the code of `frame` belongs to."""
    return frame.f_globals.get("__name__", "").partition(".")[0]
