"""The residual networks of Gulrajani et al. 2017 and Miyato et al. 2018, for 32 and 64 pixels."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers, ops

from zoo.errors import check_choice, check_count
from zoo.layers import BatchNormalization, Conv2D, SpectralConv2D, SpectralDense
from zoo.networks.architecture import Architecture

SIZES = (32, 64)
START = 4  # the size of the smallest feature maps of the generator
# The channels of each block in units of `width`. Each block of the generator doubles the size; a
# block of the discriminator halves it if it is marked True.
GENERATOR = {32: (1, 1, 1), 64: (8, 4, 2, 1)}
DISCRIMINATOR = {
    32: ((1, True), (1, True), (1, False), (1, False)),
    64: ((2, True), (4, True), (8, True), (8, True)),
}


@keras.saving.register_keras_serializable("zoo.networks")
class ResNet(Architecture):
    """Networks of residual blocks with two 3x3 convolutions each.

    The shortcut is a 1x1 convolution if a block changes the size or the channels. A block of the
    generator is batch norm, ReLU, upsampling, convolution, batch norm, ReLU, convolution. A block
    of the discriminator is ReLU, convolution, ReLU, convolution, average pooling, and the first one
    begins without ReLU. For images of 32 pixels this is table 4 of Miyato et al. 2018,
    https://arxiv.org/abs/1802.05957; with `width=128` and `pooling="mean"` it is the network of
    Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, for CIFAR-10. For images of 64 pixels
    each player has four blocks, whose channels double from the image inwards.

    Args:
        width: the channels of the discriminator's blocks; for 64 pixels, of the block nearest to
            the image.
        generator_width: the channels of the generator's blocks, or `None` for `width`. In Miyato et
            al. it is 256, with a `width` of 128.
        pooling: the operation that makes a vector of the last feature maps: `"sum"` as in Miyato et
            al., or `"mean"` as in Gulrajani et al.
        embedding_dim: as for `Architecture`.
        projection: as for `Architecture`.

    Differs from the paper: labels are joined as in `Architecture`, and not by conditional batch
    normalization; for 64 pixels there is a convolution before the first block of the discriminator,
    and no layer normalization.
    """

    name = "resnet"
    fits_words = "square images of 32 or 64 pixels"

    def __init__(
        self,
        width: int = 128,
        generator_width: int | None = None,
        pooling: str = "sum",
        embedding_dim: int | None = None,
        projection: bool = False,
    ):
        super().__init__(embedding_dim, projection)
        self.width = check_count("width", width)
        if generator_width is not None:
            check_count("generator_width", generator_width)
        self.generator_width = generator_width
        check_choice("pooling", pooling, ("sum", "mean"))
        self.pooling = pooling

    @classmethod
    def fits(cls, data):
        return data.name == "images" and data.height == data.width and data.height in SIZES

    @classmethod
    def test_config(cls):
        return {"image_shape": (32, 32, 1), "width": 2}

    def body(self, data, latent_dim, name):
        width = self.width if self.generator_width is None else self.generator_width
        channels = [width * factor for factor in GENERATOR[data.height]]
        inputs = keras.Input((latent_dim,), name="latents")
        x = layers.Dense(START * START * channels[0])(inputs)
        x = layers.Reshape((START, START, channels[0]))(x)
        for count in channels:
            x = _up(x, count)
        x = _conv(Conv2D, data.channels, 3)(_normalized(x))
        # Images are in float32 under every dtype policy, as outputs of the model.
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return keras.Model(inputs, images, name=name)

    def features(self, x, data, demands):
        convolution = SpectralConv2D if demands.spectral else Conv2D
        first = True
        if data.height == 64:
            x = _conv(convolution, self.width, 3)(x)
            first = False
        for factor, halves in DISCRIMINATOR[data.height]:
            x = _down(x, self.width * factor, halves, convolution, first)
            first = False
        x = layers.ReLU()(x)
        # In float32 under every dtype policy, because many values are summed.
        pool = ops.sum if self.pooling == "sum" else ops.mean
        return pool(ops.cast(x, "float32"), axis=(1, 2))

    def head(self, units, name, demands, use_bias=True):
        dense = SpectralDense if demands.spectral else layers.Dense
        return dense(units, dtype="float32", use_bias=use_bias, name=name)


def _up(x, channels: int):
    """Return `x` after a block of the generator, which doubles the size."""
    inner = _conv(Conv2D, channels, 3, use_bias=False)(_doubled(_normalized(x)))
    inner = _conv(Conv2D, channels, 3)(_normalized(inner))
    return layers.Add()([inner, _conv(Conv2D, channels, 1)(_doubled(x))])


def _down(x, channels: int, halves: bool, convolution: Callable, first: bool):
    """Return `x` after a block of the discriminator, which halves the size if `halves`."""
    inner = x if first else layers.ReLU()(x)
    inner = layers.ReLU()(_conv(convolution, channels, 3)(inner))
    inner = _conv(convolution, channels, 3)(inner)
    shortcut = x
    if halves:
        inner, shortcut = _halved(inner), _halved(x)
    if halves or x.shape[-1] != channels:
        shortcut = _conv(convolution, channels, 1)(shortcut)
    return layers.Add()([inner, shortcut])


def _normalized(x):
    """Return `x` after batch normalization and ReLU."""
    return layers.ReLU()(BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5)(x))


def _doubled(x):
    """Return feature maps of twice the size of `x`."""
    # Pixels are repeated, because bilinear resizing has no second derivative on TensorFlow.
    return layers.UpSampling2D(2, data_format="channels_last")(x)


def _halved(x):
    """Return feature maps of half the size of `x`."""
    return layers.AveragePooling2D(2, data_format="channels_last")(x)


def _conv(layer, channels, kernel_size, **kwargs):
    """Return a convolution with the initial weights of this architecture."""
    return layer(
        channels,
        kernel_size=kernel_size,
        padding="same",
        data_format="channels_last",
        kernel_initializer="he_normal" if kernel_size == 3 else "glorot_uniform",
        **kwargs,
    )
