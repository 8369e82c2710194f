"""Bodies that two or more models share: functions that return a `keras.Model`."""

from zoo.networks import (
    autoencoders,
    classifier,
    coders,
    conditional,
    conditioning,
    convolutional,
    dcgan,
    mlp,
    points,
)

__all__ = [
    "autoencoders",
    "classifier",
    "coders",
    "conditional",
    "conditioning",
    "convolutional",
    "dcgan",
    "mlp",
    "points",
]
