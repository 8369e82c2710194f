"""Binary images from 8-bit images, in three ways that bear a name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

# The ways: white above one half; one draw for each image, with its grey levels as probabilities;
# another such draw each time.
BINARIZATIONS = ("threshold", "sampled", "stochastic")


def binarized(
    images: np.ndarray, way: str, draw: Callable[[], np.ndarray] | None = None
) -> np.ndarray:
    """Return 8-bit `images` as black and white, an array of bools.

    Args:
        images: of shape `(n, height, width, channels)`.
        way: one of `BINARIZATIONS`.
        draw: a function that returns a number of U(0, 1) for each pixel, for `"stochastic"`.
    """
    if way == "threshold":
        return images > np.float32(127.5)
    levels = sampled_levels(images) if way == "sampled" else draw()
    return images > np.float32(255) * levels


def sampled_levels(images: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a number of U(0, 1) for each pixel, float32, which the image and `seed` determine.

    The binary form of an image is therefore the same in each set, order and process, and a set has
    one such form for each seed.
    """
    levels = np.empty(images.shape, "float32")
    for level, image in zip(levels, images, strict=True):
        digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
        words = np.frombuffer(digest, "<u4")
        level[...] = np.random.default_rng((seed, *words.tolist())).random(level.shape, "float32")
    return levels
