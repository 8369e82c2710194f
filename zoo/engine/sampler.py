"""`Sampler`, the part of a model that draws its samples."""

from __future__ import annotations

import keras

from zoo.engine.batch import paired
from zoo.engine.latent import LatentModel
from zoo.engine.priors import Prior
from zoo.engine.spaces import classes_or_none, of_shape
from zoo.errors import ArgumentError


@keras.saving.register_keras_serializable("zoo")
class Sampler(LatentModel):
    """The sampling network of a model, without its other parts.

    It draws the same samples as the model, and cannot be trained.

    Args:
        network: a Keras model from latents `(batch, latent_dim)`, and labels `(batch,)` if
            `num_classes` is not `None`, to images, or to the parameters of `likelihood`.
        latent_dim: the number of latent variables.
        image_shape: `(height, width, channels)`, or `(features,)` for points.
        value_range: the range of the images, or `None` for any value.
        num_classes: the number of classes of a conditional model, or `None`.
        likelihood: an object whose method `mean` turns the outputs of `network` into images, or
            `None` if they are images.
        name: the name of the model.
        prior: the prior of the latents; by default N(0, I).

    Attributes:
        network: the argument `network`.
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
    def of(
        cls, model: LatentModel, network: keras.Model, likelihood=None, prior: Prior | None = None
    ) -> Sampler:
        """Create the sampler of `model` with its sampling network, and its prior or another."""
        if prior is None and not model.prior.is_identity:
            prior = model.prior.alone()
        return cls(
            network,
            model.latent_dim,
            model.image_shape,
            model.value_range,
            model.num_classes,
            likelihood,
            prior=prior,
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

    def sampling_network(self):
        return self.network

    def generate(self, latents, labels=None):
        outputs = self.network(paired(latents, labels), training=False)
        return outputs if self.likelihood is None else self.likelihood.mean(outputs)
