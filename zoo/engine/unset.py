"""Models without random initial weights, for weights that are read from a file next."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
from collections.abc import Iterator

import keras
import numpy as np

from zoo.errors import ArgumentError

# The numbers that variables may still hold, in a list of one; None outside of `unset_weights`.
_remaining: contextvars.ContextVar[list | None] = contextvars.ContextVar("remaining", default=None)


@contextlib.contextmanager
def unset_weights(most: float = math.inf) -> Iterator[None]:
    """Make variables of zeros in this thread until the end of the block.

    Initializers are skipped. On JAX an initializer is compiled for each shape, so that a model of
    thirty arrays takes seconds to draw and a tenth of a second to read.

    Args:
        most: the largest number of elements of all variables together.

    Raises:
        ArgumentError: if the variables would hold more, before memory is taken for them.
    """
    _install()
    token = _remaining.set([most])
    try:
        yield
    finally:
        _remaining.reset(token)


@functools.cache
def _install() -> None:
    """Replace Keras's initialization of variables once, for the rest of the process.

    A replacement that is undone later would not be safe among threads. Keras has no public place
    for it.
    """
    initialize_randomly = keras.Variable._initialize_with_initializer

    @functools.wraps(initialize_randomly)
    def initialize(variable, initializer):
        remaining = _remaining.get()
        if remaining is None:
            return initialize_randomly(variable, initializer)
        remaining[0] -= math.prod(variable._shape)
        if remaining[0] < 0:
            raise ArgumentError("Its weights are more numbers than there are to be set.")
        dtype = "float32" if variable.dtype == "bfloat16" else variable.dtype
        return variable._initialize(
            variable._convert_to_tensor(np.zeros(variable._shape, dtype), dtype=variable.dtype)
        )

    keras.Variable._initialize_with_initializer = initialize
