"""The image sizes that the convolutional networks are made for."""

from __future__ import annotations

from zoo.engine.spaces import Space, of_image_shape
from zoo.errors import ArgumentError

WORDS = "square images of 28 pixels or of a power of two from 8"


def fits_stages(data: Space) -> bool:
    """Return whether `data` are images of a size that `stages_of` knows."""
    return data.name == "images" and _stages(data.height, data.width) is not None


def stages_of(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return the size of the smallest feature maps, and the number of times it is doubled to reach
    `image_shape`.

    Raises:
        ArgumentError: unless images are square, of 28 pixels or a power of two from 8.
    """
    images = of_image_shape(image_shape, points=False)
    stages = _stages(images.height, images.width)
    if stages is None:
        raise ArgumentError(
            "image_shape must be square, with a size of 28 or a power of two from 8, for a "
            f"convolutional body. Received: {tuple(image_shape)}. Allowed: a body of dense layers, "
            "or networks of your own."
        )
    return stages


def _stages(height: int, width: int) -> tuple[int, int] | None:
    if height == width == 28:
        return 7, 2
    if height == width and height >= 8 and height & (height - 1) == 0:
        return 4, height.bit_length() - 3
    return None
