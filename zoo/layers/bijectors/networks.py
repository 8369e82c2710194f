"""Networks of coupling layers, from the part of the data that stays to numbers for the other
part."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.layers.bijectors.couplings import Coupling
from zoo.layers.bijectors.masks import Mask
from zoo.layers.bijectors.shapes import squeezed, unsqueezed
from zoo.layers.convolution import Conv2D

Shape = tuple[int, ...]


def dense_network(
    coupling: type[Coupling], mask: Mask, shape: Shape, units: Sequence[int]
) -> keras.Model:
    """Return the network of a coupling of vectors, with rectified linear hidden layers.

    The last layer starts at 0, so that the coupling starts without a change.

    Args:
        coupling: the class of the coupling.
        mask: the mask of the coupling.
        shape: the shape of one datum.
        units: the units of each hidden layer.
    """
    inputs = _inputs(mask, shape)
    x = inputs
    for size in units:
        x = layers.Dense(size, activation="relu", kernel_initializer="he_normal")(x)
    (size,) = mask.changed_shape(shape)
    last = layers.Dense(coupling.outputs * size, kernel_initializer="zeros", dtype=_dtype())
    return keras.Model(inputs, last(x))


def convolutional_network(
    coupling: type[Coupling], mask: Mask, shape: Shape, width: int | None
) -> keras.Model:
    """Return the network of a coupling of images with two hidden convolutions, 3x3 and 1x1, and a
    last one, 3x3, that starts at 0, as section 4 of Kingma and Dhariwal 2018,
    https://arxiv.org/abs/1807.03039, describes it.

    Args:
        coupling: the class of the coupling.
        mask: the mask of the coupling.
        shape: the shape of one image.
        width: the channels of the hidden layers; `None` for the last layer alone.
    """
    inputs = x = _inputs(mask, shape)
    for kernel in (3, 1) if width else ():
        x = _convolution(width, kernel, activation="relu")(x)
    return keras.Model(inputs, _last(coupling, mask, shape, 3)(x))


def residual_network(
    coupling: type[Coupling], mask: Mask, shape: Shape, width: int, blocks: int, halve: bool
) -> keras.Model:
    """Return the network of a coupling of images with residual blocks of two 3x3 convolutions, as
    section 3.7 of Dinh et al. 2017, https://arxiv.org/abs/1605.08803, describes it. The last layer
    starts at 0.

    Args:
        coupling: the class of the coupling.
        mask: the mask of the coupling.
        shape: the shape of one image.
        width: the channels of the hidden layers.
        blocks: the number of residual blocks.
        halve: whether blocks of 2x2 pixels are put into channels before the first layer, and back
            after the last one. Then layers have a quarter of the pixels.
    """
    inputs = _inputs(mask, shape)
    x = squeezed(inputs) if halve else inputs
    x = _convolution(width, 3)(x)
    for _ in range(blocks):
        y = _convolution(width, 3, activation="relu")(layers.Activation("relu")(x))
        x = layers.Add()([x, _convolution(width, 3, "zeros")(y)])
    x = layers.Activation("relu")(x)
    x = _last(coupling, mask, shape, 1, 4 if halve else 1)(x)
    return keras.Model(inputs, unsqueezed(x) if halve else x)


def _convolution(width: int, kernel: int, initializer: str = "he_normal", **options):
    """Return a convolution that keeps the size."""
    return Conv2D(width, kernel, padding="same", kernel_initializer=initializer, **options)


def _last(coupling: type[Coupling], mask: Mask, shape: Shape, kernel: int, pixels: int = 1):
    """Return the last convolution, which starts at 0, for `pixels` pixels of outputs each."""
    channels = coupling.outputs * mask.changed_shape(shape)[-1] * pixels
    return _convolution(channels, kernel, "zeros", dtype=_dtype())


def _inputs(mask: Mask, shape: Shape):
    """Return the symbolic inputs of a network, or raise if the mask cannot divide the data."""
    mask.check(shape)
    return keras.Input(mask.kept_shape(shape), dtype=_dtype())


def _dtype() -> str:
    """Return the dtype in which bijectors compute."""
    return keras.config.dtype_policy().variable_dtype
