"""Convolutions on JAX whose gradients XLA computes fast on a CPU.

JAX itself turns the kernel gradient of a transposed convolution into a convolution that XLA
computes more than ten times as slowly on a CPU as the one here.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from keras import ops

from zoo.engine.kernels.bilinear import Convolutions, overlapping, overlaps
from zoo.engine.kernels.forms import Forms, forms

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def _forms() -> Forms:
    return forms("jax", on_cpu=jax.default_backend() == "cpu")


def _convolve(x, kernel, strides):
    return lax.conv_general_dilated(x, kernel, strides, "SAME", dimension_numbers=DIMENSIONS)


def _transpose(y, kernel, strides, size):
    if kernel.shape[2] <= _forms().product and overlaps(kernel, strides, size, y):
        return overlapping(y, kernel, strides)
    x = jax.ShapeDtypeStruct((y.shape[0], *size, kernel.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: _convolve(x, kernel, strides), x)(y)[0]


def _correlate(x, y, strides, kernel_size):
    channels, filters = x.shape[-1], y.shape[-1]
    if channels <= _forms().patches:
        patches = lax.conv_general_dilated_patches(
            x, kernel_size, strides, "SAME", dimension_numbers=DIMENSIONS
        )  # (batch, height, width, channels * kernel places)
        products = lax.dot_general(patches, y, (((0, 1, 2), (0, 1, 2)), ((), ())))
        products = products.reshape(channels, *kernel_size, filters)
        return products.transpose(1, 2, 0, 3)
    kernel = jax.ShapeDtypeStruct((*kernel_size, channels, filters), x.dtype)
    return jax.linear_transpose(lambda kernel: _convolve(x, kernel, strides), kernel)(y)[0]


_convolutions = Convolutions(_convolve, _transpose, _correlate)


def convolution(x, kernel, bias, strides: tuple[int, int]):
    y = _convolutions.convolve(x, kernel, strides)
    return y if bias is None else y + bias


def transposed_convolution(x, kernel, bias, strides: tuple[int, int]):
    size = tuple(s * n for s, n in zip(strides, x.shape[1:3], strict=True))
    y = _convolutions.transpose(x, kernel, strides, size)
    return y if bias is None else y + bias


def batch_norm(x, gamma, beta, epsilon: float):
    axes = tuple(range(x.ndim - 1))
    x32 = x.astype("float32")
    mean = jnp.mean(x32, axes)
    variance = jnp.mean(jnp.square(x32 - mean), axes)
    scale = gamma * lax.rsqrt(variance + epsilon)
    y = (x32 - mean) * scale + beta
    return y.astype(x.dtype), lax.stop_gradient(mean), lax.stop_gradient(variance)


def unpadded_convolution(x, kernel, strides: tuple[int, int]):
    if tuple(kernel.shape[:2]) == tuple(strides) == (1, 1):
        return ops.matmul(x, kernel[0, 0])
    return ops.conv(x, kernel, strides, "valid", "channels_last")
