"""Averaged (EMA) networks, which are untrained copies that follow trained networks.

Keras's `use_ema` is not used, since it overwrites the raw weights at the end of each `fit`.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def copy(
    network: keras.Model, source: keras.Model | Callable[..., keras.Model], name: str
) -> keras.Model:
    """Return an untrained copy of `network`, with weights of its own that start equal.

    Args:
        network: a built network.
        source: the network, or the function `source(name=...)` that made it. A function is faster,
            since it needs no configuration; serializing one imports TensorFlow where that is
            installed.
        name: the name of the copy.
    """
    if isinstance(source, keras.Model):
        twin = type(network).from_config({**network.get_config(), "name": name})
    else:
        twin = source(name=name)
    if not twin.built:
        twin.build(network.input_shape)
    twin.set_weights(network.get_weights())
    twin.trainable = False
    return twin


def average(averaged: keras.Model, network: keras.Model, decay) -> None:
    """Take one step of the exponential moving average of the weights.

    averaged <- decay * averaged + (1 - decay) * network. Integer weights are copied.
    """
    for mean, weight in zip(averaged.weights, network.weights, strict=True):
        if "float" in mean.dtype:
            mean.assign(weight + (mean - weight) * ops.cast(decay, mean.dtype))
        else:
            mean.assign(weight)
