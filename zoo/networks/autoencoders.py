"""Pairs of encoders and decoders for autoencoders."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from zoo.engine.spaces import of_image_shape
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.layers import TransposedDense
from zoo.networks import convolutional
from zoo.networks.dense import hidden

ARCHITECTURES = ("one_layer", "mlp", "convolutional")


def pair(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str,
    code_activation: str | None = None,
    tied: bool = False,
    hidden_units: Sequence[int] | None = None,
    width: int = 32,
    upsampling: str = "transposed",
) -> tuple[keras.Model, keras.Model]:
    """Return an encoder from images to codes `(batch, latent_dim)`, and a decoder from codes to
    logits of images.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: the number of code units.
        architecture: `"one_layer"`, one dense layer each way; `"mlp"`, with rectified linear hidden
            layers; `"convolutional"`, for square images of 28 pixels or a power of two from 8.
        code_activation: the activation of the code units, such as `"sigmoid"` or `"relu"`, or
            `None`.
        tied: whether the decoder of one layer has the transposed weights of the encoder.
        hidden_units: the units of each dense hidden layer of the encoder; the decoder has them in
            reverse. `None` means one layer of 500 units for `"mlp"`, else no layer.
        width: the channels of the largest feature maps of a convolutional body.
        upsampling: as for `zoo.networks.convolutional.up`.

    Raises:
        ArgumentError: if an argument has a wrong value, or does not suit the architecture.
    """
    shape = of_image_shape(image_shape, points=False).shape
    check_count("latent_dim", latent_dim)
    check_choice("architecture", architecture, ARCHITECTURES)
    if tied and architecture != "one_layer":
        raise ArgumentError(
            f"tied=True is for architecture='one_layer'. Received: {architecture!r}."
        )
    if hidden_units is None:
        hidden_units = (500,) if architecture == "mlp" else ()
    elif hidden_units and architecture == "one_layer":
        raise ArgumentError(
            f"hidden_units is not for architecture='one_layer'. Received: {hidden_units!r}."
        )
    activation = keras.activations.get(code_activation)

    images = x = keras.Input(shape, name="images")
    x = (
        convolutional.down(x, shape, width)
        if architecture == "convolutional"
        else layers.Flatten()(x)
    )
    code = layers.Dense(latent_dim, activation=activation, name="code")
    encoder = keras.Model(images, code(_hidden(x, hidden_units)), name="encoder")

    codes = x = keras.Input((latent_dim,), name="codes")
    x = _hidden(x, hidden_units[::-1])
    if architecture == "convolutional":
        x = convolutional.up(x, shape, width, shape[-1], upsampling)
    else:
        last = TransposedDense(code) if tied else layers.Dense(math.prod(shape))
        # Logits are in float32 under every dtype policy.
        x = layers.Reshape(shape, dtype="float32", name="logits")(last(x))
    return encoder, keras.Model(codes, x, name="decoder")


def _hidden(x, hidden_units):
    """Return `x` after the dense hidden layers."""
    return hidden(x, hidden_units, activation="relu", kernel_initializer="he_normal")
