"""Modules of users, which Python finds in a folder of theirs."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

# The name of a module, with dots between those of packages.
MODULE = r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*$"


@contextlib.contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let Python find the modules in `folder` until the end of the block, before all others."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
