"""Strided convolutions down to a vector, and back up: the bodies of encoders and decoders."""

from __future__ import annotations

from keras import layers

from zoo.errors import check_choice, check_count
from zoo.layers import Conv2D, Conv2DTranspose
from zoo.networks.sizes import stages_of

UPSAMPLING = ("transposed", "interpolation")


def down(x, image_shape: tuple[int, int, int], width: int):
    """From images to a flat vector: 4x4 convolutions of stride 2 with rectified linear units, of
    `width` channels and twice as many at each further stage."""
    _, stages = stages_of(image_shape)
    check_count("width", width)
    for stage in range(stages):
        x = Conv2D(width << stage, strides=2, activation="relu", **_options(4))(x)
    return layers.Flatten()(x)


def up(
    x,
    image_shape: tuple[int, int, int],
    width: int,
    channels: int,
    upsampling: str = "transposed",
):
    """From a vector to `channels` numbers, not bounded, for each pixel: the mirror of `down`.

    Args:
        x: of shape `(batch, features)`.
        image_shape: gives the size.
        width: the channels of the last feature maps before the image.
        channels: how many numbers for each pixel.
        upsampling: `"transposed"` for 4x4 transposed convolutions of stride 2, or
            `"interpolation"`, bilinear and followed by a 3x3 convolution.
    """
    start, stages = stages_of(image_shape)
    check_count("width", width)
    check_choice("upsampling", upsampling, UPSAMPLING)
    x = layers.Dense(
        start * start * (width << (stages - 1)), activation="relu", kernel_initializer="he_normal"
    )(x)
    x = layers.Reshape((start, start, width << (stages - 1)))(x)
    for stage in reversed(range(stages - 1)):
        x = _doubled(x, width << stage, upsampling, activation="relu")
    # In float32 whatever the dtype policy.
    return _doubled(x, channels, upsampling, dtype="float32", name="logits")


def _doubled(x, channels, upsampling, **kwargs):
    if upsampling == "transposed":
        return Conv2DTranspose(channels, strides=2, **_options(4), **kwargs)(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", data_format="channels_last")(x)
    return Conv2D(channels, **_options(3), **kwargs)(x)


def _options(kernel_size: int) -> dict:
    return {
        "kernel_size": kernel_size,
        "padding": "same",
        "data_format": "channels_last",
        "kernel_initializer": "he_normal",
    }
