"""The activation normalization of Glow."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.layers.bijectors.base import Bijector, for_each, moments_of_batch

SMALLEST = 1e-6  # is added to the standard deviation of each channel


@keras.saving.register_keras_serializable("zoo")
class ActNorm(Bijector):
    """The activation normalization of section 3.1 of Kingma and Dhariwal 2018,
    https://arxiv.org/abs/1807.03039: a scale and a shift for each channel, which start so that the
    first batch of training has mean 0 and standard deviation 1.

    y = exp(s) (x - m) / d + b, with the mean m and the standard deviation d of each channel of the
    first batch, and s and b, which are trained and start at 0. m and d are saved, and never change
    again. A channel that does not vary in that batch has m = 0 and d = 1; a batch in which none
    does is not the first. Its log-determinant is the number of pixels times the sum of s - log d.
    """

    def build(self, input_shape):
        *outer, size = input_shape[1:]
        self._pixels = math.prod(outer)

        def weight(name, initializer, trainable, shape=(size,)):
            return self.add_weight(
                shape=shape, initializer=initializer, trainable=trainable, name=name
            )

        self.log_scale = weight("log_scale", "zeros", True)
        self.shift = weight("shift", "zeros", True)
        self.mean = weight("mean", "zeros", False)
        self.deviation = weight("deviation", "ones", False)
        self.started = weight("started", "zeros", False, shape=())

    def forward(self, x, training=False):
        mean, deviation = self._start(x) if training else self._moments()
        log_scale = ops.convert_to_tensor(self.log_scale)
        y = (x - mean) * (ops.exp(log_scale) / deviation) + ops.convert_to_tensor(self.shift)
        return y, for_each(ops.sum(log_scale - ops.log(deviation)) * self._pixels, x)

    def inverse(self, y):
        mean, deviation = self._moments()
        scale = deviation * ops.exp(-ops.convert_to_tensor(self.log_scale))
        return (y - ops.convert_to_tensor(self.shift)) * scale + mean

    def _moments(self):
        return ops.convert_to_tensor(self.mean), ops.convert_to_tensor(self.deviation)

    def _start(self, x):
        """Return the mean and the standard deviation, in the first step those of the batch `x`."""
        mean, variance, varies = moments_of_batch(ops.stop_gradient(x))
        started = ops.convert_to_tensor(self.started)
        keeps = ops.logical_or(started > 0.5, ops.logical_not(varies))
        moments = []
        for variable, value in (
            (self.mean, mean),
            (self.deviation, ops.sqrt(variance) + SMALLEST),
        ):
            chosen = ops.where(keeps, ops.convert_to_tensor(variable), value)
            variable.assign(chosen)
            moments.append(chosen)
        self.started.assign(ops.maximum(started, ops.cast(ops.any(varies), started.dtype)))
        return moments
