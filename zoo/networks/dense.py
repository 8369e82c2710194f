"""Stacks of dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from keras import layers

from zoo.errors import ArgumentError, check_count


def hidden(x, units: Sequence[int], **options):
    """Return `x` after one dense layer for each number in `units`.

    Args:
        x: the inputs.
        units: the number of units of each layer.
        **options: arguments of `keras.layers.Dense`.

    Raises:
        ArgumentError: unless `units` is a sequence of positive whole numbers.
    """
    for size in checked_units(units):
        x = layers.Dense(size, **options)(x)
    return x


def checked_units(units: Sequence[int]) -> tuple[int, ...]:
    """Return `units`, the number of units of each hidden layer, as a tuple.

    Raises:
        ArgumentError: unless `units` is a sequence of positive whole numbers.
    """
    if isinstance(units, int | str) or not isinstance(units, Sequence):
        raise ArgumentError(
            f"hidden_units must be a sequence of numbers of units. Received: {units!r}."
        )
    return tuple(check_count("hidden_units", size) for size in units)
