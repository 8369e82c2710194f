"""The folder of a run: one run at a time is in it, and removes what earlier runs wrote there."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from zoo.base.warn import warn
from zoo.engine import agreed, is_chief
from zoo.errors import RecipeError
from zoo.files.home import make_folder, storage_errors, unfinished, user_path, write_text
from zoo.presets import checkpoint
from zoo.presets.preset import DATA
from zoo.runs.places import (
    CHECKPOINTS,
    DRAWN_HISTORY,
    HISTORY,
    NEIGHBOURS,
    PICTURES,
    PRESET,
    SAMPLES,
)

FILES = (HISTORY, DRAWN_HISTORY, NEIGHBOURS, DATA)
LOCK = ".lock"


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Make the folder `out`, and keep other runs from it, which would remove this run's files.

    The lock is a file in `out`, so that all runs meet there, whatever their `ZOO_HOME` is. It dies
    with its process. At the end the file is removed, and `out` too if nothing else is in it.

    Raises:
        RecipeError: if another run is there, or `out` cannot be made or written, in all processes
            that train together.
    """
    with contextlib.ExitStack() as held:
        refused = error = None
        if is_chief():
            try:
                held.enter_context(_locked(out.absolute()))
            except Timeout as caught:
                refused = caught
            except OSError as caught:
                error = caught
        if agreed(refused is not None):
            raise RecipeError(f"Another process trains in {out}. Choose another --out.")
        if agreed(error is not None):
            reason = "see the first process" if error is None else error.strerror or error
            raise RecipeError(f"--out {out} cannot be made: {reason}.") from error
        yield


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Hold the lock of `out`, or raise `Timeout` where another process holds it."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    make_folder(out)
    lock = FileLock(out / LOCK)
    try:
        lock.acquire(timeout=0)
        if not (out / LOCK).exists():  # its holder removed it between our opening and locking it
            lock.release()
            raise Timeout(lock.lock_file)
    except NotImplementedError:
        warn(f"The file system of {out} has no locks: nothing keeps a second run from it.")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes it with the lock
            (out / LOCK).unlink()
        lock.release()
        for folder in made:
            with contextlib.suppress(OSError):  # it holds what the run wrote
                folder.rmdir()


def note_data(out: Path, data: str) -> None:
    """Note the path of the data in the folder of a run, in the first process.

    `zoo evaluate` finds them by it. It stands in no card, which others see.

    Raises:
        StorageError: if it cannot be written.
    """
    path = user_path(data)
    if is_chief():
        with storage_errors(out):
            (out / DATA).unlink(missing_ok=True)  # of an earlier run
            if path.exists():
                write_text(out / DATA, f"{path.absolute()}\n")


def clear(out: Path) -> None:
    """Remove what an earlier run wrote to `out`, in the first process.

    Raises:
        RecipeError: if it cannot be removed, in all processes that train together.
    """
    error = None
    if is_chief():
        try:
            remove_earlier(out)
        except OSError as caught:
            error = caught
    if agreed(error is not None):
        reason = "see the first process" if error is None else error
        raise RecipeError(f"--out {out} cannot be cleared: {reason}.") from error


def remove_earlier(out: Path) -> None:
    """Remove the checkpoints, the pictures, the tables and the preset that a run wrote to `out`.

    Other files stay. Folders that are empty then are removed too.

    Raises:
        OSError: if one of them cannot be removed.
    """
    checkpoints, samples, preset = (out / name for name in (CHECKPOINTS, SAMPLES, PRESET))
    saved = (*checkpoint.saved(checkpoints), *checkpoint.left(checkpoints))
    for folder in (*saved, *filter(Path.exists, [preset]), *unfinished(preset)):
        shutil.rmtree(folder.resolve())  # a link stays
    for name in FILES:
        (out / name).unlink(missing_ok=True)
    for path in (*samples.glob(PICTURES), *samples.glob(f".{PICTURES}")):
        path.unlink()
    for folder in (checkpoints, samples):
        with contextlib.suppress(OSError):  # it is not there, or holds files of the user
            folder.rmdir()
