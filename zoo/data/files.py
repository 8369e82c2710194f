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
        """The folders directly below it."""
        return {name.split("/")[0] for name in self.names if "/" in name}

    def below(self, folder: str) -> FolderFiles:
        """The image files in one of its folders."""
        return FolderFiles(self.root / folder)

    def select(self, rows) -> FolderFiles:
        """Those of the files whose numbers are `rows`."""
        return _with_names(self, rows)

    def bytes(self, row: int) -> bytes:
        return (self.root / self.names[row]).read_bytes()

    def open(self, row: int) -> Image.Image:
        """The image, of which only the head is read yet."""
        return Image.open(self.root / self.names[row])


class ZipFiles:
    """The image files in a zip file, in the order of their names, below the folder `root` in it; by
    default below the one folder in which all of them lie, if there is one."""

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
        # One for each thread and each process: they do not share a position in the file.
        if not hasattr(self._local, "zip"):
            self._local.zip = zipfile.ZipFile(self.path)
        return self._local.zip

    def folders(self) -> set[str]:
        """The folders at the top of the zip file."""
        return {name.split("/")[0] for name in self.names if "/" in name}

    def below(self, folder: str) -> ZipFiles:
        """The image files in one of its folders."""
        return ZipFiles(self.path, f"{self.root}{folder}/")

    def select(self, rows) -> ZipFiles:
        """Those of the files whose numbers are `rows`."""
        return _with_names(self, rows)

    def bytes(self, row: int) -> bytes:
        try:
            return self._zip.read(self.root + self.names[row])
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            raise OSError(str(error)) from error  # damaged, encrypted, or packed in another way

    def open(self, row: int) -> Image.Image:
        """The image, of which only the head is decoded yet."""
        return Image.open(io.BytesIO(self.bytes(row)))


def classes(names: list[str], known: list[str] = ()) -> tuple[list[str], list[int]] | None:
    """The classes of files by the folder at the top of each name, and the class of each file;
    `None` where files lie at the top, or there is one class only.

    Args:
        names: of the files.
        known: classes that count too, of other splits, so that numbers mean the same in each.
    """
    tops = [name.split("/")[0] if "/" in name else None for name in names]
    found = sorted({*known, *tops} - {None})
    if len(found) < 2 or None in tops:
        return None
    number = {name: i for i, name in enumerate(found)}
    return found, [number[top] for top in tops]


def _with_names(files, rows):
    other = type(files).__new__(type(files))
    vars(other).update(vars(files), names=[files.names[row] for row in rows])
    return other


def _walk(root: Path):
    seen = set()

    def unreadable(error: OSError) -> None:
        log.warning("Skipped the folder %s: %s", error.filename, error.strerror)

    for folder, inner, names in os.walk(root, followlinks=True, onerror=unreadable):
        about = os.stat(folder)
        if (about.st_dev, about.st_ino) in seen:
            inner.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        inner.sort()  # so that of two links to one folder the first is entered, on each machine
        for name in names:
            path = Path(folder, name)
            if _is_image(name) and (path.is_file() or path.is_symlink()):
                yield path.relative_to(root).as_posix()


def _is_image(name: str) -> bool:
    # macOS puts a file "__MACOSX/._name" beside each one into a zip file, which is no image.
    path = PurePosixPath(name)
    hidden = path.name.startswith("._") or "__MACOSX" in path.parts
    return path.suffix.lower() in SUFFIXES and not hidden
