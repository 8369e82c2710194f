"""Aligned pairs of images, for image-to-image models."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from zoo.data.batches import Batches
from zoo.data.decoded import MEMORY_LIMIT, Fit, decoded
from zoo.data.sources import Source, files_of
from zoo.errors import ArgumentError, DataError, check_choice, check_count


class Half:
    """The left (0) or the right (1) half of each image file."""

    def __init__(self, files, side: int):
        self.files = files
        self.side = side
        self.names = files.names

    def __len__(self) -> int:
        return len(self.files)

    def select(self, rows) -> Half:
        """Those of the files whose numbers are `rows`."""
        return Half(self.files.select(rows), self.side)

    def bytes(self, row: int) -> bytes:
        return bytes([self.side]) + self.files.bytes(row)

    def open(self, row: int) -> Image.Image:
        with self.files.open(row) as image:
            width, height = image.size
            if width % 2:
                raise ValueError(f"{width} columns are not two halves")
            half = width // 2
            return image.crop((self.side * half, 0, (self.side + 1) * half, height))


class Paired:
    """Two sets of images as one: the channels of the second behind those of the first."""

    dtype = np.dtype("uint8")

    def __init__(self, first, second):
        self.first = first
        self.second = second
        *shape, channels = first.shape
        self.shape = (*shape, 2 * channels)

    def __len__(self) -> int:
        return len(self.first)

    def readable(self, rows: np.ndarray) -> np.ndarray:
        """`rows`, with the next pair that is whole for each that is known to be broken."""
        before = None
        while before is None or (before != rows).any():
            before = rows
            for side in (self.first, self.second):
                rows = side.readable(rows) if hasattr(side, "readable") else rows
        return rows

    def windows(self, rows: np.ndarray, where: np.ndarray) -> np.ndarray:
        """One window of each pair, at the places `where`."""
        sides = (self.first, self.second)
        parts = [s.windows(rows, where) if hasattr(s, "windows") else s[rows] for s in sides]
        return np.concatenate(parts, axis=-1)


class PairBatches(Batches):
    """As `Batches`, of pairs: elements are `(inputs, targets)`, cropped and mirrored alike."""

    def batch(self, epoch: int, index: int):
        return tuple(np.split(super().batch(epoch, index), 2, axis=-1))


def read_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    split: str = "train",
    image_size: int | None = None,
    channels: int = 3,
    inputs: str = "right",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
) -> tuple[Source, Source]:
    """Inputs and targets, of equal number and order.

    Args:
        path: a folder or zip file of images that each hold a pair side by side, as pix2pix
            publishes them; or two folders, `(inputs, targets)`, in which the two images of a pair
            bear the same name but for the suffix.
        split: `"train"`, or the sub-folder of another split.
        image_size: see `zoo.data.read`, and `strict` and `memory_limit`.
        channels: 1 for grey, 3 for colour.
        inputs: which half is the input, `"left"` or `"right"`; the other one is the target.

    Raises:
        DataError: if there are no pairs, or images cannot be used.
        ValueError: if another argument has a wrong value.
    """
    check_choice("inputs", inputs, ("left", "right"))
    check_choice("channels", channels, (1, 3))
    if image_size is not None:
        check_count("image_size", image_size)
    fit = Fit(image_size, channels)
    if isinstance(path, tuple):
        if len(path) != 2:
            raise ArgumentError(f"path must be one path or two. Received: {len(path)}.")
        items, what = _matched([files_of(Path(p).expanduser(), split)[0] for p in path], path), path
    else:
        files, what = files_of(Path(path).expanduser(), split)[0], (path, path)
        sides = (0, 1) if inputs == "left" else (1, 0)
        items = [Half(files, side) for side in sides]
    first, rows = decoded(items[0], fit, strict, repr(str(what[0])), memory_limit)
    second, kept = decoded(items[1].select(rows), fit, strict, repr(str(what[1])), memory_limit)
    if first.shape[1:] != second.shape[1:]:
        raise DataError(
            f"Inputs of shape {first.shape[1:]} and targets of shape {second.shape[1:]} are no "
            "pairs; give image_size=."
        )
    name = Path(what[0]).name
    return Source(name, first, None).select(kept), Source(name, second, None)


def load_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    split: str = "train",
    *,
    image_size: int | None = None,
    channels: int = 3,
    inputs: str = "right",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    **batches,
) -> PairBatches:
    """Batches of `(inputs, targets)`.

    Args:
        path: see `read_pairs`, and `split`, `image_size`, `channels`, `inputs`, `strict` and
            `memory_limit`.
        **batches: see `Batches`: `batch_size`, `seed`, `shuffle`, `value_range`, `flip`, `shard`,
            `decoding_processes`.

    Raises:
        DataError: if there are no pairs, or images cannot be used.
    """
    read = read_pairs(path, split, image_size, channels, inputs, strict, memory_limit)
    return PairBatches(Paired(*(source.images for source in read)), **batches)


def _matched(files: list, paths) -> list:
    """Both, with the files alone that have a partner."""
    stems = [
        {str(PurePosixPath(name).with_suffix("")): row for row, name in enumerate(f.names)}
        for f in files
    ]
    both = sorted(stems[0].keys() & stems[1].keys())
    alone = sorted(stems[0].keys() ^ stems[1].keys())
    if alone:
        raise DataError(
            f"{len(alone)} images of {str(paths[0])!r} and {str(paths[1])!r} have no partner of "
            f"the same name: {', '.join(alone[:10])}."
        )
    return [f.select([stem[name] for name in both]) for f, stem in zip(files, stems, strict=True)]
