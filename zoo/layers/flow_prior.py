"""The prior that is a normalizing flow."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from zoo.engine.priors import Prior
from zoo.errors import ArgumentError, check_count
from zoo.layers.bijectors.composition import Chain
from zoo.layers.bijectors.couplings import AffineCoupling
from zoo.layers.bijectors.masks import Alternate
from zoo.layers.bijectors.networks import dense_network


@keras.saving.register_keras_serializable("zoo")
class FlowPrior(Prior):
    """The prior p(z) = N(f(z); 0, I) |det df/dz| with a trained flow f, as in section 3.2 of Chen
    et al. 2017, https://arxiv.org/abs/1611.02731.

    f is a chain of affine couplings, those of Dinh et al. 2017, https://arxiv.org/abs/1605.08803,
    and starts as the identity. Its divergence from a posterior is estimated by samples.

    Args:
        couplings: the number of couplings, which take turns in which latents change.
        hidden_units: the units of each hidden layer of the network of a coupling.
        name: the name of the layer.
        **kwargs: the other arguments of a layer.

    Raises:
        ArgumentError: if a number is no positive whole number, or there is one latent alone.

    Example:

    >>> import zoo
    >>> prior = zoo.layers.FlowPrior(couplings=2, hidden_units=(8,))
    >>> zoo.create("vae", image_shape=(8, 8, 1), latent_dim=2, prior=prior).sample(3).shape
    (3, 8, 8, 1)

    Differs from the paper: couplings, whose samples are as fast as densities, take the place of
    autoregressive steps.
    """

    name = "flow"

    def __init__(
        self,
        couplings: int = 6,
        hidden_units: Sequence[int] = (128, 128),
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.couplings = check_count("couplings", couplings)
        self.hidden_units = tuple(check_count("hidden_units", size) for size in hidden_units)

    def get_config(self):
        own = {"couplings": self.couplings, "hidden_units": self.hidden_units}
        return {**super().get_config(), **own}

    def build(self, input_shape):
        shape = tuple(input_shape[1:])
        if shape[-1] < 2:
            raise ArgumentError(
                f"prior='flow' is for at least two latents. Received: latents of shape {shape}."
            )
        parts = []
        for i in range(self.couplings):
            mask = Alternate(flip=i % 2 == 1)
            network = dense_network(AffineCoupling, mask, shape, self.hidden_units)
            parts.append(AffineCoupling(mask, network))
        self.bijector = Chain(parts)
        self.bijector.build(input_shape)
        self.base = Prior.get("normal")
        self.base.build(input_shape)
        super().build(input_shape)

    def sample(self, noise, condition=None):
        return self.bijector.inverse(noise)

    def log_prob(self, latents, condition=None):
        rows = ops.reshape(latents, (-1, latents.shape[-1]))
        base, log_det = self.bijector.forward(rows)
        return ops.reshape(self.base.log_prob(base) + log_det, ops.shape(latents)[:-1])
