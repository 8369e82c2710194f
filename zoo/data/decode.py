"""Conversion of one image file to pixels; no other module opens image files, or resizes images."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.errors import DataError, ZooError

# The formats that are read, as Pillow names them. Others hold no pixels, start another program, as
# EPS does, or have decoders that few people look after.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
LARGEST = 2**27  # pixels of one decoded image, which take half a gibibyte in colour
ORIENTED = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}  # places of orientations
LONGEST = 4  # sides; of an image that is longer than 4 times its shorter side, the middle is used


class UnreadableError(DataError):
    """An image cannot be decoded."""


@functools.cache
def formats() -> tuple[str, ...]:
    """Return the ones of `FORMATS` that this build of Pillow reads."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@functools.cache
def suffixes() -> frozenset[str]:
    """Return the suffixes of the image files that are read, in lower case."""
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in formats())


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Turn any error of a decoder in the block into an `UnreadableError`.

    Of a broken or forged file, the decoders of Pillow raise errors of many kinds.
    """
    try:
        yield
    except UnidentifiedImageError as error:
        known = ", ".join(formats())
        raise UnreadableError(f"it is no image of a known format: {known}") from error
    except ZooError:
        raise
    except Exception as error:
        raise UnreadableError(str(error) or type(error).__name__) from error


def opened(file: BinaryIO) -> Image.Image:
    """Return the image in an open file, whose format is found by its content.

    Only the head of the file is decoded yet.
    """
    return Image.open(file, formats=formats())


def prepare(image: Image.Image, image_size: int | None) -> None:
    """Choose the size at which an opened image file will be decoded.

    Only the head of the file is read.

    Raises:
        ValueError: if that size is too large.
    """
    if image_size is not None:
        # A JPEG file can be decoded at an eighth, a quarter or half of its size. The result is
        # still at least twice as large as `image_size`. Other files are not changed.
        image.draft(None, (2 * image_size, 2 * image_size))
    if image.width * image.height > LARGEST:
        raise ValueError(f"{image.width}x{image.height} pixels are more than {LARGEST}")


def upright(image: Image.Image) -> Image.Image:
    """Return an opened image as its camera was held, by the orientation in its EXIF or XMP data."""
    image.load()  # a PNG file may hold them behind the pixels
    return ImageOps.exif_transpose(image) if ORIENTED & image.info.keys() else image


def pixels(image: Image.Image, image_size: int | None, channels: int | None) -> np.ndarray:
    """Return the pixels of `image`, upright and antialiased, on white where it is transparent.

    Args:
        image: an opened image file.
        image_size: the length of the shorter side in the result; `None` keeps the size.
        channels: 1 for grey, 3 for colour; `None` keeps grey or colour.

    Returns:
        An 8-bit array of shape `(height, width, channels)`.

    Raises:
        ValueError: if the image is too large to be decoded.
    """
    prepare(image, image_size)
    image = upright(image)
    grey = channels == 1 or (channels is None and image.mode[0] in "1LIF")
    if image.mode == "F":
        raise ValueError("its floating-point pixels have no known range")
    if image.mode.startswith("I"):
        low, high = image.getextrema()
        if low < 0 or high > 65535:
            raise ValueError(f"its pixels from {low} to {high} are not of 16 bits")
        # Pillow's own conversion of sixteen bits would keep the lowest eight.
        image = Image.fromarray((np.asarray(image) / 257).round().astype("uint8"))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    mode = "L" if grey else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if image_size is not None and min(image.size) != image_size:
        longest = LONGEST * min(image.size)
        if max(image.size) > longest:
            image = ImageOps.fit(image, [min(side, longest) for side in image.size])
        scale = image_size / min(image.size)
        size = [max(image_size, round(side * scale)) for side in image.size]
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., None]


def window(image: np.ndarray, image_size: int, position: tuple[float, float] = (0.5, 0.5)):
    """Return a square window of side `image_size`.

    Args:
        image: an array of shape `(height, width, channels)`.
        image_size: the side of the window.
        position: `(vertical, horizontal)` in [0, 1]; (0, 0) is the top left corner of the image,
            (1, 1) the bottom right corner.
    """
    top, left = (
        min(int(share * (side - image_size + 1)), side - image_size)
        for share, side in zip(position, image.shape[:2], strict=True)
    )
    return image[top : top + image_size, left : left + image_size]
