"""Pictures that show many images in a grid."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.base.ranges import to_bytes
from zoo.errors import ArgumentError


def grid(
    images: np.ndarray, columns: int | None = None, value_range: tuple[float, float] = (-1.0, 1.0)
) -> Image.Image:
    """Return one picture of all `images`, in rows, with two white pixels between them.

    Args:
        images: images of shape `(n, height, width, channels)` with 1 or 3 channels, in
            `value_range`.
        columns: the number of images in a row; by default the square root of their number, rounded
            up.
        value_range: the range of the values.

    Raises:
        ArgumentError: if `images` has another shape.
    """
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ArgumentError(
            "images must have the shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {images.shape}."
        )
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = -(-n // columns)
    canvas = np.full(
        (rows * (height + 2) + 2, columns * (width + 2) + 2, channels), 255, dtype="uint8"
    )
    for index, image in enumerate(to_bytes(images, value_range)):
        row, column = divmod(index, columns)
        top, left = 2 + row * (height + 2), 2 + column * (width + 2)
        canvas[top : top + height, left : left + width] = image
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def save_grid(
    images: np.ndarray, path: str | Path, columns: int | None = None, value_range=(-1.0, 1.0)
) -> Path:
    """Write `grid(images, ...)` to `path`, and return the path.

    The folder of `path` is created if it is missing.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    grid(images, columns, value_range).save(path)
    return path
