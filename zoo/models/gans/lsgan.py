"""The least squares GAN of Mao et al. 2017."""

from __future__ import annotations

from zoo.base.extends import extends
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN


@register_family("lsgan", package="zoo")
class LSGAN(GAN):
    """A GAN whose discriminator is a regression to 1 for real and 0 for generated images.

    The objectives are min_D 1/2 E_x[(D(x) - 1)^2] + 1/2 E_z[D(G(z))^2] and
    min_G 1/2 E_z[(D(G(z)) - 1)^2], equation 9 of Mao et al. 2017, https://arxiv.org/abs/1611.04076,
    with the logit as D(x). Samples far on the correct side of the decision boundary are still
    pulled towards the data. For other targets, use
    `compile(loss=zoo.losses.LeastSquares(fake_target, real_target, generator_target))`.

    Args:
        image_shape: as for `GAN`, and all other arguments; images have by default the networks of
            `zoo.networks.DCGAN`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("lsgan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: the networks are those of `DCGAN` and not a deeper stack; latents are
    normal and not uniform; the rate of Adam is that of `DCGAN`, 2e-4; samples come from an average
    of the generator over training (`weights="raw"` gives the last one).
    """

    idea = (
        "A least squares GAN is a GAN whose discriminator aims at a number, 1 for real and 0 for "
        "generated images, and is scored by the squared error. An image that is judged real but "
        "lies far from the data is still pulled towards them, so that gradients do not vanish. "
        "It suits small images where the training of a plain GAN stalls."
    )
    paper = "Mao et al. 2017, Least Squares Generative Adversarial Networks"
    paper_url = "https://arxiv.org/abs/1611.04076"
    default_architecture = "dcgan"

    @extends(GAN)
    def compile(self, optimizer=None, loss="least_squares", **kwargs):
        """Configure training as `GAN.compile` does, with the least squares loss."""
        super().compile(optimizer, loss, **kwargs)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4}
