"""A trained scale for each number."""

from __future__ import annotations

import keras
from keras import ops

from zoo.layers.bijectors.base import Bijector, for_each


@keras.saving.register_keras_serializable("zoo")
class Diagonal(Bijector):
    """The scale y_i = exp(s_i) x_i with a trained s_i for each number of a datum, of section 3.3 of
    Dinh et al. 2015, https://arxiv.org/abs/1410.8516. Its log-determinant is the sum of s.
    """

    def build(self, input_shape):
        shape = tuple(input_shape[1:])
        self.log_scale = self.add_weight(shape=shape, initializer="zeros", name="log_scale")

    def forward(self, x, training=False):
        log_scale = ops.convert_to_tensor(self.log_scale)
        return x * ops.exp(log_scale), for_each(ops.sum(log_scale), x)

    def inverse(self, y):
        return y * ops.exp(-ops.convert_to_tensor(self.log_scale))
