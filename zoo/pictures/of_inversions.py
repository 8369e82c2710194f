"""Pictures of images beside the nearest ones that a model makes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.engine.inversion import Inversion
from zoo.pictures.sheets import in_rows

COLUMNS = 10  # the images in a row


def inversions(
    images: np.ndarray,
    found: Inversion,
    value_range: tuple[float, float],
    mask: np.ndarray | None = None,
    columns: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Draw rows of images, of what a model makes of their latents, and of the difference.

    The difference is shown by its size, from the darkest level for none.

    Args:
        images: the images, in `value_range`.
        found: the latents and images of `model.invert`.
        value_range: the value range of the model.
        mask: the weights of the pixels, of the shape of `images`, if not all are known: a row with
            the known ones is added.
        columns: the number of images in a row.
        scale: the factor by which images are enlarged.
    """
    low, high = value_range
    rows = {"image": images}
    if mask is not None:
        rows["known"] = mask * images + (1 - mask) * (low + high) / 2
    rows |= {"found": found.images, "difference": low + np.abs(images - found.images)}
    return in_rows(rows, columns or min(COLUMNS, len(images)), value_range, scale)
