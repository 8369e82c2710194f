"""Checks of the arguments of Boltzmann machines."""

from __future__ import annotations

from zoo.engine.spaces import BinaryMeans, Space, of_image_shape
from zoo.errors import ArgumentError, check_choice
from zoo.layers.boltzmann import UNITS


def space_of(image_shape, visible: str) -> Space:
    """Return the space of the data of a machine with visible units of this kind, or raise."""
    check_choice("visible", visible, UNITS)
    if visible == "gaussian":
        return of_image_shape(image_shape)
    others = "visible='gaussian' takes (features,) too."
    return BinaryMeans(*of_image_shape(image_shape, points=False, others=others).shape)


def check_flag(argument: str, value: object) -> bool:
    """Return `value`, or raise an `ArgumentError` unless it is True or False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{argument} must be True or False. Received: {value!r}.")
    return value
