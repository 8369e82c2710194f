"""Whether XLA compiles the step that TensorFlow traces now."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

_with_xla: contextvars.ContextVar[bool] = contextvars.ContextVar("with_xla", default=False)


@contextlib.contextmanager
def traced(with_xla: bool) -> Iterator[None]:
    """Trace a step in the block, which XLA compiles if `with_xla` is true."""
    token = _with_xla.set(with_xla)
    try:
        yield
    finally:
        _with_xla.reset(token)


def compiles() -> bool:
    """Return whether XLA compiles what is traced now."""
    return _with_xla.get()
