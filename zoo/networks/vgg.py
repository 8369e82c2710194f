"""The convolutional network of Simonyan and Zisserman 2015, in a small form."""

from __future__ import annotations

import keras
from keras import layers

from zoo.engine.spaces import of_image_shape
from zoo.errors import check_count
from zoo.layers import BatchNormalization, Conv2D

STAGES = 4
MOMENTUM = 0.9  # of the means that evaluation uses, as in zoo.networks.classifier


def body(image_shape: tuple[int, int, int], width: int = 32) -> keras.Model:
    """Return a network like VGG, from images to features, whose layers have the names of VGG's.

    It has four stages of two 3x3 convolutions with rectified linear units, with `width`, 2, 4 and 5
    times as many channels. `conv2_1`, `norm2_1` and `relu2_1` are the layers of the first
    convolution of the second stage, and `pool2` lies behind that stage. See Simonyan and Zisserman
    2015, https://arxiv.org/abs/1409.1556.

    Args:
        image_shape: `(height, width, channels)`, of at least 8 pixels a side.
        width: the number of channels of the first stage.

    Returns:
        A model from images `(batch, height, width, channels)` to features `(batch, 5 * width)`.

    Differs from the paper: eight convolutions with batch normalization, by which the mean
    activations of all layers are of one size; average pooling, through which the gradient reaches
    each pixel (Gatys et al. 2015); the mean over places in place of dense layers.
    """
    inputs = keras.Input(of_image_shape(image_shape, points=False).shape)
    check_count("width", width)
    x = inputs
    for stage, factor in enumerate((1, 2, 4, 5), 1):
        for number in (1, 2):
            place = f"{stage}_{number}"
            x = Conv2D(
                width * factor,
                3,
                padding="same",
                use_bias=False,
                data_format="channels_last",
                kernel_initializer="he_normal",
                name=f"conv{place}",
            )(x)
            x = BatchNormalization(axis=-1, momentum=MOMENTUM, name=f"norm{place}")(x)
            x = layers.ReLU(name=f"relu{place}")(x)
        if stage < STAGES:
            x = layers.AveragePooling2D(2, data_format="channels_last", name=f"pool{stage}")(x)
    # The mean is computed in float32 under any dtype policy.
    x = layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32")(x)
    return keras.Model(inputs, x, name="features")
