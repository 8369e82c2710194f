"""Where what is downloaded or computed once is kept."""

from __future__ import annotations

import contextlib
import os
import shutil
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


@contextlib.contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """A temporary folder beside `place` to write to; it takes the place of what is there at the
    end, and an error leaves that as it was."""
    place = place.resolve()  # of a link, what it leads to is replaced
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    earlier = partial.with_name(partial.name + ".earlier")
    try:
        yield partial
        partial.chmod(0o755)
        if place.exists():
            os.replace(place, earlier)  # a folder that is not empty cannot be replaced at once
        os.replace(partial, place)
    finally:
        if earlier.exists() and not place.exists():
            os.replace(earlier, place)  # whatever happened between the two
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)
