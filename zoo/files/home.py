"""Where what is downloaded or computed once is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import StorageError


def home() -> Path:
    """The folder `ZOO_HOME`, by default `~/.cache/zoo`."""
    return Path(os.environ.get("ZOO_HOME") or "~/.cache/zoo").expanduser()


def lock_of(place: Path):
    """A `filelock.FileLock` for what happens at `place`: not beside it, where only what belongs
    there is to lie."""
    from filelock import FileLock

    name = hashlib.sha256(os.fsencode(place.resolve())).hexdigest()[:16]
    locks = home() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return FileLock(locks / f"{name}.lock")


PARTIAL = ".partial"


@contextlib.contextmanager
def room(place: Path) -> Iterator[None]:
    """Makes what the system says of writing to `place`, by `whole` or `whole_folder`, one error.

    Raises:
        StorageError: where there was an `OSError`.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"{place} cannot be written, and is as it was: {error.strerror or error}."
        ) from error


@contextlib.contextmanager
def whole(place: Path) -> Iterator[Path]:
    """A temporary path beside `place` to write to; what is there at the end takes `place`, and an
    error leaves nothing behind. (A process that is killed leaves `.<name of place>.<more>`.)"""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=place.parent, prefix=f".{place.name}.", suffix="".join(place.suffixes)
    )
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
    end, once all of it is on the disk, and an error leaves what is there as it was.

    What a process that was killed meanwhile left is found by `unfinished(place)`.
    """
    place = place.resolve()  # of a link, what it leads to is replaced
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{place.name}.", suffix=PARTIAL))
    earlier = partial.with_name(partial.name + ".earlier")
    try:
        yield partial
        partial.chmod(0o755)
        # A name that reached the disk before its content would be a torn folder after a power cut.
        for path in [*(p for p in partial.rglob("*") if p.is_file()), partial]:
            _sync(path)
        if place.exists():
            os.replace(place, earlier)  # a folder that is not empty cannot be replaced at once
        os.replace(partial, place)
        _sync(place.parent)
    finally:
        if earlier.exists() and not place.exists():
            os.replace(earlier, place)  # whatever happened between the two
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(earlier, ignore_errors=True)


def unfinished(place: Path) -> list[Path]:
    """The folders that `whole_folder(place)` left where its process was killed; `place` may be a
    pattern."""
    return sorted(place.parent.glob(f"{place.name}*{PARTIAL}*"))


def _sync(path: Path) -> None:
    """Waits until the file, or the names in the folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
