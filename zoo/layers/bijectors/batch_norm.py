"""Batch normalization as a bijector."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.errors import ArgumentError, check_number
from zoo.layers.bijectors.base import Bijector, for_each, moments_of_batch


@keras.saving.register_keras_serializable("zoo")
class BatchNorm(Bijector):
    """Batch normalization, y = (x - m) / sqrt(v + e), as a bijector, section 3.7 of Dinh et al.
    2017, https://arxiv.org/abs/1605.08803.

    In training m and v are the mean and the variance of each channel over the complete batch, else
    their moving averages, which the inverse takes too, and which start at those of the first batch.
    A channel that does not vary in a batch, as in a batch of one point, has the moving averages and
    leaves them; before the first batch in which any channel varies they are 0 and 1.
    Its log-determinant is the number of pixels times the sum of -1/2 log(v + e).

    Args:
        momentum: the share of the old average that each step keeps.
        epsilon: the number e.
        **kwargs: the arguments of a layer.

    Raises:
        ArgumentError: if `momentum` is not below 1, or `epsilon` not above 0.
    """

    def __init__(self, momentum: float = 0.98, epsilon: float = 1e-4, **kwargs):
        super().__init__(**kwargs)
        self.momentum = check_number("momentum", momentum)
        self.epsilon = check_number("epsilon", epsilon, above=True)
        if self.momentum >= 1:
            raise ArgumentError(f"momentum must be below 1. Received: {momentum!r}.")

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}

    def build(self, input_shape):
        *outer, size = input_shape[1:]
        self._pixels = math.prod(outer)

        def weight(name, initializer, shape=(size,)):
            return self.add_weight(shape=shape, initializer=initializer, trainable=False, name=name)

        self.moving_mean = weight("moving_mean", "zeros")
        self.moving_variance = weight("moving_variance", "ones")
        self.started = weight("started", "zeros", shape=())

    def forward(self, x, training=False):
        mean, variance = self._of_batch(x) if training else self._moments()
        y = (x - mean) * ops.rsqrt(variance + self.epsilon)
        return y, for_each(-0.5 * self._pixels * ops.sum(ops.log(variance + self.epsilon)), x)

    def inverse(self, y):
        mean, variance = self._moments()
        return y * ops.sqrt(variance + self.epsilon) + mean

    def _moments(self):
        return ops.convert_to_tensor(self.moving_mean), ops.convert_to_tensor(self.moving_variance)

    def _of_batch(self, x):
        """Return the mean and the variance of the batch, and update the moving averages."""
        *moments, varies = moments_of_batch(x)
        known = zip(moments, self._moments(), strict=True)
        mean, variance = (ops.where(varies, new, old) for new, old in known)
        started = ops.convert_to_tensor(self.started)
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            old, new = ops.convert_to_tensor(moving), ops.stop_gradient(new)
            moving.assign(new + (old - new) * (self.momentum * started))
        self.started.assign(ops.maximum(started, ops.cast(ops.any(varies), started.dtype)))
        return mean, variance
