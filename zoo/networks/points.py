"""Fully connected networks for points in the plane, and for other small vectors."""

from __future__ import annotations

import keras
from keras import layers

from zoo.engine.spaces import Points as PointSpace
from zoo.errors import check_count
from zoo.layers import SpectralDense
from zoo.networks.architecture import Architecture, Demands


@keras.saving.register_keras_serializable("zoo.networks")
class Points(Architecture):
    """Fully connected networks with rectified linear units, for points of any value.

    Args:
        units: the units of each hidden layer.
        hidden_layers: the number of hidden layers in each player.
        embedding_dim: as for `Architecture`.
        projection: as for `Architecture`.

    Differs from the paper: no paper describes these networks.
    """

    name = "points"
    fits_words = "points"

    def __init__(
        self,
        units: int = 128,
        hidden_layers: int = 3,
        embedding_dim: int | None = None,
        projection: bool = False,
    ):
        super().__init__(embedding_dim, projection)
        self.units = check_count("units", units)
        self.hidden_layers = check_count("hidden_layers", hidden_layers)

    @classmethod
    def fits(cls, data):
        return data.name == "points"

    @classmethod
    def test_config(cls):
        return {"image_shape": (2,), "units": 8}

    def body(self, data, latent_dim, name):
        inputs = keras.Input((latent_dim,), name="latents")
        outputs = layers.Dense(data.n, dtype="float32")(self.hidden(inputs, layers.Dense))
        return keras.Model(inputs, outputs, name=name)

    def features(self, x, data, demands):
        return self.hidden(x, SpectralDense if demands.spectral else layers.Dense)

    def head(self, units, name, demands, use_bias=True):
        dense = SpectralDense if demands.spectral else layers.Dense
        return dense(units, use_bias=use_bias, dtype="float32", name=name)

    def hidden(self, x, dense):
        """Return `x` after the hidden layers, which are of the class `dense`."""
        for _ in range(self.hidden_layers):
            x = dense(self.units, activation="relu", kernel_initializer="he_normal")(x)
        return x


def generator(
    latent_dim: int = 2,
    features: int = 2,
    units: int = 128,
    hidden_layers: int = 3,
    name: str = "generator",
) -> keras.Model:
    """Return the generator of `Points`, from latents `(batch, latent_dim)` to points `(batch,
    features)`.

    `units` and `hidden_layers` are arguments of `Points`.
    """
    return Points(units, hidden_layers).generator(PointSpace(features), latent_dim, name=name)


def discriminator(
    features: int = 2,
    units: int = 128,
    hidden_layers: int = 3,
    output_bias: bool = True,
    name: str = "discriminator",
) -> keras.Model:
    """Return the discriminator of `Points`, from points `(batch, features)` to logits `(batch, 1)`.

    `units` and `hidden_layers` are arguments of `Points`; `output_bias` is whether the logit has a
    bias, which a Wasserstein critic has not.
    """
    architecture = Points(units, hidden_layers)
    demands = Demands(output_bias=output_bias)
    return architecture.discriminator(PointSpace(features), demands=demands, name=name)
