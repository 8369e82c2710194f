"""The bodies of DCGAN with a label: its vector joins the latents, and as planes the image."""

from __future__ import annotations

import keras
from keras import layers

from zoo.networks import dcgan
from zoo.networks.conditioning import label_inputs, label_planes, label_vector, projection


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: int,
    hidden_units: int | None,
    num_classes: int,
    embedding_dim: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """From `[latents, labels]` to images: `zoo.networks.dcgan.generator` on latents with the
    label's vector behind them."""
    latents, labels = keras.Input((latent_dim,), name="latents"), label_inputs()
    joined = layers.Concatenate()([latents, label_vector(num_classes, embedding_dim)(labels)])
    body = dcgan.generator(image_shape, joined.shape[-1], width, hidden_units, name="body")
    return keras.Model([latents, labels], body(joined), name=name)


def discriminator(
    image_shape: tuple[int, int, int],
    width: int,
    hidden_units: int | None,
    normalization: str | None,
    num_classes: int,
    embedding_dim: int | None = None,
    project: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """From `[images, labels]` to logits: `zoo.networks.dcgan.discriminator` on images with the
    label's planes behind their channels, or, with `project`, with the label at its end."""
    images, labels = keras.Input(image_shape, name="images"), label_inputs()
    x = images
    if not project:
        planes = label_planes(num_classes, embedding_dim, image_shape)(labels)
        x = layers.Concatenate()([images, planes])
    x = dcgan.features(x, image_shape, width, hidden_units, normalization)
    logit = dcgan.head(1, "logit")(x)
    if project:
        logit = projection(logit, x, labels, num_classes)
    return keras.Model([images, labels], logit, name=name)
