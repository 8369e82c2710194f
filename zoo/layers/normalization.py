"""Batch normalization over all replicas, in the fastest exact form of each backend."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo import engine
from zoo.engine import kernels


@keras.saving.register_keras_serializable("zoo")
class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis, computed by `zoo.engine.kernels` in
    training.

    It has the same weights. The statistics cover the complete batch, also where it is spread over
    several replicas. They are float32 under any dtype policy.

    Args:
        *args: the positional arguments of `keras.layers.BatchNormalization`, which also gets all
            keyword arguments.
    """

    def call(self, inputs, training=None, mask=None):
        axes = inputs.ndim
        usual = self.axis in (-1, axes - 1) and not self.renorm and mask is None
        if not (training and self.trainable and usual and axes in (2, 4)):
            return super().call(inputs, training, mask)
        size = self.moving_mean.shape
        gamma = ops.convert_to_tensor(self.gamma) if self.scale else ops.ones(size)
        beta = ops.convert_to_tensor(self.beta) if self.center else ops.zeros(size)
        norm = kernels.batch_norm if engine.replicas() == 1 else _synchronized
        outputs, mean, variance = norm(inputs, gamma, beta, self.epsilon)
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(
                ops.convert_to_tensor(moving) * self.momentum + new * (1.0 - self.momentum)
            )
        return outputs


def _synchronized(x, gamma, beta, epsilon: float):
    """Return the same as `kernels.batch_norm`, with the statistics of all replicas' rows."""
    axes = list(range(x.ndim - 1))
    x32 = ops.cast(x, "float32")
    mean = engine.all_reduce_mean(ops.mean(x32, axes))
    variance = engine.all_reduce_mean(ops.mean(ops.square(x32 - mean), axes))
    y = (x32 - mean) * (gamma * ops.rsqrt(variance + epsilon)) + beta
    return ops.cast(y, x.dtype), ops.stop_gradient(mean), ops.stop_gradient(variance)
