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

from zoo.data.decode import pixels, prepare, window
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
        if image.shape[-1] not in (1, 3, 4):
            raise DataError(
                f"Images of 1, 3 or 4 channels can be resized. Received: {image.shape[-1]}."
            )
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


class Broken(Exception):
    """An image turned out to be unreadable; it is known as such from now on."""


class Lazy:
    """8-bit images that are decoded each time they are asked for.

    Of an image that breaks after the set was read, or whose body is broken and not its head, the
    next one takes the place: `readable` says which. There is one warning, or an error if `strict`.
    """

    dtype = np.dtype("uint8")

    def __init__(self, items, fit: Fit, channels: int, strict: bool = False):
        self.items = items
        self.fit = fit._replace(channels=channels)
        self.strict = strict
        self.shape = (len(items), fit.image_size, fit.image_size, channels)
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
        """`rows`, with the next one that is not known to be broken for each that is."""
        if not self.broken:
            return rows
        if len(self.broken) == len(self):
            raise DataError("None of the images can be read any more.")
        known = np.isin(np.arange(len(self)), list(self.broken))
        rows = np.array(rows)
        while known[rows].any():
            rows = np.where(known[rows], (rows + 1) % len(self), rows)
        return rows

    def windows(self, rows: np.ndarray, where: np.ndarray) -> np.ndarray:
        """One window of each row, at the places `where`, of shape `(n, 2)`, in [0, 1).

        Raises:
            Broken: if an image cannot be read: ask again, for what is `readable`.
            DataError: the same, if `strict`.
        """
        size = self.fit.image_size
        chosen = zip(rows, where, strict=True)
        return np.stack([window(self._decode(row), size, at) for row, at in chosen])

    def _decode(self, row: int) -> np.ndarray:
        try:
            return _decode(self.items, row, self.fit)
        except UNREADABLE as error:
            name = self.items.names[row]
            if self.strict:
                raise DataError(f"strict=True, and {name} cannot be read: {error}.") from error
            log.warning("Skipped: %s (%s)", name, error)
            self.broken = {*self.broken, int(row)}  # at once: threads look at it
            raise Broken from error

    def select(self, rows) -> Lazy:
        """Those of the images whose numbers are `rows`."""
        return Lazy(self.items.select(rows), self.fit, self.shape[-1], self.strict)

    def sha256(self) -> str:
        """The hash of the files: of their names and their bytes, not of pixels."""
        digest = hashlib.sha256(repr((*self.shape, self.fit.crop)).encode())
        for row, name in enumerate(self.items.names):
            digest.update(hashlib.sha256(os.fsencode(name)).digest())
            digest.update(hashlib.sha256(self.items.bytes(row)).digest())
        return digest.hexdigest()


def decoded(items, fit: Fit, strict: bool, what: str, memory_limit: int = MEMORY_LIMIT):
    """The images of `items`, and the numbers of those that are readable.

    Args:
        items: has `names`, `open(row)` and `select(rows)`, as `zoo.data.files` does.
        fit: what the images are made to be.
        strict: whether an unreadable image is an error; else they are left out, with one warning
            that names them. Of a set that is not held in memory only what the head of a file says
            is known so early; the rest is an error, or a warning, when it is met.
        what: names the set in messages.
        memory_limit: in bytes; a larger set is not held in memory, and only the heads of its files
            are read now.

    Raises:
        DataError: if images differ in shape, none is readable, or one is not and `strict`.
    """
    size = fit.image_size
    if size is None:
        _check_memory(items, fit, what, memory_limit)
    in_memory = size is None or len(items) * size**2 * (fit.channels or 3) <= memory_limit
    read = _decode if in_memory else _head
    found = _each(lambda row: _tried(read, items, row, fit), len(items), _threads(items))
    broken = {row: r for row, r in enumerate(found) if isinstance(r, Exception)}
    rows = [row for row in range(len(found)) if row not in broken]
    _report([(items.names[row], error) for row, error in broken.items()], len(found), strict)
    if not rows:
        raise DataError(f"{what} holds no readable image.")
    kept = [found[row] for row in rows]
    if in_memory:
        return together(kept, size, what), rows
    _check_shapes({(size, size, channels) for channels in kept}, size, what)
    return Lazy(items.select(rows), fit, kept[0], strict), rows


def together(images: list[np.ndarray], image_size: int | None, what: str):
    """Decoded images as one array, or as `Ragged` where they leave a random crop something to
    choose.

    Raises:
        DataError: if they differ in shape otherwise.
    """
    shapes = {image.shape for image in images}
    _check_shapes(shapes, image_size, what)
    ragged = image_size is not None and {shape[:2] for shape in shapes} != {(image_size,) * 2}
    return Ragged(images, image_size) if ragged else np.stack(images)


def fitted(image: np.ndarray, fit: Fit) -> np.ndarray:
    """An image that is an array already, made to fit."""
    size = fit.image_size
    as_it_is = size is None or image.shape[:2] == (size, size)
    if as_it_is and fit.channels in (None, image.shape[2]):
        return image
    return _decode(Arrays([image]), 0, fit)


def _check_shapes(shapes: set, image_size: int | None, what: str) -> None:
    if len({shape[-1] for shape in shapes}) > 1 or (image_size is None and len(shapes) > 1):
        raise DataError(
            f"The images of {what} have {len(shapes)} shapes, such as {sorted(shapes)[:3]}; give "
            "image_size= and channels=."
        )


def _decode(items, row: int, fit: Fit) -> np.ndarray:
    with items.open(row) as image:
        array = pixels(image, fit.image_size, fit.channels)
    if fit.image_size is not None and fit.crop == "center":
        return np.ascontiguousarray(window(array, fit.image_size))
    return array


def _head(items, row: int, fit: Fit) -> int:
    """The channels of an image, from the head of its file."""
    with items.open(row) as image:
        prepare(image, fit.image_size)
        return fit.channels or (1 if image.mode[0] in "1LIF" else 3)


def _tried(read, items, row: int, fit: Fit):
    try:
        return read(items, row, fit)
    except UNREADABLE as error:
        return error


def _first_size(items) -> tuple[int, int]:
    """Width and height of the first image whose head can be read; (0, 0) if there is none."""
    for row in range(len(items)):
        try:
            with items.open(row) as image:
                return image.size
        except UNREADABLE:
            continue
    return 0, 0


def _check_memory(items, fit: Fit, what: str, memory_limit: int) -> None:
    width, height = _first_size(items)
    size = len(items) * width * height * (fit.channels or 3)
    if size > memory_limit:
        raise DataError(
            f"{len(items):,} images of {width}x{height} pixels, as the first one of {what} is, "
            f"take {size / 2**30:.1f} GiB. Allowed: image_size=, or a higher memory_limit=."
        )


def _threads(items) -> int:
    """How many threads decode images fastest: Pillow decodes without Python's lock, but of small
    images it spends most of the time with it, and threads then wait for one another."""
    width, height = _first_size(items)
    return os.cpu_count() if width * height >= LARGE else 1


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
