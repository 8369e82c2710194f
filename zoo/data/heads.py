"""The heads of the image files of a large folder, which are read once and kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from zoo.base.memory import check_memory
from zoo.data.decode import UnreadableError
from zoo.data.image_format import Shape
from zoo.data.kept import kept_at, not_kept
from zoo.errors import DataError
from zoo.files.arrays import opened
from zoo.files.home import atomic_file, lock_of

KEPT = 20_000  # files from which on their heads are kept


def heads(items, size, read: Callable[[Sequence[int]], list]) -> list[Shape | UnreadableError]:
    """Return the shape of each image of `items`, or its error.

    Those of a large folder are kept under `ZOO_HOME`, and read from there for files of unchanged
    sizes and times. Among several processes of a machine one reads, and the others wait for it.

    Args:
        items: a collection of images, such as `zoo.data.files.FolderFiles`.
        size: the size for which the heads are read.
        read: a function that reads the heads of the images with the given numbers.
    """
    if len(items) < KEPT or not hasattr(items, "stamps"):
        return read(range(len(items)))
    place = kept_at("heads", items.root, f"{size}", ".npz")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock_of(place))
        except OSError as error:
            not_kept(f"The heads of {len(items)} files", place, error)
            return read(range(len(items)))
        return _read_and_kept(items, place, read)


def _read_and_kept(items, place: Path, read) -> list[Shape | UnreadableError]:
    """Return what `heads` does, for a place that no other process uses."""
    stamps = items.stamps()
    found = _known(items, stamps, place)
    missing = [row for row, shape in enumerate(found) if shape is None]
    for row, shape in zip(missing, read(missing), strict=True):
        found[row] = shape
    rows = [row for row, shape in enumerate(found) if isinstance(shape, Shape)]
    if missing and rows:
        arrays = {
            "names": np.frombuffer("\0".join(items.names[r] for r in rows).encode(*UTF8), "uint8"),
            "stamps": stamps[rows],
            "shapes": np.array([found[row] for row in rows], "int32"),
            "animated": np.array([items.names[row] in items.animated for row in rows]),
        }
        try:
            with atomic_file(place) as partial:
                np.savez(partial, **arrays)
        except OSError as error:
            not_kept(f"The heads of {len(items)} files", place, error)
    return found


UTF8 = ("utf-8", "surrogateescape")  # names of files may be any bytes


def _known(items, stamps: np.ndarray, place: Path) -> list[Shape | None]:
    """Return the kept shape of each image, or `None` where none is kept, or the file has changed.

    What is kept of pictures with several frames is noted in `items.animated`.
    """
    try:
        with opened(place, check_size=lambda size: check_memory("n", 1, size // 4)) as arrays:
            kept = {name: arrays[name] for name in ("names", "stamps", "shapes", "animated")}
        names = kept["names"].tobytes().decode(*UTF8).split("\0")
        row_of = {name: row for row, name in enumerate(names)}
    except (OSError, DataError, KeyError, ValueError):
        return [None] * len(items)  # it is written anew
    found: list[Shape | None] = []
    shapes, animated = kept["shapes"].tolist(), kept["animated"].tolist()
    rows = [row_of.get(name, -1) for name in items.names]
    same = (kept["stamps"][rows] == stamps).all(axis=-1) & (np.array(rows) >= 0)
    for name, row, unchanged in zip(items.names, rows, same.tolist(), strict=True):
        found.append(Shape(*shapes[row]) if unchanged else None)
        if unchanged and animated[row]:
            items.animated.add(name)
    return found
