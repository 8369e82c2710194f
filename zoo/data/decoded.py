"""Images that are decoded from files or records, at once into memory or when they are needed.

Both kinds behave like NumPy arrays of shape `(n, height, width, channels)` that are indexed by
rows. Where images are not square, `windows` gives other crops too.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from zoo.base.text import one_line
from zoo.data.decode import UnreadableError, decoding, pixels, prepare, shape_of, window
from zoo.data.heads import heads
from zoo.data.image_format import ImageFormat, Shape, report_changes
from zoo.errors import DataError

LARGE = 200 * 200  # pixels of an image from which on several threads decode faster than one
MEMORY_LIMIT = 2**31  # bytes; a larger set is decoded image by image, when one is needed
HASHED = 2**14  # the files whose hashes are exchanged at once by several processes
Total = Callable[[np.ndarray], np.ndarray]
HASHED_AS = {"centre": "center"}  # the spelling in hashes of earlier versions
log = logging.getLogger(__name__)


class Decoded(NamedTuple):
    """The pixels of a converted image, and its shape before the conversion."""

    pixels: np.ndarray
    shape: Shape


class Arrays:
    """Images that are arrays, of equal shapes or not, which are still to be resized."""

    def __init__(self, images):
        self.images = images
        self.names = [f"image {row}" for row in range(len(images))]

    def __len__(self) -> int:
        return len(self.images)

    def open(self, row: int) -> Image.Image:
        """Return the image `row`, for Pillow.

        Raises:
            DataError: if it has not 1, 3 or 4 channels.
        """
        image = self.images[row]
        if image.shape[-1] not in (1, 3, 4):
            raise DataError(
                f"Images of 1, 3 or 4 channels can be resized. Received: {image.shape[-1]}."
            )
        return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


class Ragged:
    """Windows of one size into 8-bit images in memory that are larger in one direction."""

    dtype = np.dtype("uint8")

    def __init__(self, images: list[np.ndarray], size: tuple[int, int]):
        self.images = images
        self.shape = (len(images), *size, images[0].shape[-1])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        return self.windows(rows, np.full((len(rows), 2), 0.5))

    def windows(self, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return one window of each row.

        Args:
            rows: the numbers of the images, of shape `(n,)`.
            positions: where the windows lie, of shape `(n, 2)`, in [0, 1).

        Returns:
            An 8-bit array of shape `(n, height, width, channels)`.
        """
        size = self.shape[1:3]
        pairs = zip(rows, positions, strict=True)
        return np.stack([window(self.images[row], size, position) for row, position in pairs])

    def select(self, rows) -> Ragged:
        """Return the subset with the indices `rows`."""
        return Ragged([self.images[row] for row in rows], self.shape[1:3])

    def centred(self) -> np.ndarray:
        """Return the centre of each image."""
        return self[:]

    def sha256(self) -> str:
        """Return the hash of the shapes and pixels of all images."""
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(repr(image.shape).encode())
            digest.update(np.ascontiguousarray(image))
        return digest.hexdigest()


class Broken(Exception):
    """An image turned out to be unreadable, and is now known to be."""


