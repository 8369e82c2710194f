"""Training of layers that are quantized to 8-bit floating point.

The gradients of their scales are the new scales, by which they are overwritten. A loss that calls a
layer several times, as that of a discriminator does, has the sum of these as its gradient.
"""

from __future__ import annotations

import collections
import contextlib
import functools
from collections.abc import Iterator, Sequence

import keras
from keras import ops

from zoo.engine.attached import own_variables


@contextlib.contextmanager
def counted_calls(layers: Sequence[keras.layers.Layer]) -> Iterator[collections.Counter]:
    """Count the calls of each weight's layer, of those in `layers`, by the id of the weight."""
    counts: collections.Counter = collections.Counter()

    def call(layer, *args, **kwargs):
        counts.update(id(v) for v in own_variables(layer))
        return type(layer)._float8_call(layer, *args, **kwargs)

    for layer in layers:
        vars(layer)["_float8_call"] = functools.partial(call, layer)
    try:
        yield counts
    finally:
        for layer in layers:
            del vars(layer)["_float8_call"]


def of_one_call(grads: Sequence, variables: Sequence, calls: collections.Counter) -> list:
    """Return `grads` with the mean over the calls where a weight is overwritten by its gradient."""
    return [
        grad
        if not variable.overwrite_with_gradient
        else grad / calls[id(variable)]
        if calls[id(variable)]
        else ops.convert_to_tensor(variable)
        for grad, variable in zip(grads, variables, strict=True)
    ]
