"""Checks of the sizes of autoregressive networks."""

from __future__ import annotations

from zoo.errors import ArgumentError, check_count


def check_odd(argument: str, value: int) -> int:
    """Return `value`, or raise unless it is an odd whole number of at least 3."""
    check_count(argument, value, minimum=3)
    if value % 2 == 0:
        raise ArgumentError(f"{argument} must be odd. Received: {value}.")
    return value


def check_multiple(argument: str, value: int, groups: int) -> int:
    """Return `value`, or raise unless it is a multiple of `groups`, the channels in order."""
    check_count(argument, value)
    if value % groups:
        raise ArgumentError(
            f"{argument} must be a multiple of {groups}, the channels of a pixel, which are drawn "
            f"one after the other. Received: {value}."
        )
    return value
