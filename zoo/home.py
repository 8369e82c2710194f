"""Where what is downloaded or computed once is kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def home() -> Path:
    """The folder `ZOO_HOME`, by default `~/.cache/zoo`."""
    return Path(os.environ.get("ZOO_HOME") or "~/.cache/zoo").expanduser()


@contextlib.contextmanager
def whole(place: Path) -> Iterator[Path]:
    """A temporary path beside `place` to write to; what is there at the end takes `place`, and an
    error leaves nothing behind."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix="".join(place.suffixes))
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)  # others may read it, as any file
        os.replace(partial, place)
    finally:
        partial.unlink(missing_ok=True)
