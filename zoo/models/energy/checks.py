"""Checks of the arguments of Boltzmann machines."""

from __future__ import annotations

import numpy as np

from zoo.base.arrays import as_array
from zoo.engine.spaces import BinaryMeans, Space, of_image_shape
from zoo.engine.spaces.base import as_numpy
from zoo.errors import ArgumentError, check_choice
from zoo.layers.boltzmann import UNITS


def space_of(image_shape, visible: str) -> Space:
    """Return the space of the data of a machine with visible units of this kind, or raise."""
    check_choice("visible", visible, UNITS)
    if visible == "gaussian":
        return of_image_shape(image_shape)
    return BinaryMeans(*of_image_shape(image_shape, points=False).shape)


def check_flag(argument: str, value: object) -> bool:
    """Return `value`, or raise an `ArgumentError` unless it is True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{argument} must be True or False. Received: {value!r}.")
    return value


def check_codes(codes, size: int) -> np.ndarray:
    """Return `codes` as a float32 array of shape `(n, size)`, or raise."""
    codes = as_array("codes", as_numpy("codes", codes)).astype("float32")
    if codes.shape[1:] != (size,) or not len(codes) or not np.isfinite(codes).all():
        raise ArgumentError(
            f"codes must hold finite numbers of shape (n, {size}) with n at least 1. Received: "
            f"shape {codes.shape}."
        )
    return codes
