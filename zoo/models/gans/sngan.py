"""The spectrally normalized GAN of Miyato et al. 2018."""

from __future__ import annotations

from zoo.base.extends import extends
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN
from zoo.networks import Demands


@register_family("sngan", package="zoo")
class SNGAN(GAN):
    """A GAN whose discriminator has a slope of at most 1 in each layer.

    Every kernel W of the discriminator is replaced by W / sigma(W), with sigma(W) its largest
    singular value, equation 8 of Miyato et al. 2018, https://arxiv.org/abs/1802.05957. The hinge
    loss is E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))] for the discriminator and -E_z[D(G(z))]
    for the generator, equations 16 and 17.

    Args:
        image_shape: as for `GAN`; for points the architecture is `"points"`.
        latent_dim: the number of latent variables.
        architecture: `"sngan"`, the convolutional networks of the paper's table 3, `"resnet"`, the
            residual networks of its table 4, or an object of one of these architectures.
        num_classes: as for `GAN`, and all other arguments; `zoo.layers` has the layers for a
            `discriminator` of your own.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("sngan", image_shape=(8, 8, 1), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 1)

    Differs from the paper: of its losses this is the hinge loss, with which it reports its best
    results; the logit has no bias, which the hinge loss does not train while all logits lie between
    -1 and 1, as at the start; samples come from an
    average of the generator over training (`weights="raw"` gives the last one).
    """

    idea = (
        "A GAN with spectral normalization keeps the slope of each layer of its discriminator at "
        "1 or below. The discriminator can then not become so steep that the generator learns "
        "nothing more from it, and no penalty has to be computed. It suits data on which other "
        "GANs are unstable, at little more cost than a plain GAN."
    )
    paper = "Miyato et al. 2018, Spectral Normalization for Generative Adversarial Networks"
    paper_url = "https://arxiv.org/abs/1802.05957"
    default_architecture = "sngan"
    architectures = ("sngan", "resnet", "points")
    demands = Demands(spectral=True, output_bias=False)

    @extends(GAN)
    def __init__(self, image_shape: tuple[int, ...] | None = None, latent_dim: int = 128, **kwargs):
        super().__init__(image_shape, latent_dim, **kwargs)

    @extends(GAN)
    def compile(self, optimizer=None, loss="hinge", **kwargs):
        """Configure training as `GAN.compile` does, with the hinge loss."""
        super().compile(optimizer, loss, **kwargs)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4}
