"""`Sampler`: the part of a model that makes its samples, alone."""

from __future__ import annotations

import keras

from zoo.engine.batch import paired
from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.engine.spaces import classes_or_none, of_shape
from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable("zoo")
class Sampler(LatentModel):
    """The network that makes the samples of a model, without the rest: it samples as the model
    does, and cannot be trained.

    Args:
        network: from latents `(batch, latent_dim)`, and labels `(batch,)` where `num_classes` is
            given, to images, or to what `likelihood` needs.
        latent_dim: the number of latent variables.
        image_shape: `(height, width, channels)`, or `(features,)` for points.
        value_range: the range of the images; `None`: any.
        num_classes: the number of classes of a conditional model.
        likelihood: an object whose `mean` makes images of what `network` gives.
        name: the name of the model.
        prior: the prior of the latents; by default N(0, I).

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
        prior: Prior | None = None,
    ):
        super().__init__(name=name)
        self.network = network
        self.data = of_shape(tuple(image_shape), value_range)
        self.condition = classes_or_none(num_classes)
        if prior is not None:
            self.prior = prior
        self.latent_dim = latent_dim
        self.likelihood = likelihood
        self.built = True

    @classmethod
    def of(cls, model: LatentModel, network: keras.Model, likelihood=None) -> Sampler:
        """Create the sampler of `model`, whose samples `network` makes."""
        return cls(
            network,
            model.latent_dim,
            model.image_shape,
            model.value_range,
            model.num_classes,
            likelihood,
            prior=None if model.prior.is_identity else model.prior,
        )

    def compile(self, optimizer=None, **kwargs):
        """Refuse to train a part of a model.

        Raises:
            ArgumentError: always.
        """
        raise ArgumentError(
            "A part of a model cannot be trained. zoo.load(name), without components=, loads the "
            "whole."
        )

    def call_signature(self):
        return self.signature_of(self.noise)

    def call(self, inputs, training=False):
        return self.generate(*self.unpaired(inputs))

    def generate(self, latents, labels=None):
        outputs = self.network(paired(latents, labels), training=False)
        return outputs if self.likelihood is None else self.likelihood.mean(outputs)
