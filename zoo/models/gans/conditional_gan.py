"""The conditional GAN of Mirza and Osindero 2014."""

from __future__ import annotations

from zoo.base.extends import extends
from zoo.errors import check_count
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN


@register_family("conditional_gan", short="cgan", package="zoo")
class ConditionalGAN(GAN):
    """A GAN whose generator and discriminator both take the class of the image.

    The objective is min_G max_D E_x,y[log D(x|y)] + E_z,y[log(1 - D(G(z|y)|y))], equation 2 of
    Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784. `fit` takes images and integer labels;
    generated images have the labels of the batch. The inputs of the networks are
    `[latents, labels]` and `[images, labels]`, with labels of shape `(batch,)`.

    Args:
        image_shape: as for `GAN`, and all other arguments; the default architecture is the paper's,
            `"mlp"`.
        num_classes: the number of classes; labels are 0 to `num_classes` - 1.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create(
    ...     "conditional_gan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4,
    ...     architecture="dcgan", width=2,
    ... )
    >>> model.sample(6, seed=0, labels="all").shape  # two of each class
    (6, 8, 8, 1)

    Differs from the paper: images lie in [-1, 1]; the non-saturating loss; no dropout; latents are
    normal and not uniform; Adam in place of stochastic gradient descent with momentum; samples come
    from an average of the generator over training (`weights="raw"` gives the last one).
    """

    idea = (
        "A conditional GAN draws images of a class that one asks for. Generator and "
        "discriminator both see the label, so that an image must look real and fit its class. It "
        "suits labelled data, where one model then serves for all classes."
    )
    paper = "Mirza and Osindero 2014, Conditional Generative Adversarial Nets"
    paper_url = "https://arxiv.org/abs/1411.1784"

    @extends(GAN)
    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        num_classes: int | None = None,
        latent_dim: int = 100,
        **kwargs,
    ):
        check_count("num_classes", num_classes)
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)

    @classmethod
    def test_config(cls):
        return {
            "image_shape": (8, 8, 1),
            "num_classes": 3,
            "latent_dim": 4,
            "architecture": "dcgan",
            "width": 4,
        }
