"""The conditional variational autoencoder of Sohn, Lee and Yan 2015."""

from __future__ import annotations

from zoo.base.extends import extends
from zoo.errors import check_count
from zoo.models.families import register_family
from zoo.models.vaes.vae import VAE


@register_family("conditional_vae", short="cvae", package="zoo")
class ConditionalVAE(VAE):
    """A VAE whose encoder and decoder both take the class of the image.

    It maximises the bound log p(x | y) >= E_q[log p(x | z, y)] - KL(q(z | x, y) || p(z)), equation
    4 of Sohn, Lee and Yan 2015, https://papers.nips.cc/paper/5775, with images as their outputs and
    labels as their inputs. With classes for y it is the model M2 of Kingma et al. 2014,
    https://arxiv.org/abs/1406.5298, on labelled data. `fit` takes images and integer labels. The
    inputs of the networks are `[images, labels]` and `[latents, labels]`, with labels of shape
    `(batch,)`.

    Args:
        image_shape: as for `VAE`, and all other arguments.
        num_classes: the number of classes; labels are 0 to `num_classes` - 1.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create(
    ...     "conditional_vae", image_shape=(8, 8, 1), num_classes=3, latent_dim=2,
    ...     hidden_units=(16,),
    ... )
    >>> model.sample(6, seed=0, labels="all").shape  # two of each class
    (6, 8, 8, 1)

    Differs from the paper: the prior of z does not depend on y, p(z | y) = N(0, I); the bodies are
    those of `VAE`.
    """

    idea = (
        "A conditional VAE is a VAE whose encoder and decoder both see the class of the image. "
        "The latents then hold what the class leaves open, such as the style of a digit. It "
        "draws images of a class that one asks for, and draws one style for all classes."
    )
    paper = (
        "Sohn, Lee and Yan 2015, Learning Structured Output Representation using Deep Conditional "
        "Generative Models"
    )
    paper_url = "https://papers.nips.cc/paper/5775"

    @extends(VAE)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        num_classes: int | None = None,
        **kwargs,
    ):
        check_count("num_classes", num_classes)
        super().__init__(image_shape, num_classes=num_classes, **kwargs)

    @classmethod
    def test_config(cls):
        return {**super().test_config(), "num_classes": 3}
