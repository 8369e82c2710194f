"""The fully connected networks of the first GANs, made for MNIST.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, give the layers in the hyperparameters
published beside the paper; Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784, give them in
section 4.1.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from zoo.engine.spaces import Classes, Images
from zoo.errors import check_count
from zoo.layers import Maxout, SpectralDense
from zoo.networks.architecture import NO_DEMANDS, Architecture, Demands
from zoo.networks.conditioning import label_inputs, label_vector, projection


@keras.saving.register_keras_serializable("zoo.networks")
class MLP(Architecture):
    """Fully connected networks with two hidden layers in each player, for images of any size.

    The generator has rectified linear units, and the discriminator a fifth as many maxout units of
    5 pieces, as in Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, for MNIST. With labels,
    the networks are from section 4.1 of Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784.
    The generator has hidden layers of 200 units for the latents and of 1,000 for the label, joined
    by one of 1,200. The discriminator has a maxout layer of 240 units of 5 pieces for the image and
    one of 50 units of 5 pieces for the label, joined by one of 240 units of 4 pieces.

    Args:
        units: the units of the largest layer, 1,200 in both papers; the other layers are in
            proportion.
        embedding_dim: as for `Architecture`.
        projection: as for `Architecture`.

    Differs from the paper: no dropout; images lie in [-1, 1], so that the generator ends in tanh.
    """

    name = "mlp"
    fits_words = "images of any size"

    def __init__(
        self, units: int = 1200, embedding_dim: int | None = None, projection: bool = False
    ):
        super().__init__(embedding_dim, projection)
        self.units = check_count("units", units, minimum=5)

    @classmethod
    def fits(cls, data):
        return data.name == "images"

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "units": 24}

    def part(self, of_1200: int) -> int:
        """Return the number of units of a layer with `of_1200` units in the paper's networks."""
        return max(1, self.units * of_1200 // 1200)

    def body(self, data, latent_dim, name):
        inputs = x = keras.Input((latent_dim,), name="latents")
        for _ in range(2):
            x = layers.Dense(self.units, activation="relu")(x)
        return keras.Model(inputs, _image(x, data.shape), name=name)

    def generator(self, data, latent_dim, condition=None, name="generator"):
        if condition is None:
            return super().generator(data, latent_dim, name=name)
        self.check_fits(data)
        latents, labels = keras.Input((latent_dim,), name="latents"), label_inputs()
        latent_units = layers.Dense(self.part(200), activation="relu")(latents)
        vector = label_vector(condition.n, self.embedding_dim)(labels)
        label_units = layers.Dense(self.part(1000), activation="relu")(vector)
        x = layers.Concatenate()([latent_units, label_units])
        x = layers.Dense(self.units, activation="relu")(x)
        return keras.Model([latents, labels], _image(x, data.shape), name=name)

    def features(self, x, data, demands):
        x = layers.Flatten()(x)
        for _ in range(2):
            x = self.maxout(240, 5, demands)(x)
        return x

    def maxout(self, of_1200: int, pieces: int, demands: Demands) -> Maxout:
        """Return a maxout layer with `of_1200` units in the paper's networks."""
        return Maxout(self.part(of_1200), pieces=pieces, spectral=demands.spectral)

    def head(self, units, name, demands, use_bias=True):
        dense = SpectralDense if demands.spectral else layers.Dense
        return dense(units, dtype="float32", use_bias=use_bias, name=name)

    def discriminator(
        self, data, condition=None, demands=NO_DEMANDS, classes=None, name="discriminator"
    ):
        if condition is None:
            return super().discriminator(data, None, demands, classes, name)
        self.check_fits(data)
        images, labels = keras.Input(data.shape, name="images"), label_inputs()
        x = self.maxout(240, 5, demands)(layers.Flatten()(images))
        if not self.projection:
            vector = label_vector(condition.n, self.embedding_dim)(labels)
            x = layers.Concatenate()([x, self.maxout(50, 5, demands)(vector)])
        x = self.maxout(240, 4, demands)(x)
        logit = self.head(1, "logit", demands, demands.output_bias)(x)
        if self.projection:
            logit = projection(logit, x, labels, condition.n)
        return keras.Model([images, labels], logit, name=name)


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    units: int = 1200,
    name: str = "generator",
) -> keras.Model:
    """Return the generator of `MLP`, from latents to images in [-1, 1]."""
    return MLP(units).generator(Images(*image_shape, (-1.0, 1.0)), latent_dim, name=name)


def discriminator(
    image_shape: tuple[int, int, int], units: int = 1200, name: str = "discriminator"
) -> keras.Model:
    """Return the discriminator of `MLP`, from images in [-1, 1] to logits."""
    return MLP(units).discriminator(Images(*image_shape, (-1.0, 1.0)), name=name)


def conditional_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_classes: int,
    embedding_dim: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Return the conditional generator of `MLP`, from `[latents, labels]` to images in [-1, 1]."""
    data = Images(*image_shape, (-1.0, 1.0))
    architecture = MLP(embedding_dim=embedding_dim)
    return architecture.generator(data, latent_dim, Classes(num_classes), name=name)


def conditional_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: int,
    embedding_dim: int | None = None,
    project: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """Return the conditional discriminator of `MLP`, from `[images, labels]` to logits.

    `project` is the argument `projection` of `MLP`.
    """
    data = Images(*image_shape, (-1.0, 1.0))
    architecture = MLP(embedding_dim=embedding_dim, projection=project)
    return architecture.discriminator(data, Classes(num_classes), name=name)


def _image(x, image_shape):
    """Return the images of the last hidden layer `x`, through a dense layer and tanh."""
    # Images are in float32 under every dtype policy, as outputs of the model.
    x = layers.Dense(math.prod(image_shape))(x)
    x = layers.Activation("tanh", dtype="float32")(x)
    return layers.Reshape(image_shape, dtype="float32", name="images")(x)
