"""Compositions of bijectors."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.bijectors.base import Bijector, none_for_each


@keras.saving.register_keras_serializable("zoo")
class Chain(Bijector):
    """The composition of bijectors, the first one first. Log-determinants add up.

    Args:
        bijectors: the bijectors.
        **kwargs: the arguments of a layer.
    """

    def __init__(self, bijectors: Sequence[Bijector], **kwargs):
        super().__init__(**kwargs)
        self.bijectors = list(bijectors)

    def get_config(self):
        parts = [keras.saving.serialize_keras_object(part) for part in self.bijectors]
        return {**super().get_config(), "bijectors": parts}

    @classmethod
    def from_config(cls, config):
        parts = [keras.saving.deserialize_keras_object(part) for part in config["bijectors"]]
        return cls(**{**config, "bijectors": parts})

    def build(self, input_shape):
        shape = tuple(input_shape[1:])
        for bijector in self.bijectors:
            build(bijector, shape)
            shape = bijector.shape_of(shape)

    def shape_of(self, shape):
        for bijector in self.bijectors:
            shape = bijector.shape_of(shape)
        return tuple(shape)

    def forward(self, x, training=False):
        total = none_for_each(x)
        for bijector in self.bijectors:
            x, log_det = bijector.forward(x, training)
            total = total + log_det
        return x, total

    def inverse(self, y):
        for bijector in reversed(self.bijectors):
            y = bijector.inverse(y)
        return y


@keras.saving.register_keras_serializable("zoo")
class Split(Bijector):
    """The multi-scale architecture of section 3.6 of Dinh et al. 2017,
    https://arxiv.org/abs/1605.08803: half of the channels is factored out, and the other half goes
    on through `rest`.

    y is a vector, which holds the factored-out numbers first.

    Args:
        rest: the bijector of the second half of the channels.
        **kwargs: the arguments of a layer.
    """

    def __init__(self, rest: Bijector, **kwargs):
        super().__init__(**kwargs)
        self.rest = rest

    def get_config(self):
        return {
            **super().get_config(),
            "rest": keras.saving.serialize_keras_object(self.rest),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "rest": keras.saving.deserialize_keras_object(config["rest"])})

    def build(self, input_shape):
        *outer, size = input_shape[1:]
        if size < 2:
            raise ArgumentError(
                "Split must factor out half of at least two channels. Received: data of shape "
                f"{tuple(input_shape[1:])}."
            )
        self._factored_out, self._kept = (*outer, size // 2), (*outer, size - size // 2)
        build(self.rest, self._kept)
        self._rest_shape = self.rest.shape_of(self._kept)

    def shape_of(self, shape):
        return (math.prod(shape),)

    def forward(self, x, training=False):
        size = self._factored_out[-1]
        y, log_det = self.rest.forward(x[..., size:], training)
        parts = [
            ops.reshape(x[..., :size], (-1, math.prod(self._factored_out))),
            ops.reshape(y, (-1, math.prod(self._rest_shape))),
        ]
        return ops.concatenate(parts, axis=-1), log_det

    def inverse(self, y):
        size = math.prod(self._factored_out)
        factored_out = ops.reshape(y[:, :size], (-1, *self._factored_out))
        rest = self.rest.inverse(ops.reshape(y[:, size:], (-1, *self._rest_shape)))
        return ops.concatenate([factored_out, rest], axis=-1)


def build(bijector: Bijector, shape: tuple[int, ...]) -> None:
    """Build a bijector for data of this shape, unless it is built already."""
    if not bijector.built:
        bijector.build((None, *shape))
