"""Conversion of images between value ranges; no other module converts them."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError

BYTES = (0.0, 255.0)
SLACK = 0.01  # interpolation overshoots a range a little


def to_range(
    images: np.ndarray,
    value_range: tuple[float, float] = (-1.0, 1.0),
    source: tuple[float, float] | None = None,
) -> np.ndarray:
    """Map `images` linearly from the range `source` to `value_range`, as float32.

    Args:
        images: an array of any shape.
        value_range: the range to convert to.
        source: the range to convert from. `None` stands for 0 to 255 and is for 8-bit images only.

    Raises:
        ArgumentError: if `source` is missing and `images` are not 8-bit, or a range is empty.
    """
    if source is None:
        if np.asarray(images).dtype != np.uint8:
            raise ArgumentError(
                "source must say which range images have that are not 8-bit, such as (0, 1). "
                f"Received: None for images of type {np.asarray(images).dtype}."
            )
        source = BYTES
    (low, high), (source_low, source_high) = value_range, source
    for argument, limits in (("value_range", value_range), ("source", source)):
        if not limits[0] < limits[1]:
            raise ArgumentError(
                f"{argument} must be the lowest and the highest value. Received: {limits}."
            )
    scale = np.float32((high - low) / (source_high - source_low))
    return (np.asarray(images, dtype="float32") - np.float32(source_low)) * scale + np.float32(low)


def to_bytes(images: np.ndarray, value_range: tuple[float, float] | None = None) -> np.ndarray:
    """Map `images` from `value_range` to 8 bits, rounded.

    Values outside of the range are clipped to it.

    Args:
        images: an array of any shape.
        value_range: the range of the values, such as `model.value_range`. By default the array
            tells it: 8-bit images stay as they are, and the range is [-1, 1] for images with a
            negative value, and else [0, 1].

    Raises:
        ArgumentError: if a value is NaN or infinite, or the range is not known.
    """
    images = np.asarray(images)
    check_finite(images)
    if value_range is None and images.dtype == np.uint8:
        return images
    value_range = shown_range(images) if value_range is None else value_range
    return np.clip(np.rint(to_range(images, BYTES, source=value_range)), *BYTES).astype("uint8")


def shown_range(images: np.ndarray) -> tuple[float, float]:
    """Return the range that the finite values of `images` show.

    Raises:
        ArgumentError: if they show none.
    """
    low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
    if low < 0:
        return -1.0, 1.0
    if high <= 1 + SLACK:
        return 0.0, 1.0
    raise ArgumentError(
        f"value_range must be given for values from {low:g} to {high:g}, such as (0, 255). "
        "Received: None."
    )


def check_finite(images: np.ndarray) -> None:
    """Raise an `ArgumentError` if a value of `images` is NaN or infinite."""
    broken = np.count_nonzero(~np.isfinite(images))
    if broken:
        raise ArgumentError(
            f"images must hold finite numbers. Received: {broken} of {np.size(images)} values that "
            "are NaN or infinite."
        )
