"""The memory of this machine, and refusals of arrays that it cannot hold."""

from __future__ import annotations

import os

from zoo.errors import ArgumentError

UNKNOWN = 2**47  # bytes that no process can address; the limit where the memory is unknown


def machine_memory() -> int:
    """Return the memory of this machine in bytes, or a limit of all machines if it is unknown."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return UNKNOWN


def check_memory(argument: str, n: int, numbers: int, advice: str = "fewer") -> None:
    """Raise if `n` times `numbers` float32 numbers are more than this machine can hold.

    Args:
        argument: the name of the argument `n` in errors.
        n: the number of values.
        numbers: the number of numbers in one value.
        advice: the allowed values, for errors.
    """
    size, memory = 4 * n * numbers, machine_memory()
    if size > memory:
        raise ArgumentError(
            f"{argument} must be as many as fit in memory, {memory / 2**30:,.0f} GiB. Received: "
            f"{n:,}, of {numbers:,} numbers each, which take {size / 2**30:,.0f} GiB. Allowed: "
            f"{advice}."
        )
