"""Convolutional bodies of encoders and decoders: from images to a vector, and back."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from zoo.errors import check_choice, check_count
from zoo.layers import Conv2D, Conv2DTranspose
from zoo.networks.coders import HiddenLayers
from zoo.networks.dense import hidden
from zoo.networks.sizes import WORDS, fits_stages, stages_of

UPSAMPLING = ("transposed", "interpolation")


@keras.saving.register_keras_serializable("zoo.networks")
class ConvolutionalCoders(HiddenLayers):
    """4x4 convolutions of stride 2 in the encoder, and their mirror in the decoder.

    Args:
        width: the channels of the largest feature maps; each halving of the size doubles them.
        hidden_units: the units of each dense hidden layer between the feature maps and the code or
            latents; the decoder has them in reverse. `None` means those of the model, and no such
            layer in autoencoders.
        upsampling: `"transposed"` for transposed convolutions in the decoder, or `"interpolation"`,
            bilinear and followed by a 3x3 convolution.
        activation: the activation of all layers but the last one of each network; `None` for
            rectified linear units.
    """

    name = "convolutional"
    fits_words = WORDS
    own_activation = "relu"

    def __init__(
        self,
        width: int = 32,
        hidden_units: Sequence[int] | None = None,
        upsampling: str = "transposed",
        activation: str | None = None,
    ):
        super().__init__(hidden_units, activation)
        self.width = check_count("width", width)
        check_choice("upsampling", upsampling, UPSAMPLING)
        self.upsampling = upsampling

    @classmethod
    def fits(cls, data, coding):
        return fits_stages(data)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "width": 2, "hidden_units": (6,)}

    def features(self, x, data, coding):
        options = self.options(coding)
        x = down(x, data.shape, self.width, options["activation"])
        return hidden(x, self.units(coding), **options)

    def pixels(self, x, data, channels, coding):
        options = self.options(coding)
        x = hidden(x, self.units(coding)[::-1], **options)
        return up(x, data.shape, self.width, channels, self.upsampling, options["activation"])


def down(x, image_shape: tuple[int, int, int], width: int, activation: str = "relu"):
    """Return a flat vector of the images `x`, after 4x4 convolutions of stride 2.

    The first one has `width` channels, and each further one twice as many.
    """
    _, stages = stages_of(image_shape)
    check_count("width", width)
    for stage in range(stages):
        x = Conv2D(width << stage, strides=2, activation=activation, **_options(4))(x)
    return layers.Flatten()(x)


def up(
    x,
    image_shape: tuple[int, int, int],
    width: int,
    channels: int,
    upsampling: str = "transposed",
    activation: str = "relu",
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
        activation: the activation of all layers but the last one.
    """
    start, stages = stages_of(image_shape)
    check_count("width", width)
    check_choice("upsampling", upsampling, UPSAMPLING)
    x = layers.Dense(
        start * start * (width << (stages - 1)),
        activation=activation,
        kernel_initializer="he_normal",
    )(x)
    x = layers.Reshape((start, start, width << (stages - 1)))(x)
    for stage in reversed(range(stages - 1)):
        x = _doubled(x, width << stage, upsampling, activation=activation)
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
