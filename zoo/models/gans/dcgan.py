"""The deep convolutional GAN of Radford, Metz and Chintala 2015."""

from __future__ import annotations

from zoo.models.families import register_family
from zoo.models.gans.gan import GAN


@register_family("dcgan", package="zoo")
class DCGAN(GAN):
    """A GAN with convolutional networks.

    The objective is min_G max_D E_x[log D(x)] + E_z[log(1 - D(G(z)))], equation 1 of Goodfellow et
    al. 2014, as for `GAN`. The architecture and the optimizers come from Radford, Metz and Chintala
    2015, https://arxiv.org/abs/1511.06434: strided and transposed convolutions, batch normalization
    in both players except at the generator's output and the discriminator's input, ReLU in the
    generator and LeakyReLU(0.2) in the discriminator, weights from N(0, 0.02^2), and Adam with rate
    2e-4 and beta_1 0.5.

    Args:
        image_shape: `(size, size, channels)` of the images, whose values lie in [-1, 1]; the size
            is 28 or a power of two from 8.
        latent_dim: the number of latent variables.
        width: as for `zoo.networks.DCGAN`, and `hidden_units` and `discriminator_normalization`.
        num_classes: as for `GAN`, and `generator`, `discriminator`, `ema_half_life_images` and
            `name`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.models.DCGAN(image_shape=(8, 8, 3), latent_dim=4, width=2)
    >>> model.sample(5, seed=0).shape
    (5, 8, 8, 3)

    Differs from the paper: kernels are 4x4 and not 5x5; latents are normal and not uniform; the
    batch size is that of `fit`; samples come from an average of the generator over training
    (`weights="raw"` gives the last one).
    """

    idea = (
        "A DCGAN is a GAN whose two networks are convolutional, with a few rules that make its "
        "training stable. The generator turns random numbers into images, and the discriminator "
        "learns to tell these from real ones. It makes sharp images of small size in one quick "
        "pass, and is the baseline for other GANs; it gives no likelihood and no code of an "
        "image."
    )
    paper = (
        "Radford, Metz and Chintala 2015, Unsupervised Representation Learning with Deep "
        "Convolutional Generative Adversarial Networks"
    )
    paper_url = "https://arxiv.org/abs/1511.06434"
    default_architecture = "dcgan"
    architectures = ("dcgan",)

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4}
