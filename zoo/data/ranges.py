"""Value ranges of images: the only place that converts between them."""

from __future__ import annotations

import numpy as np

BYTES = (0.0, 255.0)


def to_range(
    images: np.ndarray, value_range: tuple[float, float] = (-1.0, 1.0), source=BYTES
) -> np.ndarray:
    """`images`, whose values span `source`, linearly to `value_range`, as float32."""
    (low, high), (source_low, source_high) = value_range, source
    scale = np.float32((high - low) / (source_high - source_low))
    return (np.asarray(images, dtype="float32") - np.float32(source_low)) * scale + np.float32(low)


def to_bytes(images: np.ndarray, value_range: tuple[float, float] = (-1.0, 1.0)) -> np.ndarray:
    """`images` of `value_range` to 8 bits, rounded; values outside of the range are clipped to
    it."""
    return np.clip(np.rint(to_range(images, BYTES, source=value_range)), *BYTES).astype("uint8")
