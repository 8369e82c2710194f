"""Images beside their nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from zoo.base.ranges import BYTES
from zoo.data import Source, to_range
from zoo.errors import ArgumentError
from zoo.metrics import nearest_neighbours
from zoo.pictures.sheets import worded


def neighbours(
    images: np.ndarray,
    train: Source,
    value_range: tuple[float, float],
    k: int = 9,
    scale: int | None = None,
) -> Image.Image:
    """Draw each of `images` in a row with its nearest training images, to show memorisation.

    The `k` neighbours, nearest first, are those with the smallest distance of pixels. Equal images
    have equal pictures. `beside_neighbours` draws neighbours that were found in another way.

    Args:
        images: samples in `value_range`, of shape `(n, height, width, channels)`.
        train: the training images.
        value_range: the range of `images`.
        k: the number of neighbours of each image.
        scale: as for `default_picture`.
    """
    training_images = to_range(train.images[:], value_range, source=BYTES)
    flat = (x.reshape(len(x), -1) for x in (images, training_images))
    rows = nearest_neighbours(*flat, k).rows
    return beside_neighbours(images, training_images[rows], value_range, scale=scale)


def beside_neighbours(
    images: np.ndarray,
    neighbours: np.ndarray,
    value_range: tuple[float, float] | None = None,
    *,
    image_word: str = "sample",
    neighbour_word: str | None = None,
    row_words: Sequence[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Draw each of `images` in a row with the neighbours that were found for it.

    Args:
        images: samples of shape `(n, height, width, channels)`.
        neighbours: the neighbours of each image, nearest first, of shape `(n, k, height, width,
            channels)` and in the same range.
        value_range: the range of both, see `zoo.data.grid`.
        image_word: the word above the images.
        neighbour_word: the word above the neighbours; by default "nearest neighbour" or "nearest
            training images".
        row_words: a word beside each row, such as the distance of the nearest neighbour.
        scale: as for `default_picture`.

    Raises:
        ArgumentError: if the shapes of `images` and `neighbours` do not fit together.

    Example:

    >>> import numpy as np
    >>> import zoo
    >>> images = np.zeros((2, 8, 8, 1), "uint8")
    >>> found = np.zeros((2, 3, 8, 8, 1), "uint8")
    >>> zoo.pictures.beside_neighbours(images, found, row_words=["0.0", "0.0"]).mode
    'L'
    """
    images, neighbours = np.asarray(images), np.asarray(neighbours)
    n, *shape = images.shape
    if neighbours.shape != (n, *neighbours.shape[1:2], *shape) or not neighbours.size:
        raise ArgumentError(
            "neighbours must hold images like `images`, as many for each: shape "
            f"{(n, 'k', *shape)}. Received: shape {neighbours.shape}.".replace("'", "")
        )
    k = neighbours.shape[1]
    if neighbour_word is None:
        neighbour_word = "nearest neighbour" if k == 1 else "nearest training images"
    side_by_side = np.concatenate([images[:, None], neighbours], axis=1).reshape(-1, *shape)
    headings = [image_word, neighbour_word, *[""] * (k - 1)]
    return worded(side_by_side, k + 1, value_range, scale, row_words, headings)
