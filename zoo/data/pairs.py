"""Aligned pairs of images, for image-to-image models."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from zoo.base.ranges import as_bytes
from zoo.data.batches import Batches
from zoo.data.decode import prepare, upright
from zoo.data.decoded import MEMORY_LIMIT, decoded
from zoo.data.files import FRAMES, report_left_out
from zoo.data.image_format import ImageFormat
from zoo.data.sources import Source, files_of
from zoo.errors import ArgumentError, DataError, check_choice
from zoo.files.home import user_path


class Half:
    """The left (0) or the right (1) half of each image file."""

    def __init__(self, files, side: int):
        self.files = files
        self.side = side
        self.names = files.names

    def __len__(self) -> int:
        return len(self.files)

    def select(self, rows) -> Half:
        """Return the subset with the indices `rows`."""
        return Half(self.files.select(rows), self.side)

    def bytes(self, row: int) -> bytes:
        """Return the side and the content of the file `row`, which identify the half."""
        return bytes([self.side]) + self.files.bytes(row)

    def open(self, row: int) -> Image.Image:
        """Return the half of the image `row`.

        Raises:
            ValueError: if the image has an odd number of columns.
        """
        with self.files.open(row) as image:
            prepare(image, None)
            image = upright(image)  # the halves are those of the picture as it is shown
            width, height = image.size
            if width % 2:
                raise ValueError(f"{width} columns are not two halves")
            half = width // 2
            return image.crop((self.side * half, 0, (self.side + 1) * half, height))


class Paired:
    """Two sets of images as one set, whose images have the channels of both."""

    dtype = np.dtype("uint8")

    def __init__(self, first, second):
        self.first = first
        self.second = second
        *shape, channels = first.shape
        self.shape = (*shape, 2 * channels)

    def __len__(self) -> int:
        return len(self.first)

    def readable(self, rows: np.ndarray) -> np.ndarray:
        """Return `rows`, with each pair that has a broken image replaced by the next whole one."""
        earlier = None
        while earlier is None or (earlier != rows).any():
            earlier = rows
            for side in (self.first, self.second):
                rows = side.readable(rows) if hasattr(side, "readable") else rows
        return rows

    def windows(self, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return one window of each pair; `positions` is as for `zoo.data.decoded.Lazy.windows`."""
        sides = (self.first, self.second)
        windows = [
            side.windows(rows, positions) if hasattr(side, "windows") else side[rows]
            for side in sides
        ]
        return np.concatenate(windows, axis=-1)


class PairBatches(Batches):
    """`Batches` of pairs: elements are `(inputs, targets)`, cropped and mirrored alike."""

    def batch(self, epoch: int, index: int):
        """Return the inputs and the targets of the batch `index` of `epoch`."""
        return tuple(np.split(super().batch(epoch, index), 2, axis=-1))


def read_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    channels: int = 3,
    inputs: str = "right",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    crop: str = "centre",
) -> tuple[Source, Source]:
    """Return the inputs and the targets of a set of pairs, in the same order.

    Args:
        path: a folder or zip file of images that each hold a pair side by side, as the authors of
            pix2pix publish them; or two folders, `(inputs, targets)`, in which the two images of a
            pair have the same name without the suffix.
        split: `"train"`, or the sub-folder of another split.
        image_size: see `zoo.data.read`, also for `strict`, `memory_limit` and `crop`. The two
            images of a pair are cropped alike.
        channels: 1 for grey, 3 for colour.
        inputs: `"left"` or `"right"`, the half that is the input. The other half is the target.

    Raises:
        DataError: if there are no pairs, or images cannot be used.
        ArgumentError: if another argument has a wrong value.
    """
    check_choice("inputs", inputs, ("left", "right"))
    check_choice("channels", channels, (1, 3))
    image_format = ImageFormat.of(image_size, channels, crop)
    if isinstance(path, tuple):
        if len(path) != 2:
            raise ArgumentError(f"path must be one path or two. Received: {len(path)}.")
        paths = path
        files = [_files(p, split, strict) for p in path]
        items = _matched(files, path)
    else:
        paths = (path, path)
        files = [_files(path, split, strict)]
        sides = (0, 1) if inputs == "left" else (1, 0)
        items = [Half(*files, side) for side in sides]
    first, rows = decoded(items[0], image_format, strict, repr(str(paths[0])), memory_limit)
    second, second_rows = decoded(
        items[1].select(rows), image_format, strict, repr(str(paths[1])), memory_limit
    )
    for side, place in zip(files, paths, strict=False):
        report_left_out(repr(str(place)), {FRAMES: side.animated}, strict)
    if first.shape[1:] != second.shape[1:]:
        raise DataError(
            f"Inputs of shape {first.shape[1:]} and targets of shape {second.shape[1:]} are no "
            "pairs; give image_size=."
        )
    name = Path(paths[0]).name
    return Source(name, first, None).select(second_rows), Source(name, second, None)


def load_pairs(
    path: str | Path | tuple[str | Path, str | Path],
    split: str = "train",
    *,
    image_size: int | tuple[int, int] | None = None,
    channels: int = 3,
    inputs: str = "right",
    strict: bool = False,
    memory_limit: int = MEMORY_LIMIT,
    crop: str = "centre",
    **batches,
) -> PairBatches:
    """Return batches of `(inputs, targets)`.

    Args:
        path: see `read_pairs`, also for `split`, `image_size`, `channels`, `inputs`, `strict`,
            `memory_limit` and `crop`.
        **batches: arguments of `Batches`: `batch_size`, `seed`, `shuffle`, `value_range`, `flip`,
            `shard`, `decoding_processes`.

    Raises:
        DataError: if there are no pairs, or images cannot be used.
    """
    sources = read_pairs(path, split, image_size, channels, inputs, strict, memory_limit, crop)
    for name, source in zip(("inputs", "targets"), sources, strict=True):
        as_bytes(name, source.images, DataError)
    return PairBatches(Paired(*(source.images for source in sources)), crop=crop, **batches)


def _files(path: str | Path, split: str, strict: bool):
    """Return the image files of a split, and report what is left out."""
    path = user_path(path)
    files, _ = files_of(path, split)
    report_left_out(repr(str(path)), files.left_out, strict)
    return files


def _matched(files: list, paths) -> list:
    """Return both collections of files in the order of their common names.

    Raises:
        DataError: if a file has no partner.
    """
    stems = [
        {str(PurePosixPath(name).with_suffix("")): row for row, name in enumerate(collection.names)}
        for collection in files
    ]
    common = sorted(stems[0].keys() & stems[1].keys())
    unmatched = sorted(stems[0].keys() ^ stems[1].keys())
    if unmatched:
        raise DataError(
            f"{len(unmatched)} images of {str(paths[0])!r} and {str(paths[1])!r} have no partner "
            f"of the same name: {', '.join(unmatched[:10])}."
        )
    return [
        collection.select([stem[name] for name in common])
        for collection, stem in zip(files, stems, strict=True)
    ]
