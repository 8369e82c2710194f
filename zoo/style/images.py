"""Images and regions as users give them, and images of other sizes."""

from __future__ import annotations

import numpy as np

from zoo.base.arrays import as_array
from zoo.base.masks import check_some, mask_values
from zoo.base.ranges import SLACK, as_bytes, to_range
from zoo.data import decode
from zoo.errors import ArgumentError


def check_images(argument: str, images, channels: int, many: bool = True) -> np.ndarray:
    """Return images as float32 in [0, 1], of shape `(n, height, width, channels)`.

    Args:
        argument: the name of the argument in errors.
        images: 8-bit numbers or numbers in [0, 1], of that shape or of that of one image.
        channels: the channels that the network takes.
        many: whether there may be several images.

    Raises:
        ArgumentError: if the images have another shape or range, with how to convert them.
    """
    images = as_bytes(argument, as_array(argument, images))
    match images.shape:
        case (height, width, last) if last == channels and height and width:
            images = images[None]
        case (n, height, width, last) if last == channels and n and height and width and many:
            pass
        case shape:
            allowed = f"(height, width, {channels})"
            if many:
                allowed += f" or (n, height, width, {channels})"
            advice = (
                "zoo.data.to_range(image, (0, 1)).mean(axis=-1, keepdims=True) makes an image in "
                "colour grey, and image[..., None] adds the channel of a grey one."
                if channels == 1
                else "np.repeat(image.reshape(height, width, 1), 3, axis=-1) makes a grey image "
                "colour, and image[..., :3] leaves out transparency."
            )
            raise ArgumentError(
                f"{argument} must have the shape {allowed}. Received: {shape}. {advice}"
            )
    if images.dtype == np.uint8:
        return to_range(images, (0.0, 1.0))
    if not np.isfinite(images).all():
        raise ArgumentError(f"{argument} must hold finite numbers. Received: NaN or infinite ones.")
    low, high = images.min(), images.max()
    if low < 0 or high > 1:
        if low >= -SLACK and high <= 1 + SLACK:  # as resizing leaves them
            return np.clip(images, 0.0, 1.0).astype("float32")
        source = (0, 255) if low >= 0 and high > 2 else (-1, 1)
        raise ArgumentError(
            f"{argument} must hold 8-bit numbers, or numbers in [0, 1]. Received: {images.dtype} "
            f"from {low:g} to {high:g}. zoo.data.to_range(images, (0, 1), source={source}) "
            f"converts images of {list(source)}."
        )
    return np.ascontiguousarray(images, "float32")


def check_start(start, shape: tuple[int, int, int, int]) -> np.ndarray:
    """Return the images that a descent starts from, or raise unless they have the shape `shape`."""
    images = check_images("start", start, shape[-1])
    if images.shape != tuple(shape):
        raise ArgumentError(f"start must have the shape {tuple(shape)}. Received: {images.shape}.")
    return images


def check_region(argument: str, mask, size: tuple[int, int]) -> np.ndarray:
    """Return the mask of a region, float32 of shape `(height, width)`, with ones for `None`.

    Args:
        argument: the name of the argument in errors.
        mask: numbers in [0, 1] or bools, 1 or True in the region, of shape `(height, width)` or
            `(height, width, 1)`.
        size: the height and the width of the image.

    Raises:
        ArgumentError: if the mask has another shape or other values, or is zero everywhere.
    """
    if mask is None:
        return np.ones(size, "float32")
    values = mask_values(argument, mask, "in the region")
    if values.shape not in (size, (*size, 1)):
        raise ArgumentError(
            f"{argument} must have the shape {size} of its image. Received: {values.shape}."
        )
    check_some(argument, values[None], "in the region")
    return values.reshape(size)


def at_size(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return images in [0, 1], of shape `(n, height, width, channels)`, at another size."""
    if images.shape[1:3] == tuple(size):
        return images
    return np.clip(np.stack([decode.at_size(image, size) for image in images]), 0.0, 1.0)


def region_at_size(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the mask of a region at the size of a feature map, by the means of areas.

    Returns:
        An array of shape `(1, height, width, 1)`, which no region leaves without a number above 0.
    """
    return decode.at_size(mask[..., None], size, areas=True)[None]


def size_at(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Return the height and the width `size`, halved `level` times."""
    height, width = (max(1, round(side / 2**level)) for side in size)
    return height, width


def shuffled(images: np.ndarray, n: int, size: tuple[int, int], seed: int) -> np.ndarray:
    """Return `n` images of the height and width `size`, of pixels of `images` in random order.

    Image i has pixels of image i of `images`, or of the only one.
    """
    draws = np.random.default_rng(seed)
    height, width = size
    pixels = np.broadcast_to(images, (n, *images.shape[1:])).reshape(n, -1, images.shape[-1])
    rows = draws.integers(0, pixels.shape[1], (n, height * width, 1))
    return np.take_along_axis(pixels, rows, axis=1).reshape(n, height, width, -1)
