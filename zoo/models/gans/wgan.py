"""The Wasserstein GAN of Arjovsky, Chintala and Bottou 2017, with weight clipping."""

from __future__ import annotations

import keras

from zoo.base.extends import extends
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN
from zoo.networks import Demands


@register_family("wgan", package="zoo")
class WGAN(GAN):
    """A generator trained against an estimate of the Wasserstein-1 distance to the data.

    The objective is min_G max_f E_x[f(x)] - E_z[f(G(z))] over critics f with weights in
    [-0.01, 0.01], equation 3 and algorithm 1 of Arjovsky, Chintala and Bottou 2017,
    https://arxiv.org/abs/1701.07875. One step is five updates of the critic, each followed by
    clipping, and one of the generator; a batch of 5 n images is divided into five of n. The
    critic's output has no bias, because a constant added to f changes nothing.

    Args:
        image_shape: as for `GAN`, and all other arguments; `discriminator` is the critic. Images
            have by default the networks of `zoo.networks.DCGAN`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("wgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: the networks are those of `DCGAN`, with 4x4 kernels, and the critic has
    no bias at its output; samples come from an average of the generator over training
    (`weights="raw"` gives the last one).
    """

    idea = (
        "A Wasserstein GAN trains its generator to lower an estimate of the distance by which "
        "the data would have to be moved to become the samples. The critic that estimates the "
        "distance is kept from being steep by clipping its weights. Its loss falls as samples "
        "become better, which other GANs lack; the variant with a gradient penalty learns faster "
        "and gives better samples."
    )
    paper = "Arjovsky, Chintala and Bottou 2017, Wasserstein GAN"
    paper_url = "https://arxiv.org/abs/1701.07875"
    default_architecture = "dcgan"
    demands = Demands(output_bias=False)

    @property
    def critic(self) -> keras.Model:
        """The discriminator, under the paper's name for it."""
        return self.discriminator

    def default_optimizers(self):
        return {player: keras.optimizers.RMSprop(5e-5, rho=0.99) for player in self.players}

    @extends(GAN)
    def compile(
        self,
        optimizer=None,
        loss="wasserstein",
        penalty="weight_clipping",
        critic_steps=5,
        **kwargs,
    ):
        """Configure training as `GAN.compile` does, with the Wasserstein loss, weight clipping and
        five critic steps."""
        super().compile(optimizer, loss, penalty, critic_steps, **kwargs)

    def critic_distance(self, real, fake, batch_size: int = 256) -> float:
        """Return the critic's estimate of the Wasserstein-1 distance between two sets of images.

        It is mean f(real) - mean f(fake), in units of the critic's slope.

        Args:
            real: images of shape `(n, height, width, channels)`.
            fake: images of the same size; their number may differ.
            batch_size: the number of images that are computed at once.
        """
        real_logits, fake_logits = (
            self.discriminate(x, batch_size=batch_size) for x in (real, fake)
        )
        return float(real_logits.mean() - fake_logits.mean())

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4}

    @classmethod
    def test_compile(cls):
        return {"critic_steps": 2}
