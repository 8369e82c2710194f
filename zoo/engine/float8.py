"""Training of layers that are quantized to 8-bit floating point.

The gradients of their scales are the new scales, by which they are overwritten. A loss that calls a
layer several times, as that of a discriminator does, has the sum of these as its gradient. A loss
that differentiates the layer would add second derivatives.
"""

from __future__ import annotations

import collections
import contextlib
import functools
from collections.abc import Iterator, Sequence

import keras
from keras import ops

from zoo import engine
from zoo.engine import differentiation
from zoo.engine.attached import own_variables
from zoo.errors import ArgumentError


@contextlib.contextmanager
def differentiable(layers: Sequence[keras.layers.Layer]) -> Iterator[collections.Counter]:
    """Let gradients be taken through `layers`, of 8-bit floating point, on each backend.

    Yields:
        The number of calls of each weight's layer, by the id of the weight.

    Raises:
        ArgumentError: if the engine's `gradient` has called a layer.
    """
    counts: collections.Counter = collections.Counter()
    differentiated: list[str] = []

    def call(layer, *args, **kwargs):
        if differentiation.is_running():
            differentiated.append(layer.name)  # an error here would be reworded by Keras
        variables = own_variables(layer)
        counts.update(id(v) for v in variables)
        with engine.read_as_tensors(variables):
            return type(layer)._float8_call(layer, *args, **kwargs)

    for layer in layers:
        vars(layer)["_float8_call"] = functools.partial(call, layer)
    try:
        yield counts
    finally:
        for layer in layers:
            del vars(layer)["_float8_call"]
    if differentiated:
        raise ArgumentError(
            f"The layer {differentiated[0]} is quantized by 'float8', and the loss depends on its "
            "derivative, as a gradient penalty does. Allowed there: layers that are not quantized "
            "by 'float8'."
        )


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
