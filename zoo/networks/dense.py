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
    if isinstance(units, int) or not isinstance(units, Sequence):
        raise ArgumentError(
            f"hidden_units must be a sequence of numbers of units. Received: {units!r}."
        )
    for size in units:
        x = layers.Dense(check_count("hidden_units", size), **options)(x)
    return x
