"""Convolutional bodies of encoders and decoders: from images to a vector, and back."""

from __future__ import annotations

from keras import layers

from zoo.errors import check_choice, check_count
from zoo.layers import Conv2D, Conv2DTranspose
from zoo.networks.sizes import stages_of

UPSAMPLING = ("transposed", "interpolation")


def down(x, image_shape: tuple[int, int, int], width: int):
    """Return a flat vector of the images `x`, after 4x4 convolutions of stride 2.

    The first one has `width` channels, and each further one twice as many. The units are rectified
    linear.
    """
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
    """Return `channels` unbounded numbers for each pixel from the vectors `x`, as the mirror of
    `down`.

    Args:
        x: vectors of shape `(batch, features)`.
        image_shape: the shape of the images, whose size the result has.
        width: the channels of the last feature maps before the image.
        channels: the number of outputs for each pixel.
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
    # Outputs are in float32 under every dtype policy.
    return _doubled(x, channels, upsampling, dtype="float32", name="logits")


def _doubled(x, channels, upsampling, **kwargs):
    """Return feature maps of twice the size of `x`."""
    if upsampling == "transposed":
        return Conv2DTranspose(channels, strides=2, **_options(4), **kwargs)(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", data_format="channels_last")(x)
    return Conv2D(channels, **_options(3), **kwargs)(x)


def _options(kernel_size: int) -> dict:
    """Return the common arguments of the convolutions."""
    return {
        "kernel_size": kernel_size,
        "padding": "same",
        "data_format": "channels_last",
        "kernel_initializer": "he_normal",
    }