class Lazy:
    """8-bit images that are decoded on each access, indexed by rows like an array.

    Indexing replaces a broken image by the next readable one. `windows` raises `Broken` instead;
    its caller tries again with the rows from `readable`. Each broken image is logged once.

    Args:
        items: the encoded images, a collection with `names`, `open(row)` and `select(rows)`.
        image_format: the size and the crop of the images.
        channels: the number of channels.
        strict: whether a broken image raises a `DataError`.
    """

    dtype = np.dtype("uint8")

    def __init__(self, items, image_format: ImageFormat, channels: int, strict: bool = False):
        self.items = items
        self.image_format = image_format._replace(channels=channels)
        self.strict = strict
        self.shape = (len(items), *image_format.size, channels)
        self.threads = _threads(items)
        self.broken: set[int] = set()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        while True:
            try:
                return self.windows(self.readable(rows), np.full((len(rows), 2), 0.5))
            except Broken:
                continue

    def readable(self, rows: np.ndarray) -> np.ndarray:
        """Return `rows`, with each known broken image replaced by the next one in order.

        Raises:
            DataError: if all images are broken.
        """
        if not self.broken:
            return rows
        if len(self.broken) == len(self):
            raise DataError("None of the images can be read any more.")
        is_broken = np.isin(np.arange(len(self)), list(self.broken))
        rows = np.array(rows)
        while is_broken[rows].any():
            rows = np.where(is_broken[rows], (rows + 1) % len(self), rows)
        return rows

    def windows(self, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """Return one window of each row.

        Args:
            rows: the numbers of the images, of shape `(n,)`.
            positions: where the windows lie, of shape `(n, 2)`, in [0, 1).

        Returns:
            An 8-bit array of shape `(n, height, width, channels)`.

        Raises:
            Broken: if an image cannot be read; a second call with the `readable` rows avoids it.
            DataError: if an image cannot be read and `strict`.
        """
        size = self.shape[1:3]
        pairs = zip(rows, positions, strict=True)
        return np.stack([window(self._decode(row), size, position) for row, position in pairs])

    def _decode(self, row: int) -> np.ndarray:
        """Return the pixels of the image `row`.

        Raises:
            Broken: if the image cannot be read.
            DataError: if the image cannot be read and `strict`.
        """
        try:
            return _decode(self.items, row, self.image_format).pixels
        except UnreadableError as error:
            name = one_line(self.items.names[row])
            if self.strict:
                raise DataError(f"strict=True, and {name} cannot be read: {error}.") from error
            log.warning("Skipped: %s (%s)", name, one_line(str(error)))
            self.broken = {*self.broken, int(row)}  # one assignment, since several threads read it
            raise Broken from error

    def select(self, rows) -> Lazy:
        """Return the subset with the indices `rows`."""
        return Lazy(self.items.select(rows), self.image_format, self.shape[-1], self.strict)

    def centred(self) -> Lazy:
        """Return the same images, each cropped to its centre."""
        image_format = self.image_format._replace(crop="centre")
        return Lazy(self.items, image_format, self.shape[-1], self.strict)

    def sha256(self, process: tuple[int, int] = (0, 1), total: Total = np.asarray) -> str:
        """Return the hash of the names and the bytes of the files, not of their pixels.

        Args:
            process: `(index, count)` of this process among those that compute the hash together, of
                which each reads its part of the files.
            total: a function that returns the sum of an array over these processes.
        """
        crop = HASHED_AS.get(self.image_format.crop, self.image_format.crop)
        digest = hashlib.sha256(repr((*self.shape, crop)).encode())
        index, count = process
        for start in range(0, len(self), HASHED):
            names = self.items.names[start : start + HASHED]
            contents = np.zeros((len(names), hashlib.sha256().digest_size), "float32")
            for row in range(index, len(names), count):
                content = hashlib.sha256(self.items.bytes(start + row)).digest()
                contents[row] = np.frombuffer(content, "uint8")
            for name, content in zip(names, total(contents).astype("uint8"), strict=True):
                digest.update(hashlib.sha256(os.fsencode(name)).digest())
                digest.update(content.tobytes())
        return digest.hexdigest()


def decoded(
    items, image_format: ImageFormat, strict: bool, name: str, memory_limit: int = MEMORY_LIMIT
):
    """Return the images of `items`, and the indices of the readable ones.

    Args:
        items: a collection with `names`, `open(row)` and `select(rows)`, such as
            `zoo.data.files.FolderFiles`.
        image_format: the size, channels and crop to convert to.
        strict: whether an unreadable image is an error. Else unreadable images are left out, and
            one warning names them. If the set is not held in memory, only an image with a broken
            head is found now; an image with a broken body is found when it is decoded.
        name: the name of the set in messages.
        memory_limit: in bytes. Of a larger set only the heads of the files are read now.

    Raises:
        DataError: if images differ in shape; if none is readable; or if one is not and `strict`.
    """
    size = image_format.size
    if size is None:
        _check_memory(items, image_format, name, memory_limit)
    in_memory = size is None or image_format.bytes(len(items)) <= memory_limit
    threads = _threads(items)

    def read(rows):
        one = _decode if in_memory else _head
        return _map_rows(lambda row: _result_or_error(one, items, row, image_format), rows, threads)

    results = read(range(len(items))) if in_memory else heads(items, size, read)
    errors = {row: result for row, result in enumerate(results) if isinstance(result, Exception)}
    rows = [row for row in range(len(results)) if row not in errors]
    _report([(items.names[row], error) for row, error in errors.items()], len(results), strict)
    if not rows:
        raise DataError(f"{name} holds no readable image.")
    readable = [results[row] for row in rows]
    if in_memory:
        return joined(readable, image_format, name), rows
    channels = image_format.channels or max(shape.channels for shape in readable)
    report_changes(name, readable, image_format, channels)
    return Lazy(items.select(rows), image_format, channels, strict), rows


def joined(images: list[Decoded], image_format: ImageFormat, name: str):
    """Return decoded images as one array, or as `Ragged` if a random crop can choose among windows.

    Grey images beside colour ones become colour. One line says how images were changed.

    Raises:
        DataError: if the images differ in shape otherwise.
    """
    size = image_format.size
    channels = max(image.pixels.shape[-1] for image in images)
    arrays = [_with_channels(image.pixels, channels) for image in images]
    shapes = {array.shape for array in arrays}
    if len({shape[-1] for shape in shapes}) > 1 or (size is None and len(shapes) > 1):
        raise DataError(
            f"The images of {name} have {len(shapes)} shapes, such as {sorted(shapes)[:3]}; give "
            "image_size= and channels=."
        )
    report_changes(name, [image.shape for image in images], image_format, channels)
    ragged = size is not None and {shape[:2] for shape in shapes} != {size}
    return Ragged(arrays, size) if ragged else np.stack(arrays)


def _with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Return a grey image as one of `channels` equal channels, if these are colours."""
    grey = image.shape[-1] == 1 and channels == 3
    return np.repeat(image, 3, axis=-1) if grey else image


def formatted(image: np.ndarray, image_format: ImageFormat) -> Decoded:
    """Convert an image that is an array already."""
    has_size = image_format.size in (None, image.shape[:2])
    if has_size and image_format.channels in (None, image.shape[2]):
        return Decoded(image, Shape(*image.shape))
    return _decode(Arrays([image]), 0, image_format)


def _decode(items, row: int, image_format: ImageFormat) -> Decoded:
    """Return the image `row`, converted."""
    with decoding(), items.open(row) as image:
        shape = shape_of(image)
        array = pixels(image, image_format)
    if image_format.size is not None and image_format.crop == "centre":
        array = np.ascontiguousarray(window(array, image_format.size))
    return Decoded(array, shape)


def _head(items, row: int, image_format: ImageFormat) -> Shape:
    """Return the shape of an image before its conversion, from the head of its file."""
    with decoding(), items.open(row) as image:
        shape = shape_of(image)
        prepare(image, image_format.size)
        return shape


def _result_or_error(read, items, row: int, image_format: ImageFormat):
    """Return the result of `read`, or its error."""
    try:
        return read(items, row, image_format)
    except UnreadableError as error:
        return error


def _first_size(items) -> tuple[int, int]:
    """Return the width and height of the first image with a readable head, or (0, 0)."""
    for row in range(len(items)):
        try:
            with decoding(), items.open(row) as image:
                return image.size
        except UnreadableError:
            continue
    return 0, 0


def _check_memory(items, image_format: ImageFormat, name: str, memory_limit: int) -> None:
    """Raise a `DataError` if images of the size of the first one exceed the memory limit."""
    width, height = _first_size(items)
    size = len(items) * width * height * (image_format.channels or 3)
    if size > memory_limit:
        raise DataError(
            f"{len(items):,} images of {width}x{height} pixels, as the first one of {name} is, "
            f"take {size / 2**30:.1f} GiB. Allowed: image_size=, or a higher memory_limit=."
        )


def _threads(items) -> int:
    """Return the number of threads that decode images fastest.

    Pillow decodes without Python's lock. For small images it holds the lock most of the time, so
    that threads wait for one another.
    """
    width, height = _first_size(items)
    return os.cpu_count() if width * height >= LARGE else 1


def _map_rows(fn, rows: Sequence[int], threads: int) -> list:
    """Return `fn(row)` of each of `rows`, computed by `threads` threads."""
    if threads == 1:
        return [fn(row) for row in rows]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(fn, rows))


def _report(skipped: list[tuple[str, Exception]], count: int, strict: bool) -> None:
    """Warn of the skipped images, or raise a `DataError` if `strict`."""
    if not skipped:
        return
    examples = one_line("; ".join(f"{name} ({error})" for name, error in skipped[:10]))
    more = f"; and {len(skipped) - 10} more" if len(skipped) > 10 else ""
    if strict:
        raise DataError(
            f"strict=True, and {len(skipped)} of {count} images cannot be read: {examples}{more}."
        )
    log.warning("Skipped %d unreadable of %d images: %s%s", len(skipped), count, examples, more)
