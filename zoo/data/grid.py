"""Pictures that show many images in a grid, large enough to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.base.arrays import as_array
from zoo.base.memory import machine_memory
from zoo.base.ranges import as_bytes, to_bytes
from zoo.data.words import LINE, Word, with_words
from zoo.errors import ArgumentError, check_count
from zoo.files.home import write_picture

SIDE = 600  # pixels of the longer side that an enlarged picture is nearest to
GAP = 2  # white pixels between images


def grid(
    images: np.ndarray,
    columns: int | None = None,
    value_range: tuple[float, float] | None = None,
    *,
    scale: int | None = None,
    row_words: Sequence[str] | None = None,
    column_words: Sequence[str] | None = None,
) -> Image.Image:
    """Return one picture of all `images`, in rows, with two white pixels between them.

    Small images are enlarged without smoothing, each pixel to a square of `scale` pixels. Words
    stand in a margin on the left and one above, and never over the images.

    Args:
        images: images of shape `(n, height, width, channels)` with 1 or 3 channels.
        columns: the number of images in a row; by default the square root of their number, rounded
            up.
        value_range: the range of the values, such as `model.value_range`. By default the array
            tells it: 0 to 255 for 8-bit images, [-1, 1] for images with a negative value, and else
            [0, 1].
        scale: the factor by which images are enlarged; by default the one that makes the longer
            side of the picture about 600 pixels, and 1 for a larger picture. With 1 the picture
            has the pixels of the images.
        row_words: a word for each row, on its left.
        column_words: a word for each column, above it. A word runs on over the empty ones behind
            it.

    Raises:
        ArgumentError: if `images` has another shape, its range is not known, or there are not as
            many words as rows or columns.
    """
    images = as_bytes("images", as_array("images", images, "images"))
    if not len(images):
        raise ArgumentError("images holds no image.")
    if columns is not None:
        check_count("columns", columns)
    if scale is not None:
        check_count("scale", scale)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ArgumentError(
            "images must have the shape (n, height, width, channels) with 1 or 3 channels. "
            f"Received: shape {images.shape}."
        )
    images = images if images.dtype == np.uint8 else to_bytes(images, value_range)
    n, height, width, channels = images.shape
    columns = columns or square(n)
    rows = -(-n // columns)
    _check_words("row_words", row_words, rows)
    _check_words("column_words", column_words, columns)
    if scale is None:
        worded = ((height, row_words), (width, column_words))
        scale = _scale((rows, height), (columns, width), [s for s, words in worded if words])
    size, memory = scale * scale * images.size, machine_memory()
    if size > memory:
        raise ArgumentError(
            f"scale must give a picture that fits in memory, {memory / 2**30:,.0f} GiB. Received: "
            f"{scale}, for a picture of {size / 2**30:,.0f} GiB."
        )
    height, width = height * scale, width * scale
    down, across = height + GAP, width + GAP
    canvas = np.full((rows * down + GAP, columns * across + GAP, channels), 255, dtype="uint8")
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        top, left = GAP + row * down, GAP + column * across
        canvas[top : top + height, left : left + width] = image.repeat(scale, 0).repeat(scale, 1)
    picture = Image.fromarray(canvas[..., 0] if channels == 1 else canvas)
    return with_words(picture, _places(row_words, down), _places(column_words, across))


def square(n: int) -> int:
    """Return the number of columns by which `n` images have about as many rows."""
    return math.ceil(math.sqrt(n))


def _scale(rows: tuple[int, int], columns: tuple[int, int], worded: list[int]) -> int:
    """Return the factor that makes a picture about `SIDE` pixels long, at least 1.

    Args:
        rows: the number of the rows and their pixels.
        columns: the number of the columns and their pixels.
        worded: the pixels of rows or columns that have words, which must be legible.
    """
    fit = min((SIDE - GAP * (n + 1)) / (n * side) for n, side in (rows, columns))
    return max(1, round(fit), *(math.ceil(LINE / side) for side in worded))


def _check_words(argument: str, words: Sequence[str] | None, n: int) -> None:
    """Raise unless `words` are `n` texts, or `None`."""
    if words is None:
        return
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        raise ArgumentError(f"{argument} must be a list of texts. Received: {words!r}.")
    if len(words) != n:
        raise ArgumentError(
            f"{argument} must hold {n} texts, one for each. Received: {len(words)}: {words!r}."
        )


def _places(words: Sequence[str] | None, step: int) -> list[Word]:
    """Return `words` with their places; rows or columns come each `step` pixels."""
    words = words or ()
    starts = [i for i, word in enumerate(words) if word]
    ends = [*starts[1:], len(words)]
    return [
        Word(words[i], GAP + i * step, (end - i) * step - GAP, step - GAP)
        for i, end in zip(starts, ends, strict=False)
    ]


def save_grid(
    images: np.ndarray,
    path: str | Path,
    columns: int | None = None,
    value_range: tuple[float, float] | None = None,
    *,
    scale: int | None = None,
    row_words: Sequence[str] | None = None,
    column_words: Sequence[str] | None = None,
) -> Path:
    """Write `grid(images, ...)` to `path`, and return the path.

    The folder of `path` is created if it is missing.
    """
    path = Path(path)
    words = {"row_words": row_words, "column_words": column_words}
    write_picture(path, grid(images, columns, value_range, scale=scale, **words))
    return path
