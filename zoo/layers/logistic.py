"""The logistic prior."""

from __future__ import annotations

import keras
from keras import ops

from zoo.engine.priors import Prior
from zoo.engine.spaces import Uniform

EDGE = 1e-7  # the distance of uniform numbers from 0 and 1


@keras.saving.register_keras_serializable("zoo")
class Logistic(Prior):
    """The prior of independent latents with the standard logistic distribution, section 3.4 of Dinh
    et al. 2015, https://arxiv.org/abs/1410.8516.

    log p(z) = -sum(log(1 + exp(z)) + log(1 + exp(-z))). Latents are logits of uniform noise.

    Differs from the paper: none.
    """

    name = "logistic"

    @property
    def noise(self) -> Uniform:
        return Uniform(self.latent_shape)

    def sample(self, noise, condition=None):
        inner = EDGE + (1.0 - 2.0 * EDGE) * noise
        return ops.log(inner) - ops.log(1.0 - inner)

    def log_prob(self, latents, condition=None):
        return -ops.sum(ops.softplus(latents) + ops.softplus(-latents), axis=-1)
