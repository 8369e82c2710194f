"""Pictures that show many images in a grid."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.base.arrays import as_array
from zoo.base.ranges import as_bytes, to_bytes
from zoo.errors import ArgumentError, check_count
from zoo.files.home import write_picture


def grid(
    images: np.ndarray, columns: int | None = None, value_range: tuple[float, float] | None = None
) -> Image.Image:
    """Return one picture of all `images`, in rows, with two white pixels between them.

    Args:
        images: images of shape `(n, height, width, channels)` with 1 or 3 channels.
        columns: the number of images in a row; by default the square root of their number, rounded
            up.
        value_range: the range of the values, such as `model.value_range`. By default the array
            tells it: 0 to 255 for 8-bit images, [-1, 1] for images with a negative value, and else
            [0, 1].

    Raises:
        ArgumentError: if `images` has another shape, or its range is not known.
    """
    images = as_bytes("images", as_array("images", images, "images"))
    if not len(images):
        raise ArgumentError("images holds no image.")
    if columns is not None:
        check_count("columns", columns)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ArgumentError(
            "images must have the shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {images.shape}."
        )
    images = images if images.dtype == np.uint8 else to_bytes(images, value_range)
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = -(-n // columns)
    canvas = np.full(
        (rows * (height + 2) + 2, columns * (width + 2) + 2, channels), 255, dtype="uint8"
    )
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = 2 + row * (height + 2), 2 + column * (width + 2)
        canvas[top : top + height, left : left + width] = image
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def save_grid(
    images: np.ndarray, path: str | Path, columns: int | None = None, value_range=None
) -> Path:
    """Write `grid(images, ...)` to `path`, and return the path.

    The folder of `path` is created if it is missing.
    """
    path = Path(path)
    write_picture(path, grid(images, columns, value_range))
    return path
