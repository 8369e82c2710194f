"""The plain convolutional networks of Miyato et al. 2018, https://arxiv.org/abs/1802.05957."""

from __future__ import annotations

import keras
from keras import initializers, layers

from zoo.errors import check_count
from zoo.layers import BatchNormalization, Conv2D, Conv2DTranspose, SpectralConv2D, SpectralDense
from zoo.networks.architecture import Architecture
from zoo.networks.sizes import WORDS, fits_stages, stages_of


@keras.saving.register_keras_serializable("zoo.networks")
class SNGAN(Architecture):
    """The convolutional networks of table 3 of Miyato et al. 2018, https://arxiv.org/abs/1802.05957.

    The generator has transposed 4x4 convolutions with batch normalization and then a 3x3 one; the
    discriminator has pairs of a 3x3 and a strided 4x4 convolution and then a 3x3 one, with
    LeakyReLU(0.1) and without batch normalization.

    Args:
        width: the channels of the largest feature maps; each halving of the size doubles them.
        embedding_dim: as for `Architecture`.
        projection: as for `Architecture`.

    Differs from the paper: kernels are divided by their largest singular value where the rule calls
    for it alone; weights are from N(0, 0.02^2).
    """

    name = "sngan"
    fits_words = WORDS

    def __init__(self, width: int = 64, embedding_dim: int | None = None, projection: bool = False):
        super().__init__(embedding_dim, projection)
        self.width = check_count("width", width)

    @classmethod
    def fits(cls, data):
        return fits_stages(data)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "width": 2}

    def body(self, data, latent_dim, name):
        start, stages = stages_of(data.shape)
        channels = self.width << stages
        inputs = keras.Input((latent_dim,), name="latents")
        x = _dense(layers.Dense, start * start * channels)(inputs)
        x = layers.Reshape((start, start, channels))(x)
        for stage in range(1, stages + 1):
            x = _conv(Conv2DTranspose, channels >> stage, 4, 2, use_bias=False)(x)
            x = BatchNormalization(axis=-1, momentum=0.9, epsilon=2e-5)(x)
            x = layers.ReLU()(x)
        x = _conv(Conv2D, data.channels, 3, 1)(x)
        # Images are in float32 under every dtype policy, as outputs of the model.
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return keras.Model(inputs, images, name=name)

    def features(self, x, data, demands):
        convolution = SpectralConv2D if demands.spectral else Conv2D
        _, stages = stages_of(data.shape)
        for stage in range(stages):
            for kernel, strides in ((3, 1), (4, 2)):
                x = _conv(convolution, self.width << stage, kernel, strides)(x)
                x = layers.LeakyReLU(0.1)(x)
        x = layers.LeakyReLU(0.1)(_conv(convolution, self.width << stages, 3, 1)(x))
        return layers.Flatten()(x)

    def head(self, units, name, demands, use_bias=True):
        dense = SpectralDense if demands.spectral else layers.Dense
        return _dense(dense, units, dtype="float32", use_bias=use_bias, name=name)


def _weights():
    """Return the initializer of the weights."""
    return initializers.RandomNormal(stddev=0.02)


def _dense(layer, units, **kwargs):
    """Return a dense layer with the initial weights of this architecture."""
    return layer(units, kernel_initializer=_weights(), **kwargs)


def _conv(layer, channels, kernel_size, strides, **kwargs):
    """Return a convolution with the initial weights of this architecture."""
    return layer(
        channels,
        kernel_size=kernel_size,
        strides=strides,
        padding="same",
        data_format="channels_last",
        kernel_initializer=_weights(),
        **kwargs,
    )
