"""The names of all files below a folder, with an index that is kept for large ones."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from zoo.data.kept import kept_at, not_kept
from zoo.files.home import write_text
from zoo.files.regular import is_special

# Folders of file servers and systems, for thumbnails and deleted files, in lower case.
SYSTEM_FOLDERS = {
    "@eadir",
    "@recycle",
    "@recently-snapshot",
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "recycler",
    "system volume information",
    "lost+found",
    "__pycache__",
}
REPEATED = "links to folders that are read under another name"
CLOSED = "folders that cannot be opened"
SPECIAL = "devices, pipes or sockets"
INDEXED = 20_000  # files from which on an index is kept
SETTLED = 2.0  # seconds after which a further change of a folder surely gets another time
FORMAT = 1


class Listing(NamedTuple):
    """The names of what lies below a folder, relative to it.

    Attributes:
        names: the names of all files, and of all folders, which end in "/".
        left_out: the names of what is not entered, by the reason.
    """

    names: list[str]
    left_out: dict[str, list[str]]


def is_hidden(part: str) -> bool:
    """Return whether a part of a path hides what lies there: a name with a dot first, or that of a
    folder of a system."""
    return (part.startswith(".") and part != ".") or part.lower() in SYSTEM_FOLDERS


def listing(root: Path) -> Listing:
    """Return the names of what lies below `root`.

    Links are followed, but no folder is entered twice. Folders that lie below `root` are entered
    before those that links lead to, so that each machine enters the same ones.

    The names of many files are kept under `ZOO_HOME`. They are read from there while no folder has
    changed, by the times that the system keeps of folders.
    """
    place = kept_at("listings", root, "", ".json")
    if (known := _read(place, root)) is not None:
        return known
    walk = _Walk(root)
    found = Listing(walk.names, walk.left_out)
    if len(walk.names) >= INDEXED and not found.left_out[CLOSED]:
        _write(place, found, walk.folders)
    return found


class _Walk:
    """A walk through all folders below `root`.

    Attributes:
        names, left_out: see `Listing`.
        folders: the state of each folder that was entered, see `_state`.
    """

    def __init__(self, root: Path):
        self.root = str(root)
        self.names: list[str] = []
        self.left_out: dict[str, list[str]] = {REPEATED: [], CLOSED: [], SPECIAL: []}
        self.folders: dict[str, list[int]] = {}
        self._entered: set[tuple[int, int, bool]] = set()
        starts = [""]
        for start in starts:
            waiting = [start]
            while waiting:
                inner, links = self._enter(waiting.pop())
                waiting += reversed(inner)
                starts += links

    def _enter(self, name: str) -> tuple[list[str], list[str]]:
        """Note what lies in the folder `name`, and return the folders in it and those that links
        lead to, in their order."""
        path = os.path.join(self.root, name)
        hidden = any(map(is_hidden, name.split("/")[:-1]))
        try:
            status = os.stat(path)
            with os.scandir(path) as entries:
                found = list(entries)
        except OSError:
            self.left_out[CLOSED].append(name.removesuffix("/") or ".")
            return [], []
        # A link may lead to a picture's place in a hidden store, which has been entered.
        key = (status.st_dev, status.st_ino, hidden)
        if key in self._entered:
            if not self._is_loop(path):
                self.left_out[REPEATED].append(name.removesuffix("/"))
            return [], []
        self._entered.add(key)
        self.folders[name] = _state(status)
        inner, links = [], []
        for entry in found:
            if _asked(entry.is_file, follow_symlinks=False):  # mostly known without a question
                self.names.append(name + entry.name)
            elif _asked(entry.is_dir):
                (links if entry.is_symlink() else inner).append(f"{name}{entry.name}/")
            elif not is_special(entry.path):  # a link to a file, or to nothing
                self.names.append(name + entry.name)
            elif not hidden and not is_hidden(entry.name):
                self.left_out[SPECIAL].append(name + entry.name)
        self.names += inner + links
        return sorted(inner), sorted(links)

    def _is_loop(self, path: str) -> bool:
        """Return whether the folder `path` is a link to a folder around it."""
        folder, root = Path(path), Path(self.root)
        around = (parent for parent in folder.parents if parent.is_relative_to(root))
        return any(parent.samefile(folder) for parent in around)


def _state(status: os.stat_result) -> list[int]:
    """Return numbers that change when something is added to a folder, or taken from it."""
    return [status.st_dev, status.st_ino, status.st_mtime_ns]


def _read(place: Path, root: Path) -> Listing | None:
    """Return what the index holds, or `None` if there is none, or a folder has changed since."""
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        for name, state in content["folders"].items():
            if _state(os.stat(os.path.join(root, name))) != state:
                return None
        return Listing(content["names"], content["left_out"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # it is written anew


def _write(place: Path, found: Listing, folders: dict[str, list[int]]) -> None:
    """Write an index, unless a folder has changed just now, and could do so again unseen."""
    newest = max(changed for _, _, changed in folders.values())
    if time.time() - newest / 1e9 < SETTLED:
        return
    content = {"format": FORMAT, "folders": folders, **found._asdict()}
    try:
        write_text(place, json.dumps(content))
    except OSError as error:
        not_kept(f"The names of {len(found.names)} files", place, error)


def _asked(answer: Callable[..., bool], **options) -> bool:
    """Return the answer of an entry of a folder, or `False` where the system gives none."""
    try:
        return answer(**options)
    except OSError:
        return False
