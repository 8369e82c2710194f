"""Notes on files, which this user alone can have written.

They lie in a folder of the user's own and not beside the files: whoever can exchange a file could
exchange a note beside it too.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from zoo.files.home import home, write_text
from zoo.files.regular import is_closed, is_own

FOLDER = "verified"


class Note(NamedTuple):
    """A note, and the time when it was written, in nanoseconds."""

    text: str
    written: int


def write_note(path: Path, text: str) -> None:
    """Keep `text` as the note on the file `path`, unless the cache cannot be written."""
    with contextlib.suppress(OSError):
        write_text(_place(path), text)


def note(path: Path) -> Note | None:
    """Return the note on the file `path`, or `None` if there is none of this user."""
    place = _place(path)
    with contextlib.suppress(OSError, ValueError):
        folder, status = os.lstat(place.parent), os.lstat(place)
        if all(is_own(each) and is_closed(each) for each in (folder, status)):
            return Note(place.read_text("utf-8"), status.st_mtime_ns)
    return None


def forget_note(path: Path) -> None:
    """Remove the note on the file `path`, if there is one."""
    _place(path).unlink(missing_ok=True)


def _place(path: Path) -> Path:
    """Return the place of the note on the file `path`."""
    key = hashlib.sha256(os.fsencode(os.path.normcase(path.resolve()))).hexdigest()
    return home() / FOLDER / key[:32]
