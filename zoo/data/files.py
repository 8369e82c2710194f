"""Image files in a folder or in a zip file."""

from __future__ import annotations

import functools
import io
import logging
import os
import threading
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from PIL import Image

from zoo.errors import DataError

# Kinds that Pillow knows and that hold no pixels, or need a program of their own.
UNREAD_FORMATS = {"BUFR", "EPS", "FPX", "GRIB", "HDF5", "IPTC", "MIC", "MPEG", "WMF"}
# Kinds of pictures that are named where they are left out, unless a plugin of Pillow reads them.
UNREAD_SUFFIXES = {
    *(".ai", ".arw", ".avif", ".cr2", ".cr3", ".dng", ".emf", ".eps", ".exr", ".hdr", ".heic"),
    *(".heif", ".jxl", ".nef", ".orf", ".ps", ".raw", ".rw2", ".svg", ".wmf"),
}
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
HIDDEN = "hidden or in hidden or system folders"
UNREAD = "of kinds that are not read"
EXAMPLES = 4  # names in a message
log = logging.getLogger(__name__)


@functools.cache
def suffixes() -> frozenset[str]:
    """Return the suffixes of the image files that are read, in lower case."""
    known = Image.registered_extensions().items()
    return frozenset(
        suffix for suffix, kind in known if kind in Image.OPEN and kind not in UNREAD_FORMATS
    )


class FolderFiles:
    """The image files below a folder, at any depth, in the order of their names.

    Links are followed, but no folder is entered twice. `left_out` holds the names of pictures that
    are not read, by the reason.
    """

    def __init__(self, root: Path):
        self.root = root
        self.names, self.left_out = _divided(_walk(root))

    def __len__(self) -> int:
        return len(self.names)

    def folders(self) -> set[str]:
        """Return the names of the folders directly below the root that hold images."""
        return {name.split("/")[0] for name in self.names if "/" in name}

    def below(self, folder: str) -> FolderFiles:
        """Return the image files in the sub-folder `folder`."""
        return FolderFiles(self.root / folder)

    def select(self, rows) -> FolderFiles:
        """Return the subset with the indices `rows`."""
        return _with_names(self, rows)

    def bytes(self, row: int) -> bytes:
        """Return the content of the file `row`."""
        return (self.root / self.names[row]).read_bytes()

    def open(self, row: int) -> Image.Image:
        """Return the image `row`, of which only the head is read yet."""
        return Image.open(self.root / self.names[row])


class ZipFiles:
    """The image files in a zip file below the folder `root`, in the order of their names.

    By default `root` is the one folder that holds all of them, if there is one, and else the top of
    the zip file. `left_out` is as for `FolderFiles`.
    """

    def __init__(self, path: Path, root: str | None = None):
        self.path = path
        self._local = threading.local()
        names = [name for name in self._zip.namelist() if not name.endswith("/")]
        if root is None:
            read, _ = _divided(names)
            tops = {PurePosixPath(name).parts[0] for name in read}
            root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in n for n in read) else ""
        self.root = root
        below = (name.removeprefix(root) for name in names if name.startswith(root))
        self.names, self.left_out = _divided(below)

    def __len__(self) -> int:
        return len(self.names)

    def __getstate__(self):
        return {key: value for key, value in vars(self).items() if key != "_local"}

    def __setstate__(self, state):
        vars(self).update(state, _local=threading.local())

    @property
    def _zip(self) -> zipfile.ZipFile:
        """The zip file, as this thread opened it."""
        # Each thread and each process opens the file itself, since each needs its own position.
        if not hasattr(self._local, "zip"):
            self._local.zip = zipfile.ZipFile(self.path)
        return self._local.zip

    def folders(self) -> set[str]:
        """Return the names of the folders directly below the root that hold images."""
        return {name.split("/")[0] for name in self.names if "/" in name}

    def below(self, folder: str) -> ZipFiles:
        """Return the image files in the sub-folder `folder`."""
        return ZipFiles(self.path, f"{self.root}{folder}/")

    def select(self, rows) -> ZipFiles:
        """Return the subset with the indices `rows`."""
        return _with_names(self, rows)

    def bytes(self, row: int) -> bytes:
        """Return the content of the file `row`.

        Raises:
            OSError: if it cannot be unpacked.
        """
        try:
            return self._zip.read(self.root + self.names[row])
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            # The file is damaged, encrypted, or compressed by an unknown method.
            raise OSError(str(error)) from error

    def open(self, row: int) -> Image.Image:
        """Return the image `row`, of which only the head is decoded yet."""
        return Image.open(io.BytesIO(self.bytes(row)))


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


def report_left_out(name: str, left_out: dict[str, list[str]], strict: bool) -> None:
    """Warn in one line of what is left out of the set `name`, or raise a `DataError` if `strict`.

    `left_out` holds names by the reason.
    """
    parts = []
    for reason, names in left_out.items():
        more = ", ..." if len(names) > EXAMPLES else ""
        if names:
            parts.append(f"{len(names)} {reason} ({', '.join(names[:EXAMPLES])}{more})")
    if parts and strict:
        raise DataError(f"strict=True, and left out of {name} are {'; '.join(parts)}.")
    if parts:
        log.warning("Left out of %s: %s", name, "; ".join(parts))


def _with_names(files, rows):
    """Return a copy of `files` with the names at the indices `rows`."""
    subset = type(files).__new__(type(files))
    vars(subset).update(vars(files), names=[files.names[row] for row in rows])
    return subset


def _walk(root: Path):
    """Yield the relative name of each picture below `root`, of a kind that is read or not."""
    entered = set()

    def unreadable(error: OSError) -> None:
        log.warning("Skipped the folder %s: %s", error.filename, error.strerror)

    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=unreadable):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in entered:
            subfolders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        # Where two links lead to one folder, each machine then enters the same one.
        subfolders.sort()
        for name in names:
            path = Path(folder, name)
            if _is_picture(name) and (path.is_file() or path.is_symlink()):
                yield path.relative_to(root).as_posix()


def _divided(names: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the sorted names of the image files that are read, and the others by the reason."""
    read: list[str] = []
    left_out: dict[str, list[str]] = {HIDDEN: [], UNREAD: []}
    for name in sorted(filter(_is_picture, names)):
        path = PurePosixPath(name)
        if any(part.startswith(".") or part.lower() in SYSTEM_FOLDERS for part in path.parts):
            left_out[HIDDEN].append(name)
        elif path.suffix.lower() not in suffixes():
            left_out[UNREAD].append(name)
        else:
            read.append(name)
    return read, left_out


def _is_picture(name: str) -> bool:
    """Return whether `name` is the name of a picture, of a kind that is read or not."""
    # macOS adds a file "__MACOSX/._name" for each file of a zip file; it holds no image.
    path = PurePosixPath(name)
    metadata = path.name.startswith("._") or "__MACOSX" in path.parts
    return not metadata and path.suffix.lower() in suffixes() | UNREAD_SUFFIXES
