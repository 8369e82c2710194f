"""PyTorch: its own operations on views of Keras's memory layout, which need no copy.

An array `(batch, height, width, channels)` seen as `(batch, channels, height, width)` is what
PyTorch calls channels-last, and what its convolutions on a CPU take as it is.
"""

from __future__ import annotations

import torch
from keras import ops
from torch.nn import functional


def convolution(x, kernel, bias, strides: tuple[int, int]):
    paddings = [_same(*sizes) for sizes in zip(x.shape[1:3], kernel.shape, strides, strict=False)]
    if any(padding % 2 for padding in paddings):
        # One more on one side than on the other, which PyTorch's convolution does not know.
        y = ops.conv(x, kernel, strides, "same", "channels_last")
        return y if bias is None else y + bias
    return _padded(functional.conv2d, x, kernel, bias, strides, paddings)


def _same(size: int, kernel: int, stride: int) -> int:
    """The rows of zeros that "same" adds, on both sides together."""
    return max(kernel - (size % stride or stride), 0)


def transposed_convolution(x, kernel, bias, strides: tuple[int, int]):
    # The transpose of a convolution of images that are `strides` times as large.
    paddings = [kernel - stride for kernel, stride in zip(kernel.shape, strides, strict=False)]
    if any(padding % 2 or padding < 0 for padding in paddings):
        y = ops.conv_transpose(x, kernel, strides, "same", data_format="channels_last")
        return y if bias is None else y + bias
    return _padded(functional.conv_transpose2d, x, kernel, bias, strides, paddings)


def _padded(operation, x, kernel, bias, strides, paddings):
    """`operation` on a view of `x`, with half of `paddings` on each side."""
    halves = [padding // 2 for padding in paddings]
    return _channels_last(operation(_channels_first(x), _kernel(kernel), bias, strides, halves))


def _kernel(kernel):
    """In PyTorch's order; laid out so for images of one channel, for which it takes a slow path
    else."""
    kernel = kernel.permute(3, 2, 0, 1)
    return kernel.contiguous() if 1 in kernel.shape[:2] else kernel


def batch_norm(x, gamma, beta, epsilon: float):
    images = x.ndim == 4
    y, mean, inverse = torch.native_batch_norm(
        _channels_first(x) if images else x, gamma, beta, None, None, True, 0.0, epsilon
    )
    variance = inverse.detach() ** -2 - epsilon
    return _channels_last(y) if images else y, mean.detach(), variance


def _channels_first(x):
    return x.permute(0, 3, 1, 2)


def _channels_last(x):
    return x.permute(0, 2, 3, 1)
