"""The convolutional network of classifiers."""

from __future__ import annotations

import keras
from keras import layers

from zoo.engine.spaces import of_image_shape
from zoo.errors import check_count
from zoo.layers import BatchNormalization, Conv2D

STAGES = 3
# Keras's 0.99 needs some 500 steps until evaluation sees the statistics of the training.
MOMENTUM = 0.9


def body(image_shape: tuple[int, int, int], width: int = 32) -> keras.Model:
    """Return a convolutional network from images to features.

    It has three stages of two 3x3 convolutions with batch normalization and rectified linear units,
    with `width`, 2 and 4 times as many channels. Maximum pooling lies between the stages, and the
    mean over places at the end.

    Args:
        image_shape: `(height, width, channels)`, of any size.
        width: the number of channels of the first stage.

    Returns:
        A model from images `(batch, height, width, channels)` to features `(batch, 4 * width)`.
    """
    inputs = keras.Input(of_image_shape(image_shape, points=False).shape)
    check_count("width", width)
    x = inputs
    for stage in range(STAGES):
        if stage:
            x = layers.MaxPooling2D(2, padding="same", data_format="channels_last")(x)
        for _ in range(2):
            x = Conv2D(
                width << stage,
                3,
                padding="same",
                use_bias=False,
                data_format="channels_last",
                kernel_initializer="he_normal",
            )(x)
            x = BatchNormalization(axis=-1, momentum=MOMENTUM)(x)
            x = layers.ReLU()(x)
    # The mean is computed in float32 under any dtype policy.
    x = layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32")(x)
    return keras.Model(inputs, x, name="features")
