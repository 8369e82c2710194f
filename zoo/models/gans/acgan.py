"""The auxiliary classifier GAN of Odena, Olah and Shlens 2017."""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError, check_count
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN
from zoo.networks import conditional, dcgan


@register_family("acgan", package="zoo")
class ACGAN(GAN):
    """A GAN whose discriminator also names the class of the image.

    L_S = E[log P(real | x)] + E[log P(generated | G(z, c))] and L_C = E[log P(c | x)] +
    E[log P(c | G(z, c))], equations 2 and 3 of Odena, Olah and Shlens 2017,
    https://arxiv.org/abs/1610.09585: the discriminator maximises L_S + L_C, the generator
    L_C - L_S. `fit` takes images and integer labels; generated images have the labels of the batch.
    The generator is called as `[latents, labels]`; the discriminator sees the image alone.

    Args:
        image_shape: `(size, size, channels)` of the images, whose values lie in [-1, 1]; the size
            is 28 or a power of two from 8. Needed where `generator` or `discriminator` is not
            given.
        num_classes: the number of classes; labels are 0 to `num_classes` - 1.
        latent_dim: the number of latent variables.
        width: the channels of the largest feature maps; each halving of the size doubles them.
        hidden_units: as for `DCGAN`.
        discriminator_normalization: as for `DCGAN`.
        generator: a Keras model from `[latents, labels]` to images, in place of the above.
        discriminator: a Keras model from images to two outputs: a logit `(batch, 1)` and logits of
            the classes `(batch, num_classes)`.
        ema_half_life_images: as for `GAN`.
        name: the name of the model.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("acgan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4, width=2)
    >>> model.sample(6, seed=0, labels="all").shape  # two of each class
    (6, 8, 8, 1)

    Differs from the paper: the bodies are those of `DCGAN`, with one-hot labels behind the latents,
    without dropout; L_S is the non-saturating loss for the generator; samples come from an average
    of the generator over training (`weights="raw"` gives the last one).
    """

    paper = (
        "Odena, Olah and Shlens 2017, Conditional Image Synthesis with Auxiliary Classifier GANs"
    )
    paper_url = "https://arxiv.org/abs/1610.09585"

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        num_classes: int | None = None,
        latent_dim: int = 100,
        width: int = 64,
        hidden_units: int | None = None,
        discriminator_normalization: str | None = "batch",
        generator: keras.Model | None = None,
        discriminator: keras.Model | None = None,
        ema_half_life_images: float = 10_000,
        name: str | None = None,
    ):
        check_count("num_classes", num_classes)
        if image_shape is not None and generator is None:
            generator = functools.partial(
                conditional.generator, image_shape, latent_dim, width, hidden_units, num_classes
            )
        if image_shape is not None and discriminator is None:
            discriminator = functools.partial(
                classifying_discriminator,
                image_shape,
                width,
                hidden_units,
                discriminator_normalization,
                num_classes,
            )
        # Past Keras, which allows no attribute before its constructor has run: the bodies that it
        # checks are called with labels.
        vars(self)["num_classes"] = num_classes
        super().__init__(
            image_shape=image_shape,
            latent_dim=latent_dim,
            generator=generator,
            discriminator=discriminator,
            ema_half_life_images=ema_half_life_images,
            name=name,
        )

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "num_classes": 3, "latent_dim": 4, "width": 4}

    def check_verdict(self, outputs):
        wanted = [(None, 1), (None, self.num_classes)]
        shapes = [tuple(x.shape) for x in keras.tree.flatten(outputs)]
        if shapes != wanted:
            raise ArgumentError(
                f"discriminator must give a logit and {self.num_classes} logits of classes for "
                f"each image, of shapes {wanted}. Received: one that gives {shapes}."
            )

    def verdict(self, outputs):
        return ops.concatenate(outputs, axis=-1)

    @property
    def loss_names(self):
        return (*super().loss_names, "real_class_loss", "fake_class_loss")

    def discriminator_objective(self, real, fake, labels):
        loss, logs = super().discriminator_objective(real[:, :1], fake[:, :1], labels)
        # Both halves of the discriminator are trained on both kinds of images.
        of_real, of_fake = class_loss(real, labels), class_loss(fake, labels)
        return loss + of_real + of_fake, {**logs, "real_class_loss": of_real}

    def generator_objective(self, fake, labels):
        loss, logs = super().generator_objective(fake[:, :1], labels)
        of_fake = class_loss(fake, labels)
        return loss + of_fake, {**logs, "fake_class_loss": of_fake}

    def classify(self, images, batch_size: int = 256) -> np.ndarray:
        """The probabilities P(c | x) that the discriminator gives to the classes.

        Args:
            images: of shape `(n, height, width, channels)`, in [-1, 1].
            batch_size: how many images are looked at once.

        Returns:
            A float32 NumPy array of shape `(n, num_classes)`.
        """
        logits = self.judged(images, batch_size=batch_size)[:, 1:]
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


def class_loss(verdict, labels):
    """-log P(c | x), the mean over the batch, from verdicts of a logit and the classes' logits."""
    return ops.mean(
        keras.losses.sparse_categorical_crossentropy(labels, verdict[:, 1:], from_logits=True)
    )


def classifying_discriminator(
    image_shape, width, hidden_units, normalization, num_classes, name: str = "discriminator"
) -> keras.Model:
    """DCGAN's, with a second head for the classes."""
    images = keras.Input(image_shape, name="images")
    x = dcgan.features(images, image_shape, width, hidden_units, normalization)
    heads = [dcgan.head(1, "logit")(x), dcgan.head(num_classes, "class_logits")(x)]
    return keras.Model(images, heads, name=name)
