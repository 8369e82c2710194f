"""The losses that layers add during a training step, by `add_loss` and activity regularizers.

Keras forgets the losses of a network when it is called again, as a discriminator is in one step,
and drops them inside of JAX's transformations.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator

import keras

# The pairs of layer and loss since `collecting` was entered; None outside of it.
_losses: contextvars.ContextVar[list | None] = contextvars.ContextVar("losses", default=None)


@contextlib.contextmanager
def collecting() -> Iterator[list]:
    """Collect all pairs of a layer and a loss that it adds in this thread within the block."""
    _install()
    losses: list = []
    token = _losses.set(losses)
    try:
        yield losses
    finally:
        _losses.reset(token)


def add(layer: keras.layers.Layer, loss) -> None:
    """Add a loss of `layer` to the pairs of the block around it, if there is one."""
    losses = _losses.get()
    if losses is not None:
        losses.append((layer, loss))


@functools.cache
def _install() -> None:
    """Let `add_loss` of Keras's layers tell `add` too, for the rest of the process."""
    original = keras.layers.Layer.add_loss

    @functools.wraps(original)
    def add_loss(layer, loss):
        for part in keras.tree.flatten(loss):
            add(layer, part)
        return original(layer, loss)

    keras.layers.Layer.add_loss = add_loss
