"""Models whose weights are about to be read: they need not be drawn first."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import keras
import numpy as np

_unset = contextvars.ContextVar("unset", default=False)


@contextlib.contextmanager
def unset_weights() -> Iterator[None]:
    """Every variable that is made within, in this thread, holds zeros in place of what its
    initializer would give.

    On JAX an initializer is compiled for each shape: a model of thirty arrays takes seconds to
    draw and a tenth of one to read.
    """
    _install()
    token = _unset.set(True)
    try:
        yield
    finally:
        _unset.reset(token)


@functools.cache
def _install() -> None:
    """Once and for all: what is changed for a time and back again is not safe among threads.
    Keras has no public place for this."""
    drawn = keras.Variable._initialize_with_initializer

    @functools.wraps(drawn)
    def initialize(variable, initializer):
        if not _unset.get():
            return drawn(variable, initializer)
        dtype = "float32" if variable.dtype == "bfloat16" else variable.dtype
        return variable._initialize(
            variable._convert_to_tensor(np.zeros(variable._shape, dtype), dtype=variable.dtype)
        )

    keras.Variable._initialize_with_initializer = initialize
