"""The picture of filters: what each hidden unit sees of an image."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zoo.base.arrays import as_array
from zoo.data.grid import square
from zoo.errors import ArgumentError, check_count
from zoo.pictures.sheets import worded

SHOWN_FILTERS = 100


def filters(
    kernel,
    image_shape: tuple[int, int, int],
    n: int = SHOWN_FILTERS,
    columns: int | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Draw the columns of a kernel as images, those of the largest norms first.

    Each is scaled by its largest weight: grey is 0, white the largest positive and black the
    largest negative weight.

    Args:
        kernel: an array of shape `(pixels, units)`, such as `model.machine.kernel` of an RBM, or
            `model.lower[0].kernel` of a deep belief net.
        image_shape: `(height, width, channels)`, whose product is the number of pixels.
        n: the number of filters, at most.
        columns: the number of images in a row; by default about as many as rows.
        scale: as for `default_picture`.

    Raises:
        ValueError: if the shapes do not fit, or a number is below 1.
    """
    kernel = as_array("kernel", kernel).astype("float32")
    if kernel.ndim != 2 or len(kernel) != np.prod(image_shape):
        raise ArgumentError(
            "kernel must have the shape (pixels, units), for images of shape "
            f"{tuple(image_shape)}. Received: shape {kernel.shape}."
        )
    order = np.argsort(-np.linalg.norm(kernel, axis=0), kind="stable")[: check_count("n", n)]
    images = kernel[:, order].T
    largest = np.abs(images).max(axis=1, keepdims=True)
    images = (images / np.maximum(largest, 1e-12)).reshape(-1, *image_shape)
    return worded(images, columns or square(len(images)), (-1.0, 1.0), scale)
