"""Confusion matrices."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from zoo.data import Source, grid
from zoo.errors import ArgumentError
from zoo.pictures.colors import PAPER, SHADE
from zoo.pictures.sheets import check_undivided

CELL = 48  # the least side of a cell, in pixels
SIDE = 600  # the side of a matrix of few classes, in pixels
FONT = 14  # the font of the numbers, in pixels


def confusion(
    model, test: Source | None, n: int | None = None, seed=None, columns=None, scale=None
) -> Image.Image:
    """Draw the confusion matrix of a classifier on the images `test`.

    The cell in row i and column j is the percentage of the images of class i that are classified
    as class j. The classes stand on the left and above, with their names if they are known.
    """
    check_undivided(scale, "a confusion matrix")
    if test is None or test.labels is None:
        raise ArgumentError(
            f"A confusion matrix needs test images with labels. Received: test={test!r}."
        )
    classes = model.condition.n
    labels = model.condition.from_stored(test.labels[: n or len(test.images)])
    predicted = model.classify(model.data.from_stored(test.images[: len(labels)]))
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels, predicted), 1)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = model.condition.named(test.classes).texts
    side = max(CELL, min(SIDE // classes, 2 * CELL))
    cells = [_cell(value, side) for value in percent.ravel()]
    words = {"row_words": names, "column_words": names}
    return grid(np.stack(cells), classes, scale=1, **words)


def _cell(percent: float, side: int) -> np.ndarray:
    """Draw the cell of a confusion matrix: the number, on a colour that tells it too."""
    # Most images lie on the diagonal: the square root keeps the other cells visible.
    color = PAPER + np.sqrt(percent / 100) * (SHADE - PAPER)
    cell = Image.new("RGB", (side, side), tuple(color.astype(int)))
    middle, font = (side / 2, side / 2), ImageFont.load_default(FONT)
    ImageDraw.Draw(cell).text(middle, f"{percent:.1f}", fill="black", font=font, anchor="mm")
    return np.asarray(cell)
