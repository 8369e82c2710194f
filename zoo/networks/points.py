"""Fully connected bodies for points in the plane, and for other small vectors."""

from __future__ import annotations

import keras
from keras import layers

from zoo.errors import check_count


def generator(
    latent_dim: int = 2,
    features: int = 2,
    units: int = 128,
    hidden_layers: int = 3,
    name: str = "generator",
) -> keras.Model:
    """From latents `(batch, latent_dim)` to points `(batch, features)`, of any value.

    Args:
        latent_dim: the number of latent variables.
        features: the dimension of a point.
        units: the rectified linear units of each hidden layer.
        hidden_layers: their number.
        name: the name of the model.
    """
    return _body(latent_dim, features, units, hidden_layers, True, "latents", name)


def discriminator(
    features: int = 2,
    units: int = 128,
    hidden_layers: int = 3,
    output_bias: bool = True,
    name: str = "discriminator",
) -> keras.Model:
    """From points `(batch, features)` to logits `(batch, 1)`.

    Args:
        features: as for `generator`, and `units` and `hidden_layers`.
        output_bias: whether the logit has a bias; a Wasserstein critic has none.
        name: the name of the model.
    """
    return _body(features, 1, units, hidden_layers, output_bias, "points", name)


def _body(inputs, outputs, units, hidden_layers, output_bias, input_name, name):
    sizes = {"inputs": inputs, "units": units, "hidden_layers": hidden_layers}
    for key, value in sizes.items():
        check_count(key, value)
    first = x = keras.Input((inputs,), name=input_name)
    for _ in range(hidden_layers):
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)
    return keras.Model(
        first, layers.Dense(outputs, use_bias=output_bias, dtype="float32")(x), name=name
    )
