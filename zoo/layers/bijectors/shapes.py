"""Bijectors that change the shape of data and nothing else."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.bijectors.base import Bijector, none_for_each


@keras.saving.register_keras_serializable("zoo")
class Squeeze(Bijector):
    """The squeezing operation of section 3.6 of Dinh et al. 2017, https://arxiv.org/abs/1605.08803:
    each block of 2x2 pixels becomes one pixel with four times as many channels.

    The channels of y are those of the upper left, the upper right, the lower left and the lower
    right pixel, in this order.
    """

    def build(self, input_shape):
        self._shape = tuple(input_shape[1:])
        height, width, *channels = self._shape if self._shape[1:] else (1, 1)
        if not channels or height % 2 or width % 2:
            raise ArgumentError(
                "Squeeze takes images with an even number of rows and columns. Received: data of "
                f"shape {self._shape}."
            )

    def shape_of(self, shape):
        height, width, channels = shape
        return (height // 2, width // 2, 4 * channels)

    def forward(self, x, training=False):
        return squeezed(x), none_for_each(x)

    def inverse(self, y):
        return unsqueezed(y)


def squeezed(x):
    """Return images with each block of 2x2 pixels as one pixel of four times as many channels."""
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height // 2, width // 2, 4 * channels))


def unsqueezed(y):
    """Return the images of which `squeezed` makes `y`."""
    height, width, channels = y.shape[1:]
    y = ops.reshape(y, (-1, height, width, 2, 2, channels // 4))
    y = ops.transpose(y, (0, 1, 3, 2, 4, 5))
    return ops.reshape(y, (-1, 2 * height, 2 * width, channels // 4))


@keras.saving.register_keras_serializable("zoo")
class Flatten(Bijector):
    """Data as vectors."""

    def build(self, input_shape):
        self._shape = tuple(input_shape[1:])

    def shape_of(self, shape):
        return (math.prod(shape),)

    def forward(self, x, training=False):
        return ops.reshape(x, (-1, math.prod(self._shape))), none_for_each(x)

    def inverse(self, y):
        return ops.reshape(y, (-1, *self._shape))
