"""Images decoded from files or records: all at once into memory, or each time they are needed.

Both behave as NumPy arrays of shape `(n, height, width, channels)` that are indexed by rows; where
images are not square, `windows` gives other crops too.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import logging
import os
from typing import NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from zoo.data.decode import pixels, window
from zoo.errors import DataError

LARGE = 200 * 200  # pixels of an image, from which on threads decode faster than one
MEMORY_LIMIT = 2**31  # bytes of decoded images, above which images are decoded as they are needed
UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,  # Pillow's word for a broken file
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
log = logging.getLogger(__name__)


class Fit(NamedTuple):
    """What images are made to be."""

    image_size: int | None
    channels: int | None
    crop: str = "center"


class Arrays:
    """Images that are arrays already, of one shape or not, to be made to fit."""

    def __init__(self, images):
        self.images = images
        self.names = [f"image {row}" for row in range(len(images))]

    def __len__(self) -> int:
        return len(self.images)

    def open(self, row: int) -> Image.Image:
        """The image, for Pillow."""
        image = self.images[row]
        return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


class Ragged:
    """8-bit images in memory whose shorter sides are equal: square windows into them."""

    dtype = np.dtype("uint8")

    def __init__(self, images: list[np.ndarray], image_size: int):
        self.images = images
        self.shape = (len(images), image_size, image_size, images[0].shape[-1])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        return self.windows(rows, np.full((len(rows), 2), 0.5))

    def windows(self, rows: np.ndarray, where: np.ndarray) -> np.ndarray:
        """One window of each row, at the places `where`, of shape `(n, 2)`, in [0, 1)."""
        size = self.shape[1]
        chosen = zip(rows, where, strict=True)
        return np.stack([window(self.images[row], size, at) for row, at in chosen])

    def select(self, rows) -> Ragged:
        """Those of the images whose numbers are `rows`."""
        return Ragged([self.images[row] for row in rows], self.shape[1])

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for image in self.images:
            digest.update(repr(image.shape).encode())
            digest.update(np.ascontiguousarray(image))
        return digest.hexdigest()


class Lazy:
    """8-bit images that are decoded each time they are asked for.

    An image that turns out to be broken is replaced by the next one that is not, with one warning.
    """

    dtype = np.dtype("uint8")

    def __init__(self, items, fit: Fit, channels: int):
        self.items = items
        self.fit = fit._replace(channels=channels)
        self.shape = (len(items), fit.image_size, fit.image_size, channels)
        self.broken: set[int] = set()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, rows) -> np.ndarray:
        rows = np.arange(len(self))[rows]
        return self.windows(rows, np.full((len(rows), 2), 0.5))

    def windows(self, rows: np.ndarray, where: np.ndarray) -> np.ndarray:
        """One window of each row, at the places `where`, of shape `(n, 2)`, in [0, 1)."""
        size = self.fit.image_size
        chosen = zip(rows, where, strict=True)
        return np.stack([window(self._decode(row), size, at) for row, at in chosen])

    def _decode(self, row: int) -> np.ndarray:
        for number in (row + np.arange(len(self))) % len(self):
            try:
                return _decode(self.items, number, self.fit)
            except UNREADABLE as error:
                if number not in self.broken:
                    self.broken.add(number)
                    log.warning("Skipped: %s (%s)", self.items.names[number], error)
        raise DataError("None of the images can be read any more.")

    def select(self, rows) -> Lazy:
        """Those of the images whose numbers are `rows`."""
        return Lazy(self.items.select(rows), self.fit, self.shape[-1])

    def sha256(self) -> str:
        """The hash of the files: of their names and their bytes, not of pixels."""
        digest = hashlib.sha256(repr((*self.shape, self.fit.crop)).encode())
        for row, name in enumerate(self.items.names):
            digest.update(hashlib.sha256(name.encode()).digest())
            digest.update(hashlib.sha256(self.items.bytes(row)).digest())
        return digest.hexdigest()


def decoded(items, fit: Fit, strict: bool, what: str, memory_limit: int = MEMORY_LIMIT):
    """The images of `items`, and the numbers of those that are readable.

    Args:
        items: has `names`, `open(row)` and `select(rows)`, as `zoo.data.files` does.
        fit: what the images are made to be.
        strict: whether an unreadable image is an error; else they are left out, with one warning
            that names them.
        what: names the set in messages.
        memory_limit: in bytes; a larger set is not held in memory, and only the heads of its files
            are read now.

    Raises:
        DataError: if images differ in shape, none is readable, or one is not and `strict`.
    """
    size = fit.image_size
    in_memory = size is None or len(items) * size**2 * (fit.channels or 3) <= memory_limit
    read = _decode if in_memory else _head
    found = _each(lambda row: _tried(read, items, row, fit), len(items), _threads(items))
    broken = {row: r for row, r in enumerate(found) if isinstance(r, Exception)}
    rows = [row for row in range(len(found)) if row not in broken]
    _report([(items.names[row], error) for row, error in broken.items()], len(found), strict)
    if not rows:
        raise DataError(f"{what} holds no readable image.")
    kept = [found[row] for row in rows]
    shapes = {image.shape for image in kept} if in_memory else {(size, size, n) for n in kept}
    if len({shape[-1] for shape in shapes}) > 1 or (size is None and len(shapes) > 1):
        raise DataError(
            f"The images of {what} have {len(shapes)} shapes, such as {sorted(shapes)[:3]}; give "
            "image_size= and channels=."
        )
    if not in_memory:
        return Lazy(items.select(rows), fit, kept[0]), rows
    if size is not None and shapes != {(size, size, kept[0].shape[-1])}:
        return Ragged(kept, size), rows  # there is something to choose for a random crop
    return np.stack(kept), rows


def _decode(items, row: int, fit: Fit) -> np.ndarray:
    with items.open(row) as image:
        array = pixels(image, fit.image_size, fit.channels)
    if fit.image_size is not None and fit.crop == "center":
        return np.ascontiguousarray(window(array, fit.image_size))
    return array


def _head(items, row: int, fit: Fit) -> int:
    """The channels of an image, from the head of its file."""
    with items.open(row) as image:
        return fit.channels or (1 if image.mode[0] in "1LIF" else 3)


def _tried(read, items, row: int, fit: Fit):
    try:
        return read(items, row, fit)
    except UNREADABLE as error:
        return error


def _threads(items) -> int:
    """How many threads decode images fastest: Pillow decodes without Python's lock, but of small
    images it spends most of the time with it, and threads then wait for one another."""
    for row in range(min(len(items), 10)):
        try:
            with items.open(row) as image:
                return os.cpu_count() if image.width * image.height >= LARGE else 1
        except UNREADABLE:
            continue
    return 1


def _each(fn, n: int, threads: int) -> list:
    """`fn` of 0 to n - 1."""
    if threads == 1:
        return [fn(row) for row in range(n)]
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(fn, range(n)))


def _report(skipped: list[tuple[str, Exception]], count: int, strict: bool) -> None:
    if not skipped:
        return
    named = "; ".join(f"{name} ({error or type(error).__name__})" for name, error in skipped[:10])
    more = f"; and {len(skipped) - 10} more" if len(skipped) > 10 else ""
    if strict:
        raise DataError(
            f"strict=True, and {len(skipped)} of {count} images cannot be read: {named}{more}."
        )
    log.warning("Skipped %d unreadable of %d images: %s%s", len(skipped), count, named, more)
