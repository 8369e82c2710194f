"""The convolutional networks of Radford, Metz and Chintala 2015, https://arxiv.org/abs/1511.06434.

The generator starts from 7x7 feature maps for images of 28 pixels, and from 4x4 for sizes that are
powers of two. Each stage halves the channels and doubles the size, and the last feature maps before
the image have `width` channels: 64 pixels with `width=128` is figure 1 of the paper, 28 pixels with
`width=64` is 7x7x128, 14x14x64, 28x28.
"""

from __future__ import annotations

import keras
from keras import initializers, layers

from zoo.engine.spaces import Images
from zoo.errors import check_choice, check_count
from zoo.layers import BatchNormalization, Conv2D, Conv2DTranspose, SpectralConv2D, SpectralDense
from zoo.networks.architecture import Architecture, Demands
from zoo.networks.sizes import WORDS, fits_stages, stages_of


@keras.saving.register_keras_serializable("zoo.networks")
class DCGAN(Architecture):
    """Networks of strided convolutions in the discriminator and transposed ones in the generator.

    Both players have batch normalization, except at the generator's output and the discriminator's
    input. Activations are ReLU in the generator and LeakyReLU(0.2) in the discriminator, and
    weights start from N(0, 0.02^2): section 3 and figure 1 of Radford, Metz and Chintala 2015,
    https://arxiv.org/abs/1511.06434.

    Args:
        width: the channels of the largest feature maps; each halving of the size doubles them.
        hidden_units: the units of a dense layer between the feature maps and the vector end of each
            player, as in InfoGAN for MNIST (table 1 of Chen et al. 2016,
            https://arxiv.org/abs/1606.03657); `None` for the paper's networks, without that layer.
        discriminator_normalization: `"batch"`, `"spectral"` or `None`; `"auto"` for the
            normalization that the model demands, else `"batch"`.
        embedding_dim: as for `Architecture`.
        projection: as for `Architecture`.

    Differs from the paper: kernels are 4x4 and not 5x5, so that no output pixel gets more terms
    than another; labels are joined as in `Architecture`.
    """

    name = "dcgan"
    fits_words = WORDS

    def __init__(
        self,
        width: int = 64,
        hidden_units: int | None = None,
        discriminator_normalization: str | None = "auto",
        embedding_dim: int | None = None,
        projection: bool = False,
    ):
        super().__init__(embedding_dim, projection)
        self.width = check_count("width", width)
        if hidden_units is not None:
            check_count("hidden_units", hidden_units)
        self.hidden_units = hidden_units
        allowed = ("auto", "batch", "spectral", None)
        check_choice("discriminator_normalization", discriminator_normalization, allowed)
        self.discriminator_normalization = discriminator_normalization

    @classmethod
    def fits(cls, data):
        return fits_stages(data)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "width": 2}

    def normalization(self, demands: Demands) -> str | None:
        """Return the normalization of the discriminator for the demands of a model."""
        if self.discriminator_normalization != "auto":
            return self.discriminator_normalization
        if demands.spectral:
            return "spectral"
        return None if demands.per_image else "batch"

    def body(self, data, latent_dim, name):
        start, stages = stages_of(data.shape)
        channels = self.width * 2 ** (stages - 1)
        inputs = x = keras.Input((latent_dim,), name="latents")
        if self.hidden_units is not None:
            x = _normalized(
                layers.Dense(self.hidden_units, use_bias=False, kernel_initializer="he_normal"), x
            )
        x = _normalized(_dense(start * start * channels, use_bias=False), x)
        x = layers.Reshape((start, start, channels))(x)
        for stage in range(1, stages):
            x = _normalized(_conv(Conv2DTranspose, channels >> stage, use_bias=False), x)
        x = _conv(Conv2DTranspose, data.channels)(x)
        # Images are in float32 under every dtype policy, as outputs of the model.
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        return keras.Model(inputs, images, name=name)

    def features(self, x, data, demands):
        normalization = self.normalization(demands)
        _, stages = stages_of(data.shape)
        convolution = SpectralConv2D if normalization == "spectral" else Conv2D
        x = layers.LeakyReLU(0.2)(_conv(convolution, self.width)(x))
        for stage in range(1, stages):
            conv = _conv(convolution, self.width << stage, use_bias=normalization != "batch")
            x = _leaky(conv, x, normalization)
        x = layers.Flatten()(x)
        if self.hidden_units is not None:
            dense = SpectralDense if normalization == "spectral" else layers.Dense
            hidden = dense(
                self.hidden_units,
                use_bias=normalization != "batch",
                kernel_initializer="he_normal",
            )
            x = _leaky(hidden, x, normalization)
        return x

    def head(self, units, name, demands, use_bias=True):
        # Logits are in float32 under every dtype policy.
        dense = SpectralDense if self.normalization(demands) == "spectral" else layers.Dense
        return _dense(units, dense, dtype="float32", use_bias=use_bias, name=name)


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    width: int = 64,
    hidden_units: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Return the generator of `DCGAN`, from latents `(batch, latent_dim)` to images in [-1, 1].

    `width` and `hidden_units` are arguments of `DCGAN`.
    """
    return DCGAN(width, hidden_units).generator(_images(image_shape), latent_dim, name=name)


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    hidden_units: int | None = None,
    normalization: str | None = "batch",
    output_bias: bool = True,
    name: str = "discriminator",
) -> keras.Model:
    """Return the discriminator of `DCGAN`, from images in [-1, 1] to logits `(batch, 1)`.

    `width`, `hidden_units` and `normalization` are arguments of `DCGAN`; `output_bias` is whether
    the logit has a bias.
    """
    architecture = DCGAN(width, hidden_units, normalization)
    demands = Demands(output_bias=output_bias)
    return architecture.discriminator(_images(image_shape), demands=demands, name=name)


def _images(image_shape) -> Images:
    """Return the space of images of this shape in [-1, 1], or raise."""
    stages_of(image_shape)  # raises for other sizes
    return Images(*image_shape, (-1.0, 1.0))


def _weights():
    """Return the initializer of the weights."""
    return initializers.RandomNormal(stddev=0.02)


def _dense(units, layer=layers.Dense, **kwargs):
    """Return a dense layer with the paper's initial weights."""
    return layer(units, kernel_initializer=_weights(), **kwargs)


def _conv(layer, channels, **kwargs):
    """Return a 4x4 convolution of stride 2 with the paper's initial weights."""
    return layer(
        channels,
        kernel_size=4,
        strides=2,
        padding="same",
        data_format="channels_last",
        kernel_initializer=_weights(),
        **kwargs,
    )


def _normalized(layer, x):
    """Return `x` after `layer`, batch normalization and ReLU."""
    return layers.ReLU()(BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5)(layer(x)))


def _leaky(layer, x, normalization):
    """Return `x` after `layer`, batch normalization if it is asked for, and LeakyReLU(0.2)."""
    x = layer(x)
    if normalization == "batch":
        x = BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5)(x)
    return layers.LeakyReLU(0.2)(x)
