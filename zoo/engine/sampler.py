"""`Sampler`: what of a model makes its samples, alone."""

from __future__ import annotations

import keras

from zoo.engine.latent import LatentModel
from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable("zoo")
class Sampler(LatentModel):
    """The network that makes the samples of a model, without the rest: it samples as that does,
    and cannot be trained.

    Args:
        network: from latents `(batch, latent_dim)`, and labels `(batch,)` where `num_classes` is
            given, to images, or to what `likelihood` needs.
        latent_dim: the number of latent variables.
        image_shape: `(height, width, channels)`, or `(features,)` for points.
        value_range: of the images; `None`: any.
        num_classes: of a conditional model.
        likelihood: an object whose `mean` makes images of what `network` gives.
        name: the name of the model.

    Attributes:
        network: as given.
    """

    paper = "none: a part of a model"
    paper_url = "none"

    def __init__(
        self,
        network: keras.Model,
        latent_dim: int,
        image_shape: tuple[int, ...],
        value_range: tuple[float, float] | None = None,
        num_classes: int | None = None,
        likelihood=None,
        name: str | None = None,
    ):
        super().__init__(name=name)
        self.network = network
        self.latent_dim = latent_dim
        self.image_shape = tuple(image_shape)
        self.value_range = None if value_range is None else tuple(value_range)
        self.num_classes = num_classes
        self.likelihood = likelihood
        self.built = True

    @classmethod
    def of(cls, model: LatentModel, network: keras.Model, likelihood=None) -> Sampler:
        """That of `model`, of which `network` makes the samples."""
        return cls(
            network,
            model.latent_dim,
            model.image_shape,
            model.value_range,
            model.num_classes,
            likelihood,
        )

    def compile(self, optimizer=None, **kwargs):
        """Not of a part of a model.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError(
            "A part of a model cannot be trained. zoo.load(name), without components=, loads the "
            "whole."
        )

    def call(self, inputs, training=False):
        return self.generate(*self.unpaired(inputs))

    def generate(self, latents, labels=None):
        found = self.network(latents if labels is None else [latents, labels], training=False)
        return found if self.likelihood is None else self.likelihood.mean(found)
