"""The folder for downloads and cached results, users' paths, and atomic writes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import ArgumentError, StorageError
from zoo.files.regular import is_own


def home() -> Path:
    """Return the folder `ZOO_HOME`, by default `~/.cache/zoo`, which need not exist.

    A user without a home directory, as in some containers, gets a folder among the system's
    temporary files.

    Raises:
        ArgumentError: if another user has made that folder.
    """
    named = os.environ.get("ZOO_HOME")
    if named:
        return user_path(named)
    try:
        return Path.home() / ".cache" / "zoo"
    except RuntimeError:  # there is no HOME, and the system knows no user of this id
        user = os.getuid() if hasattr(os, "getuid") else 0  # Windows has one such folder for each
        place = Path(tempfile.gettempdir()) / f"zoo-{user}"
    with contextlib.suppress(FileNotFoundError):
        if not is_own(place.lstat()):
            raise ArgumentError(
                f"{place}, the folder for the cache of a user without a home directory, belongs to "
                "another user. ZOO_HOME names another folder."
            )
    return place


def user_path(path: str | Path) -> Path:
    """Return `path`, which a user gave, with the home directory in place of `~`.

    Raises:
        ArgumentError: if `path` names a home directory that is unknown.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ArgumentError(
            f"The home directory in {str(path)!r} is unknown. Give the path without '~', or set "
            "the variable HOME."
        ) from error


def lock_of(place: Path):
    """Return a `filelock.FileLock` for work on `place`.

    The lock file lies in `ZOO_HOME` and not beside `place`, whose folder holds no foreign files.
    """
    from filelock import FileLock

    # On Windows `Runs` and `runs` are one folder.
    name = hashlib.sha256(os.fsencode(os.path.normcase(place.resolve()))).hexdigest()[:16]
    lock = home() / "locks" / f"{name}.lock"
    make_folder(lock.parent)
    if lock.is_symlink():  # somebody planted it: what it leads to would be emptied
        lock.unlink()
    return FileLock(lock, mode=0o600)


def make_folder(folder: Path) -> None:
    """Make `folder`, and the folders above it, where they are missing.

    Other users can neither read nor write those of the cache, whatever the umask is.

    Raises:
        NotADirectoryError: if a file is in the place of one of them.
    """
    if (file := file_at(folder)) is not None:
        raise NotADirectoryError(errno.ENOTDIR, f"{file} is a file, and no folder")
    cache = home()
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir(0o700 if each.is_relative_to(cache) else 0o777, exist_ok=True)


def file_at(folder: Path) -> Path | None:
    """Return the file in the place of `folder` or of a folder above it, or `None`."""
    nearest = next((place for place in (folder, *folder.parents) if place.exists()), None)
    return None if nearest is None or nearest.is_dir() else nearest


def write_text(path: Path, text: str) -> None:
    r"""Replace the file `path` by `text`, in UTF-8 and with `\n`: the same bytes on each system."""
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def free_file(place: Path) -> Iterator[Path]:
    """Yield a new, empty file: `place`, or `<stem>-1<suffix>` and so on where that is taken.

    An error in the block removes it. No other process is given the same one.
    """
    make_folder(place.parent)
    for number in itertools.count():
        path = place if number == 0 else place.with_stem(f"{place.stem}-{number}")
        try:
            path.touch(exist_ok=False)
            break
        except FileExistsError:
            continue
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_picture(path: Path, picture) -> None:
    """Replace the file `path`, or the file that a link leads to, by `picture`, an image of Pillow.

    Raises:
        StorageError: if it cannot be written. The file is then as it was.
        ArgumentError: if Pillow writes no pictures of this suffix.
    """
    with storage_errors(path), atomic_file(path.resolve()) as partial:
        try:
            picture.save(partial)
        except ValueError as error:
            raise ArgumentError(
                f"path must end in the suffix of a picture, such as .png. Received: {path}."
            ) from error


PARTIAL, EARLIER = ".partial", ".earlier"


@contextlib.contextmanager
def storage_errors(place: Path) -> Iterator[None]:
    """Turn any `OSError` while `place` is written into one `StorageError`.

    The block writes `place` by `atomic_file` or `atomic_folder`, so that an error leaves it as it
    was.

    Raises:
        StorageError: if the block raises an `OSError`.
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
def atomic_file(place: Path) -> Iterator[Path]:
    """Yield a temporary path beside `place`, which replaces `place` at the end of the block.

    The file is on the disk before it takes its place: some systems tell only then that a disk is
    full. An error leaves nothing behind. A process that is killed leaves a file `.<name of
    place>.<more>`.
    """
    make_folder(place.parent)
    handle, name = tempfile.mkstemp(
        dir=place.parent, prefix=f".{place.name}.", suffix="".join(place.suffixes)
    )
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)  # mkstemp forbids others to read it
        sync(partial)
        os.replace(partial, place)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(place: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `place`, which replaces `place` at the end of the block.

    The files are on the disk before the folder takes its place, and an error leaves the earlier
    folder as it was. `unfinished(place)` finds what a killed process left behind.
    """
    place = place.resolve()  # a link stays, and the folder that it leads to is replaced
    make_folder(place.parent)
    partial = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{place.name}.", suffix=PARTIAL))
    earlier = partial.with_name(partial.name + EARLIER)
    try:
        yield partial
        partial.chmod(0o755)
        # After a power cut the folder would be incomplete if its name were on the disk first.
        for path in [*(p for p in partial.rglob("*") if p.is_file()), partial]:
            sync(path)
        try:
            if place.exists():
                os.replace(place, earlier)  # the system cannot replace a folder that has content
            os.replace(partial, place)
            sync(place.parent)
        except BaseException:
            put_back(place, partial, earlier)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(earlier, ignore_errors=True)


def put_back(place: Path, partial: Path, earlier: Path) -> None:
    """Undo the replacement of `place` by `partial`, however far it came.

    What lay at `place` before lies at `earlier` then, unless there was nothing.
    """
    if not earlier.exists():
        if not partial.exists():
            os.replace(place, partial)
        return
    if place.is_dir():
        os.replace(place, partial)
    os.replace(earlier, place)


def unfinished(place: Path) -> list[Path]:
    """Return the folders that killed processes left while they wrote `place`.

    The name of `place` may be a pattern.
    """
    return sorted(place.parent.glob(f"{place.name}*{PARTIAL}*"))


def clear_unfinished(place: Path) -> None:
    """Remove the folders that killed processes left while they wrote `place`.

    If one of them was killed after it took the earlier folder away and before the new one had its
    place, the earlier folder is put back.
    """
    for path in unfinished(place):
        if path.name.endswith(EARLIER) and not place.exists():
            os.replace(path, place)
        else:
            shutil.rmtree(path)


def sync(path: Path) -> None:
    """Wait until a file, or the list of names in a folder, is on the disk.

    Windows opens no folders; it keeps their lists of names in a journal.
    """
    folder = path.is_dir()
    try:
        # Windows writes a file through handles alone that may write.
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    except PermissionError:
        if folder:
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
