"""Priors, which are distributions of latents, as layers of a model."""

from __future__ import annotations

import math

import keras
from keras import ops

from zoo.base.named import Named
from zoo.engine.spaces import Noise, Normal


class Prior(keras.layers.Layer, Named):
    """A distribution p(z), or p(z | condition), of the latents of a model.

    It maps base noise to latents, and computes their log-density. Base noise is drawn with NumPy
    and is equal on each backend. The weights of a prior are trained with the model. For another
    prior, subclass it with a `name`, or pass any layer with these methods.

    Attributes:
        latent_shape: the shape of one latent, known once the prior is built.
        is_identity: whether latents are equal to the noise.
    """

    kind = "prior"
    required = ("latents", "log_prob", "kl")
    is_identity = False

    def build(self, input_shape):
        """Build the prior for latents of `input_shape`, `(batch, ...)`."""
        self.latent_shape = tuple(input_shape[1:])
        self.built = True

    @property
    def noise(self) -> Noise:
        """The space of the base noise."""
        return Normal(self.latent_shape)

    def call(self, noise):
        return self.latents(noise)

    def latents(self, noise, condition=None):
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

    name = "standard_normal"
    is_identity = True

    def latents(self, noise, condition=None):
        return noise

    def log_prob(self, latents, condition=None):
        return -0.5 * ops.sum(ops.square(latents) + math.log(2.0 * math.pi), axis=-1)

    def kl(self, mean, log_variance, latents, condition=None):
        terms = ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance
        return 0.5 * ops.sum(terms, axis=-1)
