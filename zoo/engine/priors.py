"""Priors, which are distributions of latents, as layers of a model."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.base.named import Named
from zoo.engine.spaces import Noise, Normal
from zoo.errors import ArgumentError


class Prior(keras.layers.Layer, Named):
    """A distribution p(z), or p(z | condition), of the latents of a model.

    It maps base noise to latents, and computes their log-density. Base noise is drawn with NumPy
    and is equal on each backend. The weights of a prior are trained with the model. Another prior
    is a subclass with `sample` and `log_prob`, and with a `name` if it is to be given by name.

    Attributes:
        latent_shape: the shape of one latent, known once the prior is built.
        is_identity: whether latents are equal to the noise.

    Example:

    >>> import zoo
    >>> from keras import ops
    >>> class Wide(zoo.layers.Prior):  # N(0, 4 I)
    ...     def sample(self, noise, condition=None):
    ...         return 2.0 * noise
    ...     def log_prob(self, latents, condition=None):
    ...         return -ops.sum(latents**2 / 8 + 1.6120857, axis=-1)  # log(2 sqrt(2 pi))
    >>> zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, prior=Wide()).sample(3).shape
    (3, 8, 8, 1)
    """

    kind = "prior"
    required = ("sample", "log_prob")
    is_identity = False

    @classmethod
    def get(cls, value):
        prior = super().get("normal" if value == "standard_normal" else value)
        if not isinstance(prior, Prior):
            raise ArgumentError(
                f"prior must be one of {', '.join(map(repr, cls.named()))}, or a zoo.layers.Prior. "
                f"Received: {value!r}."
            )
        return prior

    def build(self, input_shape):
        """Build the prior for latents of `input_shape`, `(batch, ...)`."""
        self.latent_shape = tuple(input_shape[1:])
        self.built = True

    def get_build_config(self):
        return None  # the model builds its prior

    def join(self, model: keras.Model) -> None:
        """Take what the prior needs of `model`, whose prior it is: of an autoencoder, its encoder.

        Raises:
            ArgumentError: if the prior does not suit the model.
        """

    def alone(self) -> Prior:
        """Return an equal prior that needs no other part of the model."""
        return self

    @property
    def noise(self) -> Noise:
        """The space of the base noise."""
        return Normal(self.latent_shape)

    def call(self, noise):
        return self.sample(noise)

    def sample(self, noise, condition=None):
        """Return the latents `(batch, *latent_shape)` for a batch of base noise."""
        raise NotImplementedError

    def log_prob(self, latents, condition=None):
        """Return log p(z) in nats, of shape `(..., batch)`, for latents `(..., batch,
        latent_dim)`."""
        raise NotImplementedError

    def kl(self, mean, log_variance, latents, condition=None):
        """Return KL(q || p) of q = N(mean, diag exp(log_variance)), of shape `(batch,)`.

        By default it is the estimate log q(z) - log p(z) from latents z of q, of shape `(k, batch,
        latent_dim)`, averaged over k.
        """
        log_q = -0.5 * ops.sum(
            ops.square(latents - mean) * ops.exp(-log_variance)
            + log_variance
            + math.log(2.0 * math.pi),
            axis=-1,
        )
        return ops.mean(log_q - self.log_prob(latents, condition), axis=0)


@keras.saving.register_keras_serializable("zoo")
class StandardNormal(Prior):
    """The prior p(z) = N(0, I) of Kingma and Welling 2014, https://arxiv.org/abs/1312.6114.

    Latents are equal to the noise. The divergence of q = N(mu, diag sigma^2) from the prior is
    KL(q || p) = 1/2 sum(mu^2 + sigma^2 - 1 - log sigma^2), appendix B of the paper.

    Differs from the paper: none.
    """

    name = "normal"
    is_identity = True

    def sample(self, noise, condition=None):
        return noise

    def log_prob(self, latents, condition=None):
        return -0.5 * ops.sum(ops.square(latents) + math.log(2.0 * math.pi), axis=-1)

    def kl(self, mean, log_variance, latents, condition=None):
        terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
        return 0.5 * ops.sum(terms, axis=-1)
