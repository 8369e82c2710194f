"""The importance weighted autoencoder of Burda, Grosse and Salakhutdinov 2016."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import ClassVar

import keras
from keras import ops

from zoo.base.extends import extends
from zoo.engine.batch import Batch
from zoo.engine.compilation import Argument
from zoo.errors import check_count
from zoo.models.families import register_family
from zoo.models.vaes.bounds import reparameterized
from zoo.models.vaes.vae import VAE


@register_family("iwae", package="zoo")
class IWAE(VAE):
    """A VAE trained on a tighter bound, from k samples of each image's posterior.

    It maximises L_k(x) = E[log 1/k sum_i p(x, z_i) / q(z_i | x)], equation 8 of Burda, Grosse and
    Salakhutdinov 2016, https://arxiv.org/abs/1509.00519. L_1 is the ELBO, and L_k rises to
    log p(x) with k. The encoder runs once for all k samples. `fit` logs `loss`, which is -L_k
    (after the warm-up, if there is one), `reconstruction`, which is -log p(x | z), and `kl`.

    Args:
        image_shape: as for `VAE`, and all other arguments; the default networks are the paper's,
            with two hidden layers of 200 tanh units and 50 latents.
        latent_dim: the number of latent variables.
        hidden_units: the units of each dense hidden layer of the encoder, as a setting of a named
            architecture; the decoder has them in reverse. `None` means `(200, 200)`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("iwae", image_shape=(8, 8, 1), latent_dim=2, hidden_units=(16, 16))
    >>> model.compile(k=5)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: one layer of latents; the rate of Adam, 1e-3 with epsilon 1e-4, falls
    only if `compile` is given a schedule; the output's bias starts at 0 and not at the mean image.
    """

    idea = (
        "An importance weighted autoencoder is a VAE that is trained on a tighter bound of the "
        "log-likelihood. It draws several codes for each image and weighs them by how well they "
        "explain it, so that the encoder may be less exact. It is good where the likelihood "
        "counts, and it uses more of its latents than a VAE."
    )
    paper = "Burda, Grosse and Salakhutdinov 2016, Importance Weighted Autoencoders"
    paper_url = "https://arxiv.org/abs/1509.00519"

    default_hidden_units = (200, 200)

    @extends(VAE)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 50,
        hidden_units: Sequence[int] | None = None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, hidden_units=hidden_units, **kwargs)

    def default_optimizers(self):
        return {"model": keras.optimizers.Adam(1e-3, epsilon=1e-4)}

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "k": Argument("k", functools.partial(check_count, "k"))
    }

    @extends(VAE)
    def compile(self, optimizer=None, k: int = 50, **kwargs):
        """Configure training. A warm-up multiplies log p(z) - log q(z | x).

        Args:
            k: the number of samples of the posterior for each image.

        Raises:
            ValueError: if `k` is no positive whole number.
        """
        super().compile(optimizer, k=k, **kwargs)

    def objective(self, batch: Batch, training: bool):
        images, labels = batch
        mean, log_variance = self.posterior(images, labels, training)
        rows, units = ops.shape(mean)
        noise = ops.transpose(self.random.normal((rows, self.k, units)), (1, 0, 2))
        weights, log_likelihood = self.log_weights(
            images, mean, log_variance, noise, labels, training
        )
        if training and self.warmup_steps:
            progress = self.progress(self.warmup_steps)
            weights = log_likelihood + progress * (weights - log_likelihood)
        loss = math.log(self.k) - ops.mean(ops.logsumexp(weights, axis=0))
        latents = reparameterized(mean, log_variance, noise)
        kl = ops.mean(self.prior.kl(mean, log_variance, latents, labels))
        return loss, {"loss": loss, "reconstruction": -ops.mean(log_likelihood), "kl": kl}
