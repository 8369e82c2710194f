"""The convolutional bodies of Radford, Metz and Chintala 2015, https://arxiv.org/abs/1511.06434.

Images of 28 pixels start from 7x7 feature maps, those of a power of two from 4x4. Each stage halves
the channels and doubles the size, and the last one before the image has `width` channels: 64 pixels
with `width=128` is figure 1 of the paper, 28 pixels with `width=64` is 7x7x128, 14x14x64, 28x28.
"""

from __future__ import annotations

import keras
from keras import initializers, layers

from zoo.errors import check_choice, check_count
from zoo.layers import BatchNormalization, Conv2D, Conv2DTranspose
from zoo.networks.sizes import stages_of


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 100,
    width: int = 64,
    hidden_units: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """From latents `(batch, latent_dim)` to images `(batch, *image_shape)` in [-1, 1].

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 8.
        latent_dim: the number of latent variables.
        width: the channels of the last feature maps before the image.
        hidden_units: `None` for the paper's body, in which the latents are mapped linearly to the
            first feature maps; a number puts a dense layer of so many units between, as InfoGAN
            does for MNIST (table 1 of Chen et al. 2016, https://arxiv.org/abs/1606.03657).
        name: the name of the model.

    Differs from the paper: kernels are 4x4 and not 5x5, so that no output pixel gets more terms
    than another.
    """
    start, stages = stages_of(image_shape)
    _check(latent_dim=latent_dim, width=width, hidden_units=hidden_units)
    channels = width * 2 ** (stages - 1)

    inputs = x = keras.Input((latent_dim,), name="latents")
    if hidden_units is not None:
        x = _normalized(
            layers.Dense(hidden_units, use_bias=False, kernel_initializer="he_normal"), x
        )
    x = _normalized(_dense(start * start * channels, use_bias=False), x)
    x = layers.Reshape((start, start, channels))(x)
    for stage in range(1, stages):
        x = _normalized(_conv(Conv2DTranspose, channels >> stage, use_bias=False), x)
    x = _conv(Conv2DTranspose, image_shape[-1])(x)
    # In float32 whatever the dtype policy: images are the model's boundary.
    return keras.Model(
        inputs, layers.Activation("tanh", dtype="float32", name="images")(x), name=name
    )


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    hidden_units: int | None = None,
    normalization: str | None = "batch",
    output_bias: bool = True,
    name: str = "discriminator",
) -> keras.Model:
    """From images `(batch, *image_shape)` in [-1, 1] to one logit per image, `(batch, 1)`: the
    generator's mirror.

    Args:
        image_shape: `(size, size, channels)`; the size is 28 or a power of two from 8.
        width: the channels of the first feature maps.
        hidden_units: `None` for the paper's body, in which the last feature maps are mapped
            linearly to the logit; a number puts a dense layer of so many units between.
        normalization: `"batch"`, or `None`, which a penalty on the gradient of single images calls
            for.
        output_bias: whether the logit has a bias, which a loss that a constant shift does not
            change would never train.
        name: the name of the model.

    Differs from the paper: kernels are 4x4 and not 5x5.
    """
    inputs = keras.Input(image_shape, name="images")
    x = features(inputs, image_shape, width, hidden_units, normalization)
    return keras.Model(inputs, head(1, "logit", use_bias=output_bias)(x), name=name)


def features(
    x, image_shape: tuple[int, int, int], width: int, hidden_units: int | None, normalization
):
    """The discriminator's body up to the vector, of shape `(batch, features)`, that its `head`
    reads; `x` are images of the size of `image_shape`."""
    _, stages = stages_of(image_shape)
    _check(width=width, hidden_units=hidden_units)
    check_choice("discriminator_normalization", normalization, ("batch", None))
    x = layers.LeakyReLU(0.2)(_conv(Conv2D, width)(x))
    for stage in range(1, stages):
        conv = _conv(Conv2D, width << stage, use_bias=normalization is None)
        x = _leaky(conv, x, normalization)
    x = layers.Flatten()(x)
    if hidden_units is not None:
        dense = layers.Dense(
            hidden_units, use_bias=normalization is None, kernel_initializer="he_normal"
        )
        x = _leaky(dense, x, normalization)
    return x


def head(units: int, name: str, use_bias: bool = True) -> layers.Layer:
    """The last layer of a discriminator; its logits are float32 whatever the dtype policy."""
    return _dense(units, dtype="float32", use_bias=use_bias, name=name)


def _check(latent_dim=1, width=1, hidden_units=None) -> None:
    check_count("latent_dim", latent_dim)
    check_count("width", width)
    if hidden_units is not None:
        check_count("hidden_units", hidden_units)


def _weights():
    return initializers.RandomNormal(stddev=0.02)


def _dense(units, **kwargs):
    return layers.Dense(units, kernel_initializer=_weights(), **kwargs)


def _conv(layer, channels, **kwargs):
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
    return layers.ReLU()(BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5)(layer(x)))


def _leaky(layer, x, normalization):
    x = layer(x)
    if normalization == "batch":
        x = BatchNormalization(axis=-1, momentum=0.9, epsilon=1e-5)(x)
    return layers.LeakyReLU(0.2)(x)
