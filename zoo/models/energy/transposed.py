"""The start of a machine as the one below it, with its layers exchanged."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.boltzmann import BoltzmannMachine
from zoo.models.energy.chains import PersistentChains


def check_sizes(sizes: Sequence[int]) -> None:
    """Raise unless each layer of these sizes, from the pixels up, has at least as many units as the
    second one below it."""
    if any(upper < lower for lower, upper in zip(sizes, sizes[2:], strict=False)):
        raise ArgumentError(
            "transposed=True needs at least as many units in each layer as in the second one below "
            f"it. Received: hidden_units={tuple(sizes[1:])} above {sizes[0]} pixels."
        )


def begin_transposed(
    upper: tuple[BoltzmannMachine, PersistentChains],
    lower: tuple[BoltzmannMachine, PersistentChains],
    random=None,
) -> None:
    """Let a machine that has seen no batch begin as the one below it.

    With a generator `random`, its chains begin at hidden units that the machine below draws given
    the states of its own chains.
    """
    machine, chains = upper
    machine.start_transposed(lower[0], machine.is_new)
    if random is not None:
        drawn = lower[0].drawn_hidden(lower[1].own(), random)
        chains.keep(ops.where(machine.is_new, drawn, chains.own()))
