"""TensorFlow's fused batch norm, and transposed convolutions to few channels as matrix products.

TensorFlow's own transposed convolution to one channel takes five times as long on a CPU as the
convolution that it transposes.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from keras import ops
from tensorflow.python.eager import record

from zoo.engine.kernels.bilinear import Convolutions, overlapping, overlaps
from zoo.engine.kernels.forms import forms


def _convolve(x, kernel, strides):
    return tf.nn.conv2d(x, kernel, strides, "SAME")


def _transpose(y, kernel, strides, size):
    few = forms("tensorflow", on_cpu=not tf.config.get_visible_devices("GPU")).product
    if kernel.shape[2] <= few and overlaps(kernel, strides, size, y):
        return overlapping(y, kernel, strides)
    shape = (tf.shape(y)[0], *size, kernel.shape[2])
    return tf.nn.conv2d_transpose(y, kernel, shape, strides, "SAME")


def _correlate(x, y, strides, kernel_size):
    return tf.raw_ops.Conv2DBackpropFilter(
        input=x,
        filter_sizes=[*kernel_size, x.shape[-1], y.shape[-1]],
        out_backprop=y,
        strides=[1, *strides, 1],
        padding="SAME",
    )


def _custom_gradient(function: Callable) -> Callable:
    """Return `function`, whose second result is its gradient, as `tf.custom_gradient` does.

    TensorFlow's decorator keeps each graph in which it is called, and with it the model's, until
    the process ends. Here the tapes alone know the gradient. Whoever differentiates a finished
    graph gets TensorFlow's own gradients of its operations, which have the same values.
    """

    def apply(*tensors):
        with record.stop_recording():
            result, gradient = function(*tensors)
        record.record_operation(function.__name__, [result], list(tensors), gradient)
        return result

    return apply


_convolutions = Convolutions(_convolve, _transpose, _correlate, _custom_gradient)


def convolution(x, kernel, bias, strides: tuple[int, int]):
    # Custom gradients take tensors and no variables.
    y = _convolutions.convolve(x, tf.convert_to_tensor(kernel), strides)
    return y if bias is None else tf.nn.bias_add(y, bias)


def transposed_convolution(x, kernel, bias, strides: tuple[int, int]):
    size = tuple(s * n for s, n in zip(strides, x.shape[1:3], strict=True))
    y = _convolutions.transpose(x, tf.convert_to_tensor(kernel), strides, size)
    return y if bias is None else tf.nn.bias_add(y, bias)


def batch_norm(x, gamma, beta, epsilon: float):
    images = x if x.ndim == 4 else x[:, None, None, :]
    # One value of each channel is subtracted. It changes no result but the rounding, which grows
    # with the mean in the sums of the operation. Half precision has none to lose: its sums are
    # float32, and the difference would be rounded.
    shift = tf.stop_gradient(images[0, 0, 0]) if x.dtype == tf.float32 else None
    images = images if shift is None else images - shift
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=images, scale=gamma, offset=beta, mean=[], variance=[], epsilon=epsilon
    )
    n = tf.cast(tf.reduce_prod(tf.shape(images)[:3]), tf.float32)
    # The operation returns the unbiased variance, except for a single value.
    variance *= tf.maximum(n - 1, 1) / n
    mean = mean if shift is None else mean + shift
    y = y if x.ndim == 4 else y[:, 0, 0, :]
    return y, tf.stop_gradient(mean), tf.stop_gradient(variance)


def unpadded_convolution(x, kernel, strides: tuple[int, int]):
    if tuple(kernel.shape[:2]) == tuple(strides) == (1, 1):
        return ops.matmul(x, kernel[0, 0])
    return ops.conv(x, kernel, strides, "valid", "channels_last")
