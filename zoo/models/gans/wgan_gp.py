"""The Wasserstein GAN with gradient penalty of Gulrajani et al. 2017."""

from __future__ import annotations

import keras

from zoo.base.extends import extends
from zoo.models.families import register_family
from zoo.models.gans.wgan import WGAN
from zoo.networks import Demands


@register_family("wgan_gp", package="zoo")
class WGANGP(WGAN):
    """A Wasserstein GAN whose critic is held to slope 1 by a penalty in place of clipping.

    The critic minimises L = E_z[f(G(z))] - E_x[f(x)] + 10 E[(|df(x^)/dx^| - 1)^2] at points x^
    drawn uniformly between pairs of real and generated images, equation 3 and algorithm 1 of
    Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028. The norm is taken of each sample's own
    gradient. One step is five updates of the critic and one of the generator; a batch of 5 n images
    is divided into five of n, each with new latents and points. The critic has no batch
    normalization, which would mix the samples, and no bias at its output, which nothing would
    train.

    Args:
        image_shape: as for `WGAN`, and all other arguments; `discriminator` is the critic. Images
            have by default the networks of `zoo.networks.DCGAN`.
        latent_dim: the number of latent variables.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("wgan_gp", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: the networks are those of `DCGAN`, one of those that the paper
    trains, without normalization in the critic; samples come from an average of the generator over
    training (`weights="raw"` gives the last one).
    """

    idea = (
        "A Wasserstein GAN with a gradient penalty trains its generator to lower an estimate of "
        "the distance between samples and data. A penalty holds the slope of the critic at 1, "
        "which works better than clipping its weights. It trains stably with many kinds of "
        "networks and rarely leaves out a part of the data, at the price of slower steps."
    )
    paper = "Gulrajani et al. 2017, Improved Training of Wasserstein GANs"
    paper_url = "https://arxiv.org/abs/1704.00028"
    demands = Demands(per_image=True, output_bias=False)

    @extends(WGAN)
    def __init__(self, image_shape: tuple[int, ...] | None = None, latent_dim: int = 128, **kwargs):
        super().__init__(image_shape, latent_dim, **kwargs)

    def default_optimizers(self):
        return {
            player: keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9, epsilon=1e-8)
            for player in self.players
        }

    @extends(WGAN)
    def compile(self, optimizer=None, loss="wasserstein", penalty="gradient_penalty", **kwargs):
        """Configure training as `WGAN.compile` does, with the gradient penalty."""
        super().compile(optimizer, loss, penalty, **kwargs)
