"""The image sizes that the convolutional networks are made for."""

from __future__ import annotations

import math
from collections.abc import Callable

from zoo.engine.spaces import Images, Space, of_image_shape, of_shape
from zoo.errors import SizeError

LARGEST = 4096  # pixels; sizes up to this one are proposed in place of others
WORDS = "square images of 28 pixels or of a power of two from 8"


def fits_stages(data: Space) -> bool:
    """Return whether `data` are images of a size that `stages_of` knows."""
    return data.name == "images" and _stages(data.height, data.width) is not None


def stages_of(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return the size of the smallest feature maps, and the number of times it is doubled to reach
    `image_shape`.

    Raises:
        SizeError: unless images are square, of 28 pixels or a power of two from 8.
    """
    images = of_image_shape(image_shape, points=False)
    stages = _stages(images.height, images.width)
    if stages is None:
        raise SizeError(
            "image_shape must be square, with a size of 28 or a power of two from 8, for a "
            f"convolutional body. Received: {tuple(image_shape)}. Allowed: a body of dense layers, "
            "or networks of your own.",
            (images.height, images.width),
            nearest_sizes(images, fits_stages),
        )
    return stages


def nearest_sizes(images: Images, fits: Callable[[Space], bool]) -> list[int]:
    """Return the sides of the square images nearest to `images` that `fits` allows, nearest first.

    They are the next smaller and the next larger one, where there are such up to `LARGEST`.
    """
    side = min(math.isqrt(images.height * images.width), LARGEST)  # of a square of as many pixels

    def fit(candidate: int) -> bool:
        return fits(of_shape((candidate, candidate, images.channels), images.range))

    smaller = next(filter(fit, range(side, 0, -1)), None)
    larger = next(filter(fit, range(side + 1, LARGEST + 1)), None)
    found = [candidate for candidate in (smaller, larger) if candidate is not None]
    return sorted(found, key=lambda candidate: abs(candidate - side))


def _stages(height: int, width: int) -> tuple[int, int] | None:
    if height == width == 28:
        return 7, 2
    if height == width and height >= 8 and height & (height - 1) == 0:
        return 4, height.bit_length() - 3
    return None
