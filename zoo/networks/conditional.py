"""The networks of `zoo.networks.DCGAN` with a label, as functions of earlier versions."""

from __future__ import annotations

import keras

from zoo.engine.spaces import Classes, Images
from zoo.networks.dcgan import DCGAN

RANGE = (-1.0, 1.0)


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    width: int,
    hidden_units: int | None,
    num_classes: int,
    embedding_dim: int | None = None,
    name: str = "generator",
) -> keras.Model:
    """Return the conditional generator of `zoo.networks.DCGAN`, from `[latents, labels]` to images;
    arguments as there."""
    architecture = DCGAN(width, hidden_units, embedding_dim=embedding_dim)
    return architecture.generator(
        Images(*image_shape, RANGE), latent_dim, Classes(num_classes), name=name
    )


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
    """Return the conditional discriminator of `zoo.networks.DCGAN`, from `[images, labels]` to
    logits; arguments as there."""
    architecture = DCGAN(width, hidden_units, normalization, embedding_dim, project)
    return architecture.discriminator(Images(*image_shape, RANGE), Classes(num_classes), name=name)
