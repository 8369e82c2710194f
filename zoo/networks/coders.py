"""Encoders and decoders of variational autoencoders, with or without labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from zoo.engine.spaces import of_image_shape
from zoo.errors import check_choice, check_count
from zoo.networks import convolutional
from zoo.networks.conditioning import label_inputs, label_planes, label_vector
from zoo.networks.dense import hidden

ARCHITECTURES = ("mlp", "convolutional")


def encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str = "mlp",
    hidden_units: Sequence[int] = (500,),
    width: int = 32,
    num_classes: int | None = None,
    name: str = "encoder",
) -> keras.Model:
    """Return the encoder of a variational autoencoder.

    It maps images, or `[images, labels]`, to the mean and the log-variance of the posterior, each
    of shape `(batch, latent_dim)`.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: the number of latent variables.
        architecture: `"mlp"`, with tanh units, or `"convolutional"`, with rectified linear units,
            for square images of 28 pixels or a power of two from 8.
        hidden_units: the units of each dense hidden layer; in a convolutional body they follow the
            feature maps.
        width: the channels of the largest feature maps of a convolutional body.
        num_classes: the number of classes of a conditional model, or `None`.
        name: the name of the network.

    Raises:
        ArgumentError: if an argument has a wrong value.
    """
    check_choice("architecture", architecture, ARCHITECTURES)
    images = x = keras.Input(_checked_image_shape(image_shape), name="images")
    inputs, labels = images, None
    if num_classes:
        labels = label_inputs()
        inputs = [images, labels]
    if architecture == "convolutional":
        if labels is not None:
            x = layers.Concatenate()([x, label_planes(num_classes, None, image_shape)(labels)])
        x = convolutional.down(x, image_shape, width)
    else:
        x = layers.Flatten()(x)
        if labels is not None:
            x = layers.Concatenate()([x, label_vector(num_classes)(labels)])
    x = _hidden(x, hidden_units, architecture)
    check_count("latent_dim", latent_dim)
    # In float32 under every dtype policy, because log-variances are exponentiated.
    posterior = [
        layers.Dense(latent_dim, dtype="float32", name=part)(x) for part in ("mean", "log_variance")
    ]
    return keras.Model(inputs, posterior, name=name)


def decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str = "mlp",
    hidden_units: Sequence[int] = (500,),
    width: int = 32,
    num_classes: int | None = None,
    outputs: int = 1,
    name: str = "decoder",
) -> keras.Model:
    """Return the decoder of a variational autoencoder.

    It maps latents, or `[latents, labels]`, to the parameters of the likelihood, of shape `(batch,
    height, width, outputs * channels)`. `outputs` is the number of parameters of each pixel and
    channel. The other arguments are as for `encoder`; hidden layers are in reverse order.
    """
    check_choice("architecture", architecture, ARCHITECTURES)
    latents = x = keras.Input((check_count("latent_dim", latent_dim),), name="latents")
    inputs = latents
    if num_classes:
        labels = label_inputs()
        inputs = [latents, labels]
        x = layers.Concatenate()([latents, label_vector(num_classes)(labels)])
    x = _hidden(x, hidden_units[::-1], architecture)
    *size, channels = _checked_image_shape(image_shape)
    channels *= outputs
    if architecture == "convolutional":
        x = convolutional.up(x, image_shape, width, channels)
    else:
        x = layers.Dense(math.prod(size) * channels, dtype="float32", name="logits")(x)
        x = layers.Reshape((*size, channels), dtype="float32")(x)
    return keras.Model(inputs, x, name=name)


def _checked_image_shape(image_shape) -> tuple[int, int, int]:
    """Return `image_shape` as a tuple `(height, width, channels)`.

    Raises:
        ArgumentError: if it is not three positive whole numbers.
    """
    return of_image_shape(image_shape, points=False).shape


def _hidden(x, hidden_units, architecture):
    """Return `x` after the dense hidden layers."""
    activation = "tanh" if architecture == "mlp" else "relu"
    return hidden(x, hidden_units, activation=activation)
