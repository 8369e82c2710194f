"""Image files in a folder or in a zip file."""

from __future__ import annotations

import io
import logging
import os
import threading
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")
log = logging.getLogger(__name__)


class FolderFiles:
    """The image files below a folder, at any depth, in the order of their names.

    Links are followed, but no folder is entered twice.
    """

    def __init__(self, root: Path):
        self.root = root
        self.names = sorted(_walk(root))

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
    the zip file.
    """

    def __init__(self, path: Path, root: str | None = None):
        self.path = path
        self._local = threading.local()
        names = [name for name in self._zip.namelist() if _is_image(name)]
        if root is None:
            tops = {PurePosixPath(name).parts[0] for name in names}
            root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in n for n in names) else ""
        self.root = root
        self.names = sorted(name.removeprefix(root) for name in names if name.startswith(root))

    def __len__(self) -> int:
        return len(self.names)

    def __getstate__(self):
        return {"path": self.path, "root": self.root, "names": self.names}

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


def classes(names: list[str], known: list[str] = ()) -> tuple[list[str], list[int]] | None:
    """Return the classes of files and the class of each file, or `None` if there are no classes.

    The class of a file is the folder at the top of its name. There are no classes if a file lies in
    no folder, or all lie in one.

    Args:
        names: the names of the files.
        known: further classes, from other splits, so that a number means the same class in each
            split.
    """
    folders = [name.split("/")[0] if "/" in name else None for name in names]
    class_names = sorted({*known, *folders} - {None})
    if len(class_names) < 2 or None in folders:
        return None
    number = {name: i for i, name in enumerate(class_names)}
    return class_names, [number[folder] for folder in folders]


def _with_names(files, rows):
    """Return a copy of `files` with the names at the indices `rows`."""
    subset = type(files).__new__(type(files))
    vars(subset).update(vars(files), names=[files.names[row] for row in rows])
    return subset


def _walk(root: Path):
    """Yield the relative name of each image file below `root`."""
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
            if _is_image(name) and (path.is_file() or path.is_symlink()):
                yield path.relative_to(root).as_posix()


def _is_image(name: str) -> bool:
    """Return whether `name` is the name of an image file."""
    # macOS adds a file "__MACOSX/._name" for each file of a zip file; it holds no image.
    path = PurePosixPath(name)
    hidden = path.name.startswith("._") or "__MACOSX" in path.parts
    return path.suffix.lower() in SUFFIXES and not hidden
