"""PyTorch's own operations on views of Keras's memory layout, which need no copy.

An array `(batch, height, width, channels)` seen as `(batch, channels, height, width)` has the
layout that PyTorch calls channels-last. PyTorch's convolutions on a CPU take it as it is.
"""

from __future__ import annotations

import torch
from keras import ops
from torch.nn import functional


def convolution(x, kernel, bias, strides: tuple[int, int]):
    paddings = [
        _same_padding(*sizes) for sizes in zip(x.shape[1:3], kernel.shape, strides, strict=False)
    ]
    if any(padding % 2 for padding in paddings):
        # PyTorch's convolution cannot pad one side more than the other.
        y = ops.conv(x, kernel, strides, "same", "channels_last")
        return y if bias is None else y + bias
    return _padded(functional.conv2d, x, kernel, bias, strides, paddings)


def unpadded_convolution(x, kernel, strides: tuple[int, int]):
    return _padded(functional.conv2d, x, kernel, None, strides, (0, 0))


def _same_padding(size: int, kernel: int, stride: int) -> int:
    """Return the number of rows of zeros that "same" adds, on both sides together."""
    return max(kernel - (size % stride or stride), 0)


def transposed_convolution(x, kernel, bias, strides: tuple[int, int]):
    # This is the transpose of a convolution of images that are `strides` times as large.
    paddings = [kernel - stride for kernel, stride in zip(kernel.shape, strides, strict=False)]
    if any(padding % 2 or padding < 0 for padding in paddings):
        y = ops.conv_transpose(x, kernel, strides, "same", data_format="channels_last")
        return y if bias is None else y + bias
    return _padded(functional.conv_transpose2d, x, kernel, bias, strides, paddings)


def _padded(operation, x, kernel, bias, strides, paddings):
    """Return `operation` on a view of `x`, with half of `paddings` on each side."""
    halves = [padding // 2 for padding in paddings]
    return _channels_last(
        operation(_channels_first(x), _torch_kernel(kernel), bias, strides, halves)
    )


def _torch_kernel(kernel):
    """Return the kernel in PyTorch's order of axes.

    For images of one channel it is copied: PyTorch is slow with a view of it, and in bfloat16 it
    has no gradient for one.
    """
    kernel = kernel.permute(3, 2, 0, 1)
    return kernel.contiguous() if 1 in kernel.shape[:2] else kernel


def batch_norm(x, gamma, beta, epsilon: float):
    images = x.ndim == 4
    shift = _shift(x)
    centred = x if shift is None else x - shift
    y, mean, inverse = torch.native_batch_norm(
        _channels_first(centred) if images else centred, gamma, beta, None, None, True, 0.0, epsilon
    )
    mean = mean.detach() if shift is None else mean.detach() + shift
    variance = inverse.detach() ** -2 - epsilon
    return _channels_last(y) if images else y, mean, variance


def _shift(x):
    """Return one value of each channel, to be subtracted before batch normalization, or `None`.

    It changes no result but the rounding, which grows with the mean in the sums of the operation.
    Half precision has none to lose: its sums are float32, and the difference would be rounded.
    """
    return x[(0,) * (x.ndim - 1)].detach() if x.dtype == torch.float32 else None


def _channels_first(x):
    """Return a view `(batch, channels, height, width)`."""
    return x.permute(0, 3, 1, 2)


def _channels_last(x):
    """Return a view `(batch, height, width, channels)`."""
    return x.permute(0, 2, 3, 1)
