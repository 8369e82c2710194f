"""Models whose weights are about to be read: they need not be drawn first."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
from collections.abc import Iterator

import keras
import numpy as np

from zoo.errors import ArgumentError

_left: contextvars.ContextVar[list | None] = contextvars.ContextVar("left", default=None)


@contextlib.contextmanager
def unset_weights(most: float = math.inf) -> Iterator[None]:
    """Every variable that is made within, in this thread, holds zeros in place of what its
    initializer would give.

    On JAX an initializer is compiled for each shape: a model of thirty arrays takes seconds to
    draw and a tenth of one to read.

    Args:
        most: how many numbers they may hold in all; one more is an `ArgumentError`, before there is
            room for it.
    """
    _install()
    token = _left.set([most])
    try:
        yield
    finally:
        _left.reset(token)


@functools.cache
def _install() -> None:
    """Once and for all: what is changed for a time and back again is not safe among threads.
    Keras has no public place for this."""
    drawn = keras.Variable._initialize_with_initializer

    @functools.wraps(drawn)
    def initialize(variable, initializer):
        left = _left.get()
        if left is None:
            return drawn(variable, initializer)
        left[0] -= math.prod(variable._shape)
        if left[0] < 0:
            raise ArgumentError("Its weights are more numbers than there are to be set.")
        dtype = "float32" if variable.dtype == "bfloat16" else variable.dtype
        return variable._initialize(
            variable._convert_to_tensor(np.zeros(variable._shape, dtype), dtype=variable.dtype)
        )

    keras.Variable._initialize_with_initializer = initialize
