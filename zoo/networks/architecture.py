"""Architectures: the networks of both players of a GAN, by name or as objects."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import keras
from keras import layers

from zoo.engine.spaces import Classes, Space
from zoo.errors import check_count
from zoo.networks.conditioning import joined, label_inputs, projection
from zoo.networks.named_networks import NamedNetworks


class Demands(NamedTuple):
    """The demands of a model on its discriminator.

    Attributes:
        per_image: whether the output for an image must not depend on the other images of the
            batch, which excludes batch normalization. A penalty on the gradient of single images
            needs this.
        spectral: whether each kernel is divided by its largest singular value.
        output_bias: whether the logit has a bias. A loss that a constant shift does not change
            would never train it.
    """

    per_image: bool = False
    spectral: bool = False
    output_bias: bool = True


NO_DEMANDS = Demands()


class Architecture(NamedNetworks):
    """The networks of a generator and of a discriminator, for any GAN.

    A subclass with a `name` is chosen by that name. It defines `body`, from latents to data, and
    `features`, from data to the vector that the discriminator's last layer reads. This class joins
    labels and heads to them. The arguments of the constructor are the settings of the architecture.

    Args:
        embedding_dim: the size of learned label vectors in conditional models, or `None` for
            one-hot labels.
        projection: whether the label of a conditional model enters the discriminator at its end, as
            the inner product of a learned vector with the features (Miyato and Koyama 2018,
            https://arxiv.org/abs/1802.05637), and not at its beginning.
    """

    kind = "architecture"
    required = ("generator", "discriminator")
    aliases: ClassVar[dict[str, str]] = {"convolutional": "dcgan"}
    example = "zoo.networks.DCGAN(width=32)"

    def __init__(self, embedding_dim: int | None = None, projection: bool = False):
        if embedding_dim is not None:
            check_count("embedding_dim", embedding_dim)
        self.embedding_dim = embedding_dim
        self.projection = projection

    # Definitions by subclasses

    def body(self, data: Space, latent_dim: int, name: str) -> keras.Model:
        """Return the network from latents `(batch, latent_dim)` to data."""
        raise NotImplementedError

    def features(self, x, data: Space, demands: Demands):
        """Return the features `(batch, features)` of data `x`, which may have label planes."""
        raise NotImplementedError

    def head(self, units: int, name: str, demands: Demands, use_bias: bool = True) -> layers.Layer:
        """Return the last layer of the discriminator, or of its classifier, with `units` logits."""
        raise NotImplementedError

    def joined(self, x, labels, data: Space, num_classes: int):
        """Join labels to data `x`.

        They follow the channels of images as planes, and the coordinates of points as vectors.
        """
        planes = data.shape if data.name == "images" else None
        return joined(x, labels, num_classes, self.embedding_dim, planes)

    # The networks

    def generator(
        self, data: Space, latent_dim: int, condition: Classes | None = None, name="generator"
    ) -> keras.Model:
        """Return the network from latents, or `[latents, labels]`, to data.

        Args:
            data: the space of the data.
            latent_dim: the number of latent variables.
            condition: the classes of a conditional model, or `None`; the vector of the label
                follows the latents.
            name: the name of the network.
        """
        self.check_fits(data)
        check_count("latent_dim", latent_dim)
        if condition is None:
            return self.body(data, latent_dim, name)
        latents, labels = keras.Input((latent_dim,), name="latents"), label_inputs()
        x = joined(latents, labels, condition.n, self.embedding_dim)
        body = self.body(data, x.shape[-1], "body")
        return keras.Model([latents, labels], body(x), name=name)

    def discriminator(
        self,
        data: Space,
        condition: Classes | None = None,
        demands: Demands = NO_DEMANDS,
        classes: int | None = None,
        name: str = "discriminator",
    ) -> keras.Model:
        """Return the network from data, or `[data, labels]`, to logits `(batch, 1)`.

        Args:
            data: the space of the data.
            condition: the classes of the labels that the discriminator sees, or `None`.
            demands: the demands of the model.
            classes: the number of classes of a second output, logits of the classes `(batch,
                classes)`, or `None` for a single output.
            name: the name of the network.
        """
        self.check_fits(data)
        inputs = x = keras.Input(data.shape, name=data.noun)
        labels = None
        if condition is not None:
            labels = label_inputs()
            inputs = [inputs, labels]
            if not self.projection:
                x = self.joined(x, labels, data, condition.n)
        features = self.features(x, data, demands)
        logit = self.head(1, "logit", demands, demands.output_bias)(features)
        if labels is not None and self.projection:
            logit = projection(logit, features, labels, condition.n)
        if classes is None:
            return keras.Model(inputs, logit, name=name)
        class_logits = self.head(classes, "class_logits", demands)(features)
        return keras.Model(inputs, [logit, class_logits], name=name)
