"""The image sizes that the convolutional bodies are made for."""

from __future__ import annotations

from zoo.engine.batch import check_image_shape
from zoo.errors import ArgumentError


def stages_of(image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """The size of the smallest feature maps and the number of times it is doubled to reach
    `image_shape`.

    Raises:
        ArgumentError: unless images are square, of 28 pixels or a power of two from 8.
    """
    height, width, _ = check_image_shape(image_shape)
    if height == width == 28:
        return 7, 2
    if height == width and height >= 8 and height & (height - 1) == 0:
        return 4, height.bit_length() - 3
    raise ArgumentError(
        "image_shape must be square, with a size of 28 or a power of two from 8, for a "
        f"convolutional body. Received: {tuple(image_shape)}."
    )
