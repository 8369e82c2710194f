"""The spectrally normalized GAN of Miyato et al. 2018."""

from __future__ import annotations

import functools

import keras
from keras import initializers, layers

from zoo.base.extends import extends
from zoo.errors import check_count
from zoo.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    SpectralConv2D,
    SpectralDense,
)
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN
from zoo.networks.sizes import stages_of


@register_family("sngan", package="zoo")
class SNGAN(GAN):
    """A GAN whose discriminator has slope at most 1 in each of its layers.

    Every kernel W of the discriminator is replaced by W / sigma(W), sigma(W) its largest singular
    value, equation 8 of Miyato et al. 2018, https://arxiv.org/abs/1802.05957, under the hinge loss
    E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))] for the discriminator and -E_z[D(G(z))] for the
    generator, equations 16 and 17.

    Args:
        image_shape: `(size, size, channels)` of the images, whose values lie in [-1, 1]; the size
            is 28 or a power of two from 8.
        latent_dim: the number of latent variables.
        width: the channels of the largest feature maps; each halving of the size doubles them.
        generator: as for `GAN`.
        discriminator: as for `GAN`; `zoo.layers` has the layers.
        ema_half_life_images: as for `GAN`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("sngan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: of its bodies these are the plain convolutional ones (table 3), of its
    losses the hinge loss, with which it reports its best results; the logit has no bias, which the
    hinge loss does not train while all logits lie between -1 and 1, as at the start; samples come
    from an average of the generator over training (`weights="raw"` gives the last one).
    """

    paper = "Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks"
    paper_url = "https://arxiv.org/abs/1802.05957"

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        latent_dim: int = 128,
        width: int = 64,
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        ema_half_life_images: float = 10_000,
        name: str | None = None,
    ):
        if image_shape is not None and generator is None:
            generator = functools.partial(sngan_generator, image_shape, latent_dim, width)
        if image_shape is not None and discriminator is None:
            discriminator = functools.partial(sngan_discriminator, image_shape, width)
        super().__init__(
            image_shape=image_shape,
            latent_dim=latent_dim,
            generator=generator,
            discriminator=discriminator,
            ema_half_life_images=ema_half_life_images,
            name=name,
        )

    @extends(GAN)
    def compile(self, optimizer=None, loss="hinge", **kwargs):
        """As `GAN.compile`, with the hinge loss."""
        super().compile(optimizer, loss, **kwargs)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4}


def sngan_generator(
    image_shape: tuple[int, int, int], latent_dim: int, width: int, name: str = "generator"
) -> keras.Model:
    """Table 3a: transposed 4x4 convolutions with batch normalization, then a 3x3 one."""
    start, stages = stages_of(image_shape)
    channels = check_count("width", width) << stages
    inputs = keras.Input((check_count("latent_dim", latent_dim),), name="latents")
    x = _dense(layers.Dense, start * start * channels)(inputs)
    x = layers.Reshape((start, start, channels))(x)
    for stage in range(1, stages + 1):
        x = _conv(Conv2DTranspose, channels >> stage, 4, 2, use_bias=False)(x)
        x = BatchNormalization(axis=-1, momentum=0.9, epsilon=2e-5)(x)
        x = layers.ReLU()(x)
    x = _conv(Conv2D, image_shape[-1], 3, 1)(x)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(inputs, images, name=name)


def sngan_discriminator(
    image_shape: tuple[int, int, int], width: int, name: str = "discriminator"
) -> keras.Model:
    """Table 3b: pairs of a 3x3 and a strided 4x4 convolution, then a 3x3 one, LeakyReLU(0.1)."""
    _, stages = stages_of(image_shape)
    check_count("width", width)
    inputs = x = keras.Input(image_shape, name="images")
    for stage in range(stages):
        for kernel, strides in ((3, 1), (4, 2)):
            x = _conv(SpectralConv2D, width << stage, kernel, strides)(x)
            x = layers.LeakyReLU(0.1)(x)
    x = layers.LeakyReLU(0.1)(_conv(SpectralConv2D, width << stages, 3, 1)(x))
    x = layers.Flatten()(x)
    logit = _dense(SpectralDense, 1, dtype="float32", use_bias=False, name="logit")(x)
    return keras.Model(inputs, logit, name=name)


def _weights():
    return initializers.RandomNormal(stddev=0.02)


def _dense(layer, units, **kwargs):
    return layer(units, kernel_initializer=_weights(), **kwargs)


def _conv(layer, channels, kernel_size, strides, **kwargs):
    return layer(
        channels,
        kernel_size=kernel_size,
        strides=strides,
        padding="same",
        data_format="channels_last",
        kernel_initializer=_weights(),
        **kwargs,
    )
