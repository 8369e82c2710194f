"""Files and folders that belong together, and are replaced together or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zoo.files.home import EARLIER, PARTIAL, make_folder, put_back, sync


@contextlib.contextmanager
def atomic_together(*places: Path) -> Iterator[list[Path]]:
    """Yield a temporary path for each of `places`; they replace the places at the end of the block.

    The block makes a file or a folder at each path. All of them are on the disk before the first
    one takes its place. An error puts back those that were replaced, and leaves nothing behind. The
    places are replaced in their order: if the process is killed meanwhile, the first ones are new
    and the last ones old.
    """
    with contextlib.ExitStack() as stack:
        swaps = [stack.enter_context(_swap(place.resolve())) for place in places]  # links stay
        yield [swap.partial for swap in swaps]
        for swap in swaps:
            swap.prepare()
        try:
            for swap in swaps:
                swap.replace()
        except BaseException:
            for swap in reversed(swaps):
                put_back(swap.place, swap.partial, swap.earlier)
            raise


class _Swap:
    """A file or a folder, `place`, and that which replaces it, `partial`, in another `folder`."""

    def __init__(self, place: Path, folder: Path):
        self.place = place
        self.partial = folder / place.name
        self.earlier = folder / f"{place.name}{EARLIER}"

    def prepare(self) -> None:
        """Bring what is new to the disk, and give an earlier file a second name."""
        for path in (*self.partial.rglob("*"), self.partial):
            path.chmod(0o755 if path.is_dir() else 0o644)  # as of every other file of this package
            sync(path)
        if self.place.is_file():
            try:
                os.link(self.place, self.earlier)
            except OSError:  # some file systems have no links
                shutil.copyfile(self.place, self.earlier)

    def replace(self) -> None:
        """Put what is new in its place."""
        if self.place.is_dir():
            os.replace(self.place, self.earlier)  # the system cannot replace a folder with content
        os.replace(self.partial, self.place)
        sync(self.place.parent)


@contextlib.contextmanager
def _swap(place: Path) -> Iterator[_Swap]:
    """Yield the exchange of `place`, whose temporary folder beside it is removed at the end."""
    make_folder(place.parent)
    folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.", suffix=PARTIAL))
    swap = _Swap(place, folder)
    try:
        yield swap
    finally:
        if place.exists() or not swap.earlier.exists():  # else it is all that is left
            shutil.rmtree(folder, ignore_errors=True)
