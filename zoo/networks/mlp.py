"""The fully connected bodies of the first GANs, made for MNIST.

Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, name rectifiers, maxout units and their
numbers in the hyperparameters published beside the paper; Mirza and Osindero 2014,
https://arxiv.org/abs/1411.1784, in section 4.1.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from zoo.layers import Maxout
from zoo.networks.conditioning import label_inputs, label_vector, projection


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    units: int = 1200,
    name: str = "generator",
) -> keras.Model:
    """Goodfellow's: two hidden layers of 1,200 rectified linear units, and tanh."""
    inputs = x = keras.Input((latent_dim,), name="latents")
    for _ in range(2):
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model(inputs, _image(x, image_shape), name=name)


def discriminator(
    image_shape: tuple[int, int, int], units: int = 1200, name: str = "discriminator"
) -> keras.Model:
    """Goodfellow's: two hidden layers of 240 maxout units of 5 pieces."""
    inputs = keras.Input(image_shape, name="images")
    x = layers.Flatten()(inputs)
    for _ in range(2):
        x = Maxout(units // 5, pieces=5)(x)
    return keras.Model(inputs, _logit(x), name=name)


def conditional_generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_classes: int,
    embedding_dim: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Mirza and Osindero's, from `[latents, labels]`: hidden layers of 200 units for the latents
    and of 1,000 for the label, joined by one of 1,200."""
    latents, labels = keras.Input((latent_dim,), name="latents"), label_inputs()
    of_latents = layers.Dense(200, activation="relu")(latents)
    vector = label_vector(num_classes, embedding_dim)(labels)
    of_labels = layers.Dense(1000, activation="relu")(vector)
    x = layers.Concatenate()([of_latents, of_labels])
    x = layers.Dense(1200, activation="relu")(x)
    return keras.Model([latents, labels], _image(x, image_shape), name=name)


def conditional_discriminator(
    image_shape: tuple[int, int, int],
    num_classes: int,
    embedding_dim: int | None = None,
    project: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """Mirza and Osindero's, from `[images, labels]`: maxout layers of 240 units of 5 pieces for
    the image and of 50 of 5 for the label, joined by one of 240 of 4.

    With `project` the label enters at the end only, see `zoo.networks.conditioning.projection`.
    """
    images, labels = keras.Input(image_shape, name="images"), label_inputs()
    x = Maxout(240, pieces=5)(layers.Flatten()(images))
    if not project:
        of_labels = Maxout(50, pieces=5)(label_vector(num_classes, embedding_dim)(labels))
        x = layers.Concatenate()([x, of_labels])
    x = Maxout(240, pieces=4)(x)
    logit = _logit(x)
    if project:
        logit = projection(logit, x, labels, num_classes)
    return keras.Model([images, labels], logit, name=name)


def _image(x, image_shape):
    # In float32 whatever the dtype policy: images are the model's boundary.
    x = layers.Dense(math.prod(image_shape))(x)
    x = layers.Activation("tanh", dtype="float32")(x)
    return layers.Reshape(image_shape, dtype="float32", name="images")(x)


def _logit(x):
    return layers.Dense(1, dtype="float32", name="logit")(x)
