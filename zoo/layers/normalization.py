"""Batch normalization in the fastest exact form of each backend, over all replicas."""

from __future__ import annotations

import keras
from keras import layers, ops

from zoo import engine
from zoo.engine import kernels


@keras.saving.register_keras_serializable("zoo")
class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis, with the same weights, computed by
    `zoo.engine.kernels` in training.

    Statistics are those of the whole batch: where a batch is spread over several replicas, of all
    of them. They are float32 under any dtype policy.

    Args:
        *args: those of `keras.layers.BatchNormalization`, with the keyword arguments.
    """

    def call(self, inputs, training=None, mask=None):
        usual = self.axis in (-1, len(inputs.shape) - 1) and not self.renorm and mask is None
        if not (training and self.trainable and usual and len(inputs.shape) in (2, 4)):
            return super().call(inputs, training, mask)
        size = self.moving_mean.shape
        gamma = ops.convert_to_tensor(self.gamma) if self.scale else ops.ones(size)
        beta = ops.convert_to_tensor(self.beta) if self.center else ops.zeros(size)
        norm = kernels.batch_norm if engine.replicas() == 1 else _synchronized
        outputs, mean, variance = norm(inputs, gamma, beta, self.epsilon)
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + new * (1.0 - self.momentum))
        return outputs


def _synchronized(x, gamma, beta, epsilon: float):
    """As `kernels.batch_norm`, with the mean and the variance of all replicas' rows."""
    axes = list(range(len(x.shape) - 1))
    wide = ops.cast(x, "float32")
    mean = engine.all_reduce_mean(ops.mean(wide, axes))
    variance = engine.all_reduce_mean(ops.mean(ops.square(wide - mean), axes))
    y = (wide - mean) * (gamma * ops.rsqrt(variance + epsilon)) + beta
    return ops.cast(y, x.dtype), ops.stop_gradient(mean), ops.stop_gradient(variance)
