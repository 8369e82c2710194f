"""Conversion of one image file to pixels; no other module opens image files, or resizes images."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from zoo.data.image_format import ImageFormat, Shape
from zoo.errors import DataError, ZooError

# The formats that are read, as Pillow names them. Others hold no pixels; start another program, as
# EPS does; are not told by their first bytes, as TGA; are decoded in Python, where a small file
# takes minutes, as QOI; hold pictures larger than their heads say, as ICO; or have decoders that
# few people look after.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
LARGEST = 2**27  # pixels of one decoded image, which take half a gibibyte in colour
ORIENTED = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}  # places of orientations
ORIENTATION = 0x0112  # the number of the orientation in EXIF data
TURNED = (5, 6, 7, 8)  # orientations of a camera on its side
# Of an image that is longer than 4 times the largest part of the wanted aspect ratio, the middle is
# used.
LONGEST = 4


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


def shape_of(image: Image.Image) -> Shape:
    """Return the shape of an opened image as it is shown, from the head of its file."""
    width, height = image.size
    turned = image.getexif().get(ORIENTATION) in TURNED if ORIENTED & image.info.keys() else False
    return Shape(*((width, height) if turned else (height, width)), 1 if is_grey(image) else 3)


def is_grey(image: Image.Image) -> bool:
    """Return whether an opened image has grey levels alone. One with a palette counts as colour."""
    return image.mode != "LAB" and image.mode[0] in "1LIF"


def prepare(image: Image.Image, size: tuple[int, int] | None) -> None:
    """Choose the size at which an opened image file will be decoded.

    Only the head of the file is read.

    Args:
        image: an opened image file.
        size: the height and width of the result; `None` keeps the size.

    Raises:
        ValueError: if that size is too large.
    """
    if size is not None:
        # A JPEG file can be decoded at an eighth, a quarter or half of its size. The result is
        # still at least twice as large as `size`. Other files are not changed.
        side = 2 * max(size)  # in both directions, since the picture may lie on its side
        image.draft(None, (side, side))
    if image.width * image.height > LARGEST:
        raise ValueError(f"{image.width}x{image.height} pixels are more than {LARGEST}")


def upright(image: Image.Image) -> Image.Image:
    """Return an opened image as its camera was held, by the orientation in its EXIF or XMP data."""
    image.load()  # a PNG file may hold them behind the pixels
    return ImageOps.exif_transpose(image) if ORIENTED & image.info.keys() else image


def pixels(image: Image.Image, image_format: ImageFormat) -> np.ndarray:
    """Return the pixels of `image`, upright and antialiased, on white where it is transparent.

    Args:
        image: an opened image file.
        image_format: the size, channels and crop. With the crop `"none"` the result has this size;
            else it is the smallest one of the image's aspect ratio that `window` can be cut from.

    Returns:
        An 8-bit array of shape `(height, width, channels)`.

    Raises:
        ValueError: if the image is too large to be decoded.
    """
    prepare(image, image_format.size)
    image = upright(image)
    channels = image_format.channels
    grey = channels == 1 or (channels is None and is_grey(image))
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
    if image.mode == "LAB":  # Pillow converts it to RGB alone
        image = image.convert("RGB")
    mode = "L" if grey else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if image_format.size is not None:
        image = _resized(image, image_format.size, whole=image_format.crop == "none")
    array = np.asarray(image)
    return array if array.ndim == 3 else array[..., None]


def _resized(image: Image.Image, size: tuple[int, int], whole: bool) -> Image.Image:
    """Return `image` at `size` if `whole`, and else at the smallest size that covers `size`.

    Of a very long image only the middle is returned.
    """
    height, width = size
    scale = max(height / image.height, width / image.width)
    if whole:
        wanted = [width, height]
    elif scale == 1:
        return image
    else:
        fitting = (image.height * width / height, image.width * height / width)
        longest = [LONGEST * min(sides) for sides in zip(image.size, fitting, strict=True)]
        if any(side > most for side, most in zip(image.size, longest, strict=True)):
            middle = zip(image.size, longest, strict=True)
            image = ImageOps.fit(image, [round(min(sides)) for sides in middle])
        scale = max(height / image.height, width / image.width)
        wanted = [
            max(least, round(side * scale))
            for side, least in zip(image.size, (width, height), strict=True)
        ]
    return image.resize(wanted, Image.Resampling.LANCZOS, reducing_gap=3.0)


def window(
    image: np.ndarray, size: tuple[int, int], position: tuple[float, float] = (0.5, 0.5)
) -> np.ndarray:
    """Return a window of the height and width `size`.

    Args:
        image: an array of shape `(height, width, channels)`.
        size: the height and width of the window.
        position: `(vertical, horizontal)` in [0, 1]; (0, 0) is the top left corner of the image,
            (1, 1) the bottom right corner.
    """
    top, left = (
        min(int(share * (side - part + 1)), side - part)
        for share, side, part in zip(position, image.shape[:2], size, strict=True)
    )
    height, width = size
    return image[top : top + height, left : left + width]


def at_size(image: np.ndarray, size: tuple[int, int], areas: bool = False) -> np.ndarray:
    """Return an image of float32 numbers at the height and width `size`, antialiased.

    Args:
        image: an array of shape `(height, width, channels)`.
        size: the height and the width of the result.
        areas: whether each pixel is the mean of its area, which overshoots no value.
    """
    method = Image.Resampling.BOX if areas else Image.Resampling.LANCZOS
    channels = [
        Image.fromarray(np.ascontiguousarray(image[..., i], "float32")).resize(size[::-1], method)
        for i in range(image.shape[-1])
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)
