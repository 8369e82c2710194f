"""Image files in a folder or in a zip file."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import struct
import threading
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from zoo.base.text import one_line
from zoo.data.decode import UnreadableError, opened, suffixes
from zoo.data.listing import is_hidden, listing
from zoo.errors import DataError
from zoo.files import archive
from zoo.files.regular import open_regular

# Kinds of pictures that are named where they are left out, unless this build of Pillow reads them.
UNREAD_SUFFIXES = {
    *(".ai", ".arw", ".avif", ".cr2", ".cr3", ".dds", ".dng", ".emf", ".eps", ".exr", ".fits"),
    *(".hdr", ".heic", ".heif", ".icns", ".ico", ".jxl", ".nef", ".orf", ".pcx", ".ps", ".psd"),
    *(".qoi", ".raw", ".rw2", ".sgi", ".svg", ".tga", ".wmf", ".xbm", ".xpm"),
}
# What lies beside pictures and is none: texts, tables, documents and files of systems.
COMPANION_SUFFIXES = {
    *(".bib", ".cff", ".cfg", ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".ipynb"),
    *(".json", ".jsonl", ".lnk", ".log", ".md", ".md5", ".parquet", ".pdf", ".py", ".rst", ".rtf"),
    *(".sh", ".sha1", ".sha256", ".toml", ".tsv", ".txt", ".url", ".xls", ".xlsx", ".xml"),
    *(".xmp", ".yaml", ".yml"),
}
COMPANIONS = {"authors", "changelog", "checksums", "copying", "license", "makefile", "notice"}
COMPANIONS |= {"md5sums", "readme", "sha256sums", "version"}  # without a suffix, in lower case
ONE_PICTURE = {"MPO"}  # kinds whose further pictures belong to the first one: previews or depth
HIDDEN = "hidden or in hidden or system folders"
UNREAD = "of kinds that are not read"
UNKNOWN = "without the suffix of a picture"
EMPTY = "folders in which no picture is readable"
FRAMES = "animations or files of several pages, but for the first picture of each"
EXAMPLES = 4  # names in a message
MEMBERS = 2**27  # bytes of the list of members of a zip file, which has a million and more
UNPACKED = 2**28  # bytes of one image file in a zip file
log = logging.getLogger(__name__)


class Files:
    """The image files of a set, at any depth, in the order of their names.

    Attributes:
        names: the names of the files, relative to the root of the set.
        subfolders: the names of the folders directly below the root that were looked into, with or
            without images.
        left_out: the names of what is not read, by the reason.
        animated: the names of opened files that hold further pictures, which are not read.
    """

    names: list[str]
    subfolders: set[str]
    left_out: dict[str, list[str]]
    animated: set[str]

    def __len__(self) -> int:
        return len(self.names)

    def folders(self) -> set[str]:
        """Return the names of the folders directly below the root that hold images."""
        return {name.split("/")[0] for name in self.names if "/" in name}

    def select(self, rows):
        """Return the subset with the indices `rows`."""
        subset = type(self).__new__(type(self))
        vars(subset).update(vars(self), names=[self.names[row] for row in rows])
        return subset

    @contextlib.contextmanager
    def open(self, row: int) -> Iterator[Image.Image]:
        """Open the image `row`, of which only the head is decoded yet."""
        with self._file(row) as file, opened(file) as image:
            if image.format not in ONE_PICTURE and _has_more(image):
                self.animated.add(self.names[row])
            yield image

    def identity(self, row: int) -> tuple[int, str]:
        """Return the size of the file `row` in bytes, and its SHA-256."""
        with self._file(row) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest

    def _file(self, row: int) -> BinaryIO:
        """Return the open file `row`. A subclass defines it."""
        raise NotImplementedError

    def _divide(self, names: Iterable[str]) -> None:
        """Set the attributes from the names of all files and folders; those of folders end in /."""
        self.names, self.subfolders, self.animated = [], set(), set()
        self.left_out = {HIDDEN: [], UNREAD: [], UNKNOWN: []}
        read = suffixes()
        unread = UNREAD_SUFFIXES - read
        for name in sorted(names):
            *folders, last = name.split("/")  # not pathlib: there are a million
            # macOS adds a file "__MACOSX/._name" for each file of a zip file; it holds no image.
            if last.startswith("._") or "__MACOSX" in folders:
                continue
            hidden = any(map(is_hidden, folders)) or is_hidden(last)
            if folders and not hidden:
                self.subfolders.add(folders[0])
            if not last:  # a folder
                continue
            stem, suffix = os.path.splitext(last.lower())
            is_picture = suffix in read or suffix in unread
            is_companion = suffix in COMPANION_SUFFIXES or stem in COMPANIONS
            if hidden and is_picture:
                self.left_out[HIDDEN].append(name)
            elif suffix in unread:
                self.left_out[UNREAD].append(name)
            elif is_picture:
                self.names.append(name)
            elif not hidden and not is_companion:
                self.left_out[UNKNOWN].append(name)


class FolderFiles(Files):
    """The image files below a folder.

    Links are followed, but no folder is entered twice.
    """

    def __init__(self, root: Path):
        self.root = root
        found = listing(root)
        self._divide(found.names)
        self.left_out |= {reason: list(names) for reason, names in found.left_out.items()}
        self.subfolders.difference_update(*found.left_out.values())

    def below(self, folder: str) -> FolderFiles:
        """Return the image files in the sub-folder `folder`."""
        return FolderFiles(self.root / folder)

    def bytes(self, row: int) -> bytes:
        """Return the content of the file `row`."""
        with self._file(row) as file:
            return file.read()

    def stamps(self) -> np.ndarray:
        """Return the size and the time of the last change of each file, of shape `(n, 2)`.

        Those of a file that is not there are -1.
        """
        root, stamps = str(self.root), np.full((len(self), 2), -1, "int64")
        for row, name in enumerate(self.names):
            with contextlib.suppress(OSError):
                status = os.stat(os.path.join(root, name))
                stamps[row] = status.st_size, status.st_mtime_ns
        return stamps

    def _file(self, row: int) -> BinaryIO:
        return open_regular(self.root / self.names[row])


class ZipFiles(Files):
    """The image files in a zip file below the folder `root`.

    By default `root` is the one folder that holds all of them, if there is one, and else the top of
    the zip file.

    Raises:
        DataError: if it is no whole zip file, or a rule of `zoo.files.archive` is broken.
    """

    def __init__(self, path: Path, root: str | None = None):
        self.path = path
        self._source = repr(str(path))
        self._local = threading.local()
        names = self._zip.namelist()
        self.root = ""
        self._divide(names)
        empty: list[str] = []
        if root is None and len(self.folders()) == 1 and all("/" in name for name in self.names):
            (folder,) = self.folders()
            root, empty = f"{folder}/", sorted(self.subfolders - {folder})
        if root:
            self.root = root
            below = (name for name in names if name.startswith(root) and name != root)
            self._divide(name.removeprefix(root) for name in below)
            self.left_out[EMPTY] = empty

    def __getstate__(self):
        return {key: value for key, value in vars(self).items() if key != "_local"}

    def __setstate__(self, state):
        vars(self).update(state, _local=threading.local())

    @property
    def _zip(self) -> zipfile.ZipFile:
        """The zip file, as this thread opened it."""
        # Each thread and each process opens the file itself, since each needs its own position.
        if not hasattr(self._local, "zip"):
            self._local.zip = archive.listed(self.path, self._source, MEMBERS, DataError)
        return self._local.zip

    def below(self, folder: str) -> ZipFiles:
        """Return the image files in the sub-folder `folder`."""
        return ZipFiles(self.path, f"{self.root}{folder}/")

    def bytes(self, row: int) -> bytes:
        """Return the content of the file `row`.

        Raises:
            UnreadableError: if it cannot be unpacked.
        """
        member = self._zip.getinfo(self.root + self.names[row])
        return archive.content(self._zip, member, self._source, UNPACKED, UnreadableError)

    def _file(self, row: int) -> io.BytesIO:
        return io.BytesIO(self.bytes(row))


def classes(names: list[str], known: Iterable[str] = ()) -> tuple[list[str], list[int]] | None:
    """Return the classes, and the class of each file, or `None` if there are no classes.

    The class of a file is the folder at the top of its name, or -1 if it lies in no folder. There
    are no classes if all files lie in one folder, or most of them in none. Classes whose names are
    all numbers have the order of these numbers, other classes that of their names.

    Args:
        names: the names of the files.
        known: further classes, from other splits, so that a number means the same class in each
            split.
    """
    folders = [name.split("/")[0] if "/" in name else None for name in names]
    class_names = sorted({*known, *folders} - {None})
    if all(name.isdecimal() for name in class_names):
        class_names.sort(key=int)
    if len(class_names) < 2 or 2 * folders.count(None) >= len(folders):
        return None
    number = {name: i for i, name in enumerate(class_names)}
    return class_names, [number.get(folder, -1) for folder in folders]


def report_left_out(name: str, left_out: Mapping[str, Collection[str]], strict: bool) -> None:
    """Warn in one line of what is left out of the set `name`, or raise a `DataError` if `strict`.

    `left_out` holds names by the reason.
    """
    parts = []
    for reason, names in left_out.items():
        more = ", ..." if len(names) > EXAMPLES else ""
        if names:
            examples = one_line(", ".join(sorted(names)[:EXAMPLES]))
            parts.append(f"{len(names)} {reason} ({examples}{more})")
    if parts and strict:
        raise DataError(f"strict=True, and left out of {name} are {'; '.join(parts)}.")
    if parts:
        log.warning("Left out of %s: %s", one_line(name), "; ".join(parts))


def _has_more(image: Image.Image) -> bool:
    """Return whether the file of an opened image holds further pictures."""
    try:
        return getattr(image, "is_animated", False)
    except (IndexError, struct.error):  # what follows the first picture of a GIF file is broken
        return True
