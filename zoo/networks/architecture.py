"""Architectures: the networks of both players of an adversarial rule, by name or as objects."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import keras
from keras import layers

from zoo.base.named import Named
from zoo.engine.spaces import Classes, Space
from zoo.errors import ArgumentError, check_count, unknown_name
from zoo.networks.conditioning import label_inputs, label_planes, label_vector, projection


class Demands(NamedTuple):
    """The demands of a rule on the discriminator.

    Attributes:
        per_image: whether its output for an image may not depend on the other images of the batch,
            as a penalty on the gradient of single images needs: no batch normalization.
        spectral: whether each kernel is divided by its largest singular value.
        output_bias: whether the logit has a bias; a loss that a constant shift does not change
            would never train one.
    """

    per_image: bool = False
    spectral: bool = False
    output_bias: bool = True


NO_DEMANDS = Demands()


class Architecture(Named):
    """The networks of a generator and of a discriminator, for any adversarial rule.

    A subclass with a `name` can be given by it. It writes `body`, from latents to data, and
    `features`, from data to the vector that the discriminator's last layer reads; labels and heads
    are joined here. What its constructor takes are the settings of the architecture.

    Args:
        embedding_dim: of conditional models: `None` for one-hot labels, or the size of learned
            vectors.
        projection: of conditional models: whether the label enters the discriminator at its end, as
            the inner product of a learned vector with the features (Miyato and Koyama 2018,
            https://arxiv.org/abs/1802.05637), and not at its beginning.
    """

    kind = "architecture"
    required = ("generator", "discriminator")
    aliases: ClassVar[dict[str, str]] = {"convolutional": "dcgan"}  # of earlier versions

    def __init__(self, embedding_dim: int | None = None, projection: bool = False):
        if embedding_dim is not None:
            check_count("embedding_dim", embedding_dim)
        self.embedding_dim = embedding_dim
        self.projection = projection

    @classmethod
    def settings(cls, name: str) -> list[str]:
        """Return the names of the settings of the architecture `name`."""
        return list(inspect.signature(cls._class(name)).parameters)

    @classmethod
    def _class(cls, name: str) -> type[Architecture]:
        name = cls.aliases.get(name, name)
        if name not in cls.named():
            raise unknown_name(cls.kind, name, cls.named())
        return cls.named()[name]

    @classmethod
    def get(cls, value, settings: Mapping[str, Any] | None = None):
        """Return the architecture of the name `value` with `settings`, or `value` itself.

        Raises:
            ValueError: if there is no such architecture or setting, or settings are given beside an
                object, which has its own.
        """
        if not isinstance(value, str):
            if settings:
                raise ArgumentError(
                    f"{', '.join(settings)} must be settings of the architecture object itself, "
                    f"such as zoo.networks.DCGAN(width=32). Received: both, with {value!r}."
                )
            return super().get(value)
        chosen = cls._class(value)
        for key in settings or {}:
            if key not in cls.settings(value):
                raise unknown_name(
                    f"setting of the architecture {chosen.name}", key, cls.settings(value)
                )
        return chosen(**(settings or {}))

    @classmethod
    def fitting(cls, data: Space) -> list[str]:
        """Return the names of the architectures that fit `data`."""
        return sorted(name for name, each in cls.named().items() if each.fits(data))

    def check_fits(self, data: Space) -> None:
        """Raise unless this architecture makes `data`, with the names of those that do."""
        if not type(self).fits(data):
            raise ArgumentError(
                f"The architecture {self.name!r} does not fit {data.noun} of shape {data.shape}: "
                f"it is for {self.fits_words}. Allowed: "
                f"{', '.join(map(repr, Architecture.fitting(data)))}, or networks of your own."
            )

    # What an architecture says

    fits_words: str  # the data it is for, in words

    @classmethod
    def fits(cls, data: Space) -> bool:
        """Return whether the architecture makes such data."""
        raise NotImplementedError

    @classmethod
    def test_config(cls) -> dict[str, Any]:
        """Return the settings of a tiny one, and `image_shape`, the smallest data it is for."""
        raise NotImplementedError

    def body(self, data: Space, latent_dim: int, name: str) -> keras.Model:
        """Return the network from latents `(batch, latent_dim)` to data."""
        raise NotImplementedError

    def features(self, x, data: Space, demands: Demands):
        """Return the vectors `(batch, features)` of data `x`, with label planes where there are
        any."""
        raise NotImplementedError

    def head(self, units: int, name: str, demands: Demands, use_bias: bool = True) -> layers.Layer:
        """Return the last layer of the discriminator, or of its classifier."""
        raise NotImplementedError

    def joined(self, x, labels, data: Space, num_classes: int):
        """Return data `x` with labels: as planes behind the channels of images, as vectors behind
        the coordinates of points."""
        if data.name == "images":
            vectors = label_planes(num_classes, self.embedding_dim, data.shape)(labels)
        else:
            vectors = label_vector(num_classes, self.embedding_dim)(labels)
        return layers.Concatenate()([x, vectors])

    # The networks

    def generator(
        self, data: Space, latent_dim: int, condition: Classes | None = None, name="generator"
    ) -> keras.Model:
        """Return the network from latents, or `[latents, labels]`, to data.

        Args:
            data: the space of the data.
            latent_dim: the number of latent variables.
            condition: the classes of a conditional model; the label's vector is joined behind the
                latents.
            name: the name of the network.
        """
        self.check_fits(data)
        check_count("latent_dim", latent_dim)
        if condition is None:
            return self.body(data, latent_dim, name)
        latents, labels = keras.Input((latent_dim,), name="latents"), label_inputs()
        vector = label_vector(condition.n, self.embedding_dim)(labels)
        joined = layers.Concatenate()([latents, vector])
        body = self.body(data, joined.shape[-1], "body")
        return keras.Model([latents, labels], body(joined), name=name)

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
            condition: the classes of labels that the discriminator sees.
            demands: the demands of the rule.
            classes: the number of classes that it also names, by logits `(batch, classes)` as a
                second output.
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
