"""Value ranges of images: the only place that converts between them."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError

BYTES = (0.0, 255.0)


def to_range(
    images: np.ndarray,
    value_range: tuple[float, float] = (-1.0, 1.0),
    source: tuple[float, float] | None = None,
) -> np.ndarray:
    """`images`, whose values span `source`, linearly to `value_range`, as float32.

    Args:
        images: of any shape.
        value_range: the range to convert to.
        source: the range to convert from; `None` for 8-bit images, whose range is known.

    Raises:
        ValueError: if `source` is missing and `images` are not 8-bit.
    """
    if source is None:
        if np.asarray(images).dtype != np.uint8:
            raise ArgumentError(
                "source must say which range images have that are not 8-bit, such as (0, 1). "
                f"Received: None for images of type {np.asarray(images).dtype}."
            )
        source = BYTES
    (low, high), (source_low, source_high) = value_range, source
    scale = np.float32((high - low) / (source_high - source_low))
    return (np.asarray(images, dtype="float32") - np.float32(source_low)) * scale + np.float32(low)


def to_bytes(images: np.ndarray, value_range: tuple[float, float] = (-1.0, 1.0)) -> np.ndarray:
    """`images` of `value_range` to 8 bits, rounded; values outside of the range are clipped to
    it."""
    return np.clip(np.rint(to_range(images, BYTES, source=value_range)), *BYTES).astype("uint8")
