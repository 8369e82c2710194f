"""What one training or validation step sees, checked and cut into minibatches."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from zoo.errors import check_count


class Batch(NamedTuple):
    """What one training or validation step sees.

    `images` has the shape `(batch, height, width, channels)`; `labels`, of shape `(batch,)`, is
    `None` for unconditional models.
    """

    images: Any
    labels: Any = None


def check_images(argument: str, images, image_shape: tuple[int, ...]) -> None:
    """Raises unless `images` is a batch of floating-point images of `image_shape`."""
    if tuple(images.shape[1:]) != tuple(image_shape):
        raise ValueError(
            f"{argument} must hold images of shape (batch, {', '.join(map(str, image_shape))}). "
            f"Received: shape {tuple(images.shape)}."
        )
    if "float" not in keras.backend.standardize_dtype(images.dtype):
        raise ValueError(
            f"{argument} must hold floating-point images in the model's value range. Received: "
            "dtype "
            f"{keras.backend.standardize_dtype(images.dtype)}. zoo.data.to_range converts "
            "8-bit images."
        )


def minibatch(values, index: int, parts: int):
    """The `index`-th of `parts` equal slices of the rows of `values`; all rows where they cannot be
    cut equally.

    Written without a branch: on TensorFlow the number of rows can be unknown while the step is
    traced.
    """
    if values is None or parts == 1:
        return values
    rows = ops.shape(values)[0]
    whole = (rows % parts + parts - 1) // parts  # 1 where the rows cannot be cut, else 0
    size = rows // parts
    start = index * size * (1 - whole)
    return values[start : start + size + whole * (rows - size)]


def check_image_shape(image_shape) -> tuple[int, int, int]:
    """`image_shape` as a tuple, or an error."""
    try:
        height, width, channels = (check_count("image_shape", size) for size in image_shape)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "image_shape must be (height, width, channels), three positive whole numbers. "
            f"Received: {image_shape!r}."
        ) from error
    return height, width, channels
