"""Kernels give what Keras's own operations give, with their first and second derivatives."""

import keras
import numpy as np
import pytest
from helpers import array
from keras import ops

from zoo import engine
from zoo.engine import kernels

KERAS = {
    "convolution": lambda x, k, b, s: ops.conv(x, k, s, "same", "channels_last") + b,
    "transposed_convolution": lambda x, k, b, s: (
        ops.conv_transpose(x, k, s, "same", data_format="channels_last") + b
    ),
}
# kernel, strides, size, channels: few and many channels, odd sizes, sides that differ.
CASES = [
    ((4, 4), (2, 2), (6, 6), 1),
    ((4, 4), (2, 2), (6, 6), 7),
    ((4, 4), (2, 2), (8, 6), 3),
    ((3, 3), (1, 1), (5, 5), 2),
    ((4, 4), (2, 2), (7, 7), 5),
    ((3, 5), (2, 1), (5, 6), 3),
    ((5, 5), (2, 2), (6, 6), 3),
    ((2, 2), (2, 2), (4, 4), 1),
    ((1, 1), (2, 2), (5, 5), 2),
]


def draw(*shape):
    return ops.convert_to_tensor(
        np.random.default_rng(len(shape)).standard_normal(shape), "float32"
    )


def close(a, b):
    a, b = array(a), array(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * max(1.0, np.abs(b).max()))


def arguments(name, kernel_size, size, channels):
    """x, kernel and bias, with 6 channels on the other side."""
    ends = (6, channels) if name == "transposed_convolution" else (channels, 6)
    kernel = (*kernel_size, *(ends[::-1] if name == "transposed_convolution" else ends))
    return draw(3, *size, ends[0]), draw(*kernel), draw(ends[1])


@pytest.mark.parametrize(("kernel_size", "strides", "size", "channels"), CASES)
@pytest.mark.parametrize("name", KERAS)
def test_convolutions_and_two_derivatives(name, kernel_size, strides, size, channels):
    x, kernel, bias = arguments(name, kernel_size, size, channels)

    def results(function):
        def y(x, kernel):
            return function(x, kernel, bias, strides)

        def slope(x, kernel):  # of a function that is not linear, in x
            return engine.gradient(lambda x: ops.sin(y(x, kernel)), x)

        return [
            y(x, kernel),
            slope(x, kernel),
            engine.gradient(lambda k: ops.sin(y(x, k)), kernel),
            engine.gradient(lambda x: ops.square(slope(x, kernel)), x),
            engine.gradient(lambda k: ops.square(slope(x, k)), kernel),
        ]

    for ours, theirs in zip(results(getattr(kernels, name)), results(KERAS[name]), strict=True):
        close(ours, theirs)


def reference_norm(x, gamma, beta, epsilon):
    axes = list(range(len(x.shape) - 1))
    mean = ops.mean(x, axes)
    variance = ops.mean(ops.square(x - mean), axes)
    return (x - mean) / ops.sqrt(variance + epsilon) * gamma + beta, mean, variance


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2, 6), (1, 4), (1, 1, 1, 2)])
def test_batch_norm_and_two_derivatives(shape):
    x, gamma, beta = 3 * draw(*shape) + 1, draw(shape[-1]) + 2, draw(shape[-1])
    for ours, theirs in zip(
        kernels.batch_norm(x, gamma, beta, 1e-3), reference_norm(x, gamma, beta, 1e-3), strict=True
    ):
        close(ours, theirs)

    def results(norm):
        def slope(x, gamma, beta):
            return engine.gradient(lambda x: ops.sin(norm(x, gamma, beta, 1e-1)[0]), x)

        return [
            slope(x, gamma, beta),
            engine.gradient(lambda g: ops.sin(norm(x, g, beta, 1e-1)[0]), gamma),
            engine.gradient(lambda b: ops.sin(norm(x, gamma, b, 1e-1)[0]), beta),
            engine.gradient(lambda x: ops.square(slope(x, gamma, beta)), x),
            engine.gradient(lambda g: ops.square(slope(x, g, beta)), gamma),
        ]

    for ours, theirs in zip(results(kernels.batch_norm), results(reference_norm), strict=True):
        close(ours, theirs)


def test_statistics_are_float32_in_half_precision():
    """A mean of 1,000 with a spread of 1 has no variance left in bfloat16 sums."""
    x = ops.cast(1000 + 8 * draw(64, 4), "bfloat16")
    y, mean, variance = kernels.batch_norm(x, ops.ones(4), ops.zeros(4), 1e-3)
    wide = array(ops.cast(x, "float32"))
    np.testing.assert_allclose(array(mean), wide.mean(0), rtol=1e-5)
    np.testing.assert_allclose(array(variance), wide.var(0), rtol=1e-2)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(mean.dtype) == "float32"
