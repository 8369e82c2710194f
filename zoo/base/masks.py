"""Checks of masks, numbers in [0, 1] that tell which pixels count."""

from __future__ import annotations

import numpy as np

from zoo.base.arrays import as_array
from zoo.errors import ArgumentError


def mask_values(argument: str, mask, meaning: str) -> np.ndarray:
    """Return the mask of an argument as float32 numbers in [0, 1].

    Args:
        argument: the name of the argument in errors.
        mask: an array of numbers or bools.
        meaning: what 1 means, in errors, such as `"known"`.

    Raises:
        ArgumentError: if a number lies outside of [0, 1].
    """
    values = as_array(argument, mask).astype("float32")
    if not ((values >= 0) & (values <= 1)).all():
        raise ArgumentError(
            f"{argument} must hold numbers in [0, 1], 1 where a pixel is {meaning}. Received: "
            "others."
        )
    return values


def check_some(argument: str, masks: np.ndarray, meaning: str) -> None:
    """Raise an `ArgumentError` if a mask of the batch `masks` is zero everywhere."""
    if not masks.reshape(len(masks), -1).any(axis=1).all():
        raise ArgumentError(
            f"{argument} must be 1, which means {meaning}, in at least one pixel of each image. "
            "Received: zeros alone."
        )
