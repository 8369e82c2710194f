"""The conditional GAN of Mirza and Osindero 2014."""

from __future__ import annotations

import functools

import keras

from zoo.engine.batch import check_image_shape
from zoo.errors import ArgumentError, check_choice, check_count
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN
from zoo.networks import conditional, mlp


@register_family("conditional_gan", short="cgan", package="zoo")
class ConditionalGAN(GAN):
    """A GAN whose players are both told the class of the image.

    min_G max_D E_x,y[log D(x|y)] + E_z,y[log(1 - D(G(z|y)|y))], equation 2 of Mirza and Osindero
    2014, https://arxiv.org/abs/1411.1784. `fit` takes images and integer labels; generated images
    have the labels of the batch. Bodies are called as `[latents, labels]` and `[images, labels]`,
    with labels of shape `(batch,)`.

    Args:
        image_shape: `(height, width, channels)` of the images, whose values lie in [-1, 1]. Needed
            where `generator` or `discriminator` is not given.
        num_classes: the number of classes; labels are 0 to `num_classes` - 1.
        latent_dim: the number of latent variables.
        architecture: `"mlp"` for the paper's bodies or `"convolutional"` for those of `DCGAN`, to
            which the label's vector is joined, behind the latents and as planes behind the image's
            channels.
        embedding_dim: `None` for one-hot labels, as in the paper, or the size of learned vectors.
        projection: whether the label enters the discriminator at its end, as the inner product of a
            learned vector with the features (Miyato and Koyama 2018), and not at its beginning.
        width: the channels of the largest feature maps of the convolutional bodies.
        hidden_units: as for `DCGAN`, of the convolutional bodies.
        discriminator_normalization: as for `DCGAN`, of the convolutional bodies.
        generator: a Keras model from `[latents, labels]` to images, in place of the above.
        discriminator: a Keras model from `[images, labels]` to logits `(batch, 1)`.
        ema_half_life_images: as for `GAN`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create(
    ...     "conditional_gan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4,
    ...     architecture="convolutional", width=2,
    ... )
    >>> model.sample(6, seed=0, labels="all").shape  # two of each class
    (6, 8, 8, 1)

    Differs from the paper: images lie in [-1, 1]; the non-saturating loss; no dropout; latents are
    normal and not uniform; Adam in place of stochastic gradient descent with momentum; samples come
    from an average of the generator over training (`weights="raw"` gives the last one).
    """

    paper = "Mirza and Osindero 2014, Conditional Generative Adversarial Nets"
    paper_url = "https://arxiv.org/abs/1411.1784"
    discriminator_sees_labels = True

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        num_classes: int | None = None,
        latent_dim: int = 100,
        architecture: str = "mlp",
        embedding_dim: int | None = None,
        projection: bool = False,
        width: int = 64,
        hidden_units: int | None = None,
        discriminator_normalization: str | None = "batch",
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        ema_half_life_images: float = 10_000,
        name: str | None = None,
    ):
        check_count("num_classes", num_classes)
        check_choice("architecture", architecture, ("mlp", "convolutional"))
        if embedding_dim is not None:
            check_count("embedding_dim", embedding_dim)
        if image_shape is not None and len(check_image_shape(image_shape, points=True)) != 3:
            raise ArgumentError(
                "image_shape must be (height, width, channels) for the bodies of ConditionalGAN. "
                f"Received: {image_shape!r}; for points give generator= and discriminator= alone."
            )
        made = functools.partial(functools.partial, num_classes=num_classes)
        vectors = {"embedding_dim": embedding_dim}
        if image_shape is not None and architecture == "mlp":
            bodies = (
                made(mlp.conditional_generator, image_shape, latent_dim, **vectors),
                made(mlp.conditional_discriminator, image_shape, project=projection, **vectors),
            )
        elif image_shape is not None:
            body = {"width": width, "hidden_units": hidden_units, **vectors}
            bodies = (
                made(conditional.generator, image_shape, latent_dim, **body),
                made(
                    conditional.discriminator,
                    image_shape,
                    normalization=discriminator_normalization,
                    project=projection,
                    **body,
                ),
            )
        else:
            bodies = (None, None)
        # Past Keras, which allows no attribute before its constructor has run: the bodies that it
        # checks are called with labels.
        vars(self)["num_classes"] = num_classes
        super().__init__(
            image_shape=image_shape,
            latent_dim=latent_dim,
            generator=bodies[0] if generator is None else generator,
            discriminator=bodies[1] if discriminator is None else discriminator,
            ema_half_life_images=ema_half_life_images,
            name=name,
        )

    @classmethod
    def test_config(cls):
        return {
            "image_shape": (8, 8, 1),
            "num_classes": 3,
            "latent_dim": 4,
            "architecture": "convolutional",
            "width": 4,
        }
