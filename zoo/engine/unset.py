"""Models that are built for weights that are read from a file next."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import math
from collections.abc import Iterator

import keras
import numpy as np

from zoo.errors import ArgumentError


@dataclasses.dataclass
class _Block:
    """A block in which variables are made: the numbers that they may still hold, and whether they
    are made of zeros."""

    remaining: float
    zeros: bool


_block: contextvars.ContextVar[_Block | None] = contextvars.ContextVar("block", default=None)


@contextlib.contextmanager
def limited_weights(most: float, zeros: bool = False) -> Iterator[None]:
    """Limit the numbers in the variables that this thread makes until the end of the block.

    Args:
        most: the largest number of elements of all variables together.
        zeros: whether the variables are made of zeros, and initializers are skipped.

    Raises:
        ArgumentError: if the variables would hold more, before memory is taken for them.
    """
    _install()
    token = _block.set(_Block(most, zeros))
    try:
        yield
    finally:
        _block.reset(token)


def unset_weights(most: float = math.inf):
    """Make variables of zeros in this thread until the end of the block; see `limited_weights`.

    On JAX an initializer is compiled for each shape, so that a model of thirty arrays takes seconds
    to draw and a tenth of a second to read.
    """
    return limited_weights(most, zeros=True)


@functools.cache
def _install() -> None:
    """Replace Keras's initialization of variables once, for the rest of the process.

    A replacement that is undone later would not be safe among threads. Keras has no public place
    for it.
    """
    initialize_randomly = keras.Variable._initialize_with_initializer

    @functools.wraps(initialize_randomly)
    def initialize(variable, initializer):
        block = _block.get()
        if block is not None:
            block.remaining -= math.prod(variable._shape)
            if block.remaining < 0:
                raise ArgumentError("Its weights are more numbers than there are to be set.")
        if block is None or not block.zeros:
            return initialize_randomly(variable, initializer)
        dtype = "float32" if variable.dtype == "bfloat16" else variable.dtype
        return variable._initialize(
            variable._convert_to_tensor(np.zeros(variable._shape, dtype), dtype=variable.dtype)
        )

    keras.Variable._initialize_with_initializer = initialize
