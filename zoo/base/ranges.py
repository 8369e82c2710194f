"""Conversion of images between value ranges; no other module converts them."""

from __future__ import annotations

import numpy as np

from zoo.errors import ArgumentError

BYTES = (0.0, 255.0)
SLACK = 0.01  # interpolation overshoots a range a little
LOOKED_AT = 100  # images that tell what an object holds that decodes them when it is indexed


def to_range(
    images: np.ndarray,
    value_range: tuple[float, float] = (-1.0, 1.0),
    source: tuple[float, float] | None = None,
) -> np.ndarray:
    """Map `images` linearly from the range `source` to `value_range`, as float32.

    Args:
        images: an array of any shape.
        value_range: the range to convert to.
        source: the range to convert from. `None` stands for 0 to 255 for 8-bit images, and for
            black and white for bool.

    Raises:
        ArgumentError: if `source` is missing and `images` are neither 8-bit nor bool, or are 8-bit
            and hold 0 and 1 alone; or a range is empty.
    """
    if source is None:
        images = as_bytes("images", np.asarray(images))
        if images.dtype != np.uint8:
            raise ArgumentError(
                "source must say which range images have that are not 8-bit, such as (0, 1). "
                f"Received: None for images of type {images.dtype}."
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


def mapped(values, source: tuple[float, float], target: tuple[float, float]):
    """Map an array or a tensor of numbers linearly from the range `source` to `target`."""
    (low, high), (to_low, to_high) = source, target
    return (values - low) / (high - low) * (to_high - to_low) + to_low


def to_bytes(images: np.ndarray, value_range: tuple[float, float] | None = None) -> np.ndarray:
    """Map `images` from `value_range` to 8 bits, rounded.

    Values outside of the range are clipped to it.

    Args:
        images: an array of any shape.
        value_range: the range of the values, such as `model.value_range`. By default the array
            tells it: 8-bit images stay as they are, bool is black and white, and the range is
            [-1, 1] for images with a negative value, and else [0, 1].

    Raises:
        ArgumentError: if a value is NaN or infinite, or the range is not known.
    """
    images = np.asarray(images)
    check_finite(images)
    if value_range is None:
        images = as_bytes("images", images)
        if images.dtype == np.uint8:
            return images
        value_range = shown_range(images)
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


def as_bytes(argument: str, images, error=ArgumentError, black: bool = True):
    """Return images of type bool as 8-bit ones, black and white, and others after a check.

    Every function of the package that takes 8-bit images treats them so.

    Args:
        argument: the name of the argument in errors.
        images: an array, or an object that is indexed like one, of which the first images are
            looked at.
        error: the class of the error.
        black: whether images may all be black.

    Raises:
        ArgumentError: if they are 8-bit and hold 1 and nothing above, as masks often do.
    """
    if images.dtype == bool:
        return images * np.uint8(255)
    if images.dtype == np.uint8 and _highest(images) in ((1,) if black else (0, 1)):
        raise error(
            f"{argument} must hold 8-bit images, from 0 to 255. Received: values up to 1 alone, "
            "which are all black. Of masks, give 255 in place of 1, or an array of type bool."
        )
    return images


def _highest(images) -> int:
    """Return 0 or 1 if no value of 8-bit `images` is above, or else a value above 1."""
    if isinstance(images, np.ndarray):
        images = np.atleast_1d(images)
        rows, step = len(images), 1000
    else:
        rows, step = min(len(images), LOOKED_AT), 1
    highest = 0
    for start in range(0, rows, step):  # most often the first part decides
        highest = max(highest, int(images[start : start + step].max(initial=0)))
        if highest > 1:
            break
    return highest


def check_finite(images: np.ndarray) -> None:
    """Raise an `ArgumentError` if a value of `images` is NaN or infinite."""
    broken = np.count_nonzero(~np.isfinite(images))
    if broken:
        raise ArgumentError(
            f"images must hold finite numbers. Received: {broken} of {np.size(images)} values that "
            "are NaN or infinite."
        )
