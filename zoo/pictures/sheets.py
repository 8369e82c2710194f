"""Grids of images with words for their rows and columns, by which models are shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from zoo.data import Source, grid
from zoo.errors import ArgumentError, check_count


def worded(
    images: np.ndarray,
    columns: int,
    value_range,
    scale: int | None,
    rows: Sequence[str] | None = None,
    headings: Sequence[str] | None = None,
) -> Image.Image:
    """Draw a grid with words for its rows and its columns; of scale 1 without them, plain."""
    if scale == 1:
        rows = headings = None
    return grid(images, columns, value_range, scale=scale, row_words=rows, column_words=headings)


def in_rows(rows: dict[str, np.ndarray], columns: int, value_range, scale) -> Image.Image:
    """Draw the arrays `rows`, of equally many images, below each other, `columns` at a time.

    Each row has its name beside it. Places without an image are white.
    """
    n = max(map(len, rows.values()))
    blocks = [x[i : i + columns] for i in range(0, n, columns) for x in rows.values()]
    images = np.clip(np.concatenate(blocks), *value_range)
    white = np.full((len(blocks) * columns, *images.shape[1:]), value_range[1], images.dtype)
    filled = np.concatenate([np.arange(columns) < len(block) for block in blocks])
    white[filled] = images
    return worded(white, columns, value_range, scale, [*rows] * -(-n // columns))


def class_words(names: list[str], columns: int) -> tuple[list[str] | None, list[str] | None]:
    """Return the words of the rows and those of the columns of a grid of images of classes.

    One class has its name above the grid. Where each column holds one class and a row does not,
    the names stand above the columns; else beside the rows, of which one may hold several.
    """
    rows = [names[i : i + columns] for i in range(0, len(names), columns)]
    if len(set(names)) == 1:
        return None, [names[0], *[""] * (columns - 1)]
    pure = all(len(set(row)) == 1 for row in rows)
    if not pure and all(len(set(names[i::columns])) <= 1 for i in range(columns)):
        return None, [*names[:columns], *[""] * (columns - len(names))]
    words = [", ".join(dict.fromkeys(row)) for row in rows]
    repeated = [word == before for before, word in zip([None, *words], words, strict=False)]
    return ["" if same else word for same, word in zip(repeated, words, strict=True)], None


def check_undivided(scale: int | None, what: str) -> None:
    """Raise if `scale` would enlarge a picture that is drawn, and not made of images."""
    if scale is not None and check_count("scale", scale) != 1:
        raise ArgumentError(
            f"scale enlarges the pixels of images. Received: {scale} for {what}. Allowed: 1 or "
            "None."
        )


def conditions_of(model, test: Source | None, n: int) -> np.ndarray:
    """Return the conditions of the first `n` data of `test`."""
    if test is None or test.labels is None:
        raise ArgumentError(
            f"A picture of {type(model).__name__} needs test data with {model.condition.noun}. "
            f"Received: test={test!r}."
        )
    return model.condition.from_stored(test.labels[:n])
