"""Averaged (EMA) networks: a second, untrained copy that follows the trained one.

Keras's `use_ema` is not used: it overwrites the raw weights at the end of each `fit`.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops


def copy(
    network: keras.Model, source: keras.Model | Callable[..., keras.Model], name: str
) -> keras.Model:
    """A copy of `network` that is not trained, with weights of its own that start equal.

    `source` is what `network` came from: itself, or the function `source(name=...)` that made it,
    which is the faster way, since it needs no configuration (whose serialization imports TensorFlow
    where that is installed).
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
    """One step of the exponential moving average: averaged <- decay * averaged + (1 - decay) *
    network."""
    for mean, weight in zip(averaged.weights, network.weights, strict=True):
        if "float" in mean.dtype:
            mean.assign(weight + (mean - weight) * ops.cast(decay, mean.dtype))
        else:
            mean.assign(weight)
