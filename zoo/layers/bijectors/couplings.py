"""Coupling layers: a part of the data changes by a function of the other part."""

from __future__ import annotations

import keras
from keras import ops

from zoo.errors import ArgumentError, check_choice
from zoo.layers.bijectors.base import Bijector, none_for_each, summed
from zoo.layers.bijectors.masks import Mask


class Coupling(Bijector):
    """A coupling with a mask and a network: the base class of couplings.

    Args:
        mask: the division of the data.
        network: a Keras model from `mask.kept(x)` to `outputs` numbers for each number that
            changes, along the last axis.
        **kwargs: the arguments of a layer.
    """

    outputs: int

    def __init__(self, mask: Mask, network: keras.Model, **kwargs):
        super().__init__(**kwargs)
        self.mask = mask
        self.network = network

    def get_config(self):
        parts = {"mask": self.mask, "network": self.network}
        parts = {key: keras.saving.serialize_keras_object(part) for key, part in parts.items()}
        return {**super().get_config(), **parts}

    @classmethod
    def from_config(cls, config):
        parts = ("mask", "network")
        made = {key: keras.saving.deserialize_keras_object(config[key]) for key in parts}
        return cls(**{**config, **made})

    def build(self, input_shape):
        shape = tuple(input_shape[1:])
        self.mask.check(shape)
        *rest, size = self.mask.changed_shape(shape)
        wanted = (None, *rest, self.outputs * size)
        given = tuple(self.network(keras.KerasTensor((None, *self.mask.kept_shape(shape)))).shape)
        if given != wanted:
            raise ArgumentError(
                f"network must give {self.outputs} numbers for each that changes, of shape "
                f"{wanted}, for data of shape {shape}. Received: one that gives {given}."
            )

    def parameters(self, x, training: bool = False) -> list:
        """Return the outputs of the network, each of the shape of the numbers that change."""
        made = ops.cast(self.network(self.mask.kept(x), training=training), x.dtype)
        size = made.shape[-1] // self.outputs
        return [made[..., i * size : (i + 1) * size] for i in range(self.outputs)]


@keras.saving.register_keras_serializable("zoo")
class AdditiveCoupling(Coupling):
    """The additive coupling y_b = x_b + t(x_a), y_a = x_a, of section 3.2 of Dinh et al. 2015,
    https://arxiv.org/abs/1410.8516. Its log-determinant is 0.
    """

    outputs = 1

    def forward(self, x, training=False):
        return x + self._shift(x, training), none_for_each(x)

    def inverse(self, y):
        return y - self._shift(y, False)

    def _shift(self, x, training):
        (shift,) = self.parameters(x, training)
        return self.mask.spread(shift, x)


def _tanh(h, gain):
    return gain * ops.tanh(h)


def _exponential(h, gain):
    return h


# log s as a function of the network's output h, and of a trained number for each channel.
SCALES = {"tanh": _tanh, "exponential": _exponential}


@keras.saving.register_keras_serializable("zoo")
class AffineCoupling(Coupling):
    """The affine coupling y_b = x_b s(x_a) + t(x_a), y_a = x_a, of equation 7 of Dinh et al. 2017,
    https://arxiv.org/abs/1605.08803. Its log-determinant is the sum of log s(x_a).

    Args:
        mask: the division of the data.
        network: a Keras model from `mask.kept(x)` to h and t for each number that changes, in this
            order along the last axis.
        scale: log s as a function of h: `"tanh"` for g tanh(h) with a trained g for each channel,
            or `"exponential"` for h.
        **kwargs: the arguments of a layer.
    """

    outputs = 2

    def __init__(self, mask: Mask, network: keras.Model, scale: str = "tanh", **kwargs):
        super().__init__(mask, network, **kwargs)
        check_choice("scale", scale, SCALES)
        self.scale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}

    def build(self, input_shape):
        super().build(input_shape)
        self.gain = None
        if self.scale == "tanh":
            size = self.mask.changed_shape(tuple(input_shape[1:]))[-1]
            self.gain = self.add_weight(shape=(size,), initializer="ones", name="gain")

    def forward(self, x, training=False):
        log_scale, shift = self._spread(x, training)
        return x * ops.exp(log_scale) + shift, summed(log_scale)

    def inverse(self, y):
        log_scale, shift = self._spread(y, False)
        return (y - shift) * ops.exp(-log_scale)

    def _spread(self, x, training):
        """Return log s and t in the shape of `x`, with zeros for the part that stays."""
        h, shift = self.parameters(x, training)
        gain = None if self.gain is None else ops.convert_to_tensor(self.gain)
        log_scale = SCALES[self.scale](h, gain)
        return self.mask.spread(log_scale, x), self.mask.spread(shift, x)
