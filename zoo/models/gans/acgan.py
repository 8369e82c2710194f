"""The auxiliary classifier GAN of Odena, Olah and Shlens 2017."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError, check_count
from zoo.models.families import register_family
from zoo.models.gans.gan import GAN


@register_family("acgan", package="zoo")
class ACGAN(GAN, Classifies):
    """A GAN whose discriminator also predicts the class of the image.

    The discriminator maximises L_S + L_C and the generator L_C - L_S, with L_S = E[log P(real | x)]
    + E[log P(generated | G(z, c))] and L_C = E[log P(c | x)] + E[log P(c | G(z, c))], equations 2
    and 3 of Odena, Olah and Shlens 2017, https://arxiv.org/abs/1610.09585. `fit` takes images and
    integer labels; generated images have the labels of the batch. The inputs of the generator are
    `[latents, labels]`, and the discriminator takes the image alone.

    Args:
        image_shape: as for `GAN`, and all other arguments; images have by default the networks of
            `zoo.networks.DCGAN`.
        num_classes: the number of classes; labels are 0 to `num_classes` - 1.
        discriminator: a Keras model from images to two outputs: a logit `(batch, 1)` and logits of
            the classes `(batch, num_classes)`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import zoo
    >>> model = zoo.create("acgan", image_shape=(8, 8, 1), num_classes=3, latent_dim=4, width=2)
    >>> model.sample(6, seed=0, labels="all").shape  # two of each class
    (6, 8, 8, 1)

    Differs from the paper: the networks are those of `DCGAN`, with one-hot labels behind the
    latents, without dropout; L_S is the non-saturating loss for the generator; samples come from an
    average of the generator over training (`weights="raw"` gives the last one).
    """

    idea = (
        "A GAN with an auxiliary classifier draws images of a class that one asks for. Its "
        "discriminator tells real images from generated ones and also names the class, and the "
        "generator is rewarded if its images are recognised. It suits labelled data where images "
        "should show their class clearly; within a class they may vary less than the data do."
    )
    paper = (
        "Odena, Olah and Shlens 2017, Conditional Image Synthesis with Auxiliary Classifier GANs"
    )
    paper_url = "https://arxiv.org/abs/1610.09585"
    default_architecture = "dcgan"
    discriminator_sees_labels = False

    @extends(GAN)
    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        num_classes: int | None = None,
        latent_dim: int = 100,
        discriminator: keras.Model | None = None,
        **kwargs,
    ):
        check_count("num_classes", num_classes)
        super().__init__(
            image_shape, latent_dim, num_classes, discriminator=discriminator, **kwargs
        )

    @classmethod
    def test_config(cls):
        return {"image_shape": (8, 8, 1), "num_classes": 3, "latent_dim": 4, "width": 4}

    def make_discriminator(self, architecture, data):
        return architecture.discriminator(
            data, None, self.demands, classes=self.condition.n, name="discriminator"
        )

    def check_outputs(self, outputs):
        wanted = [(None, 1), (None, self.condition.n)]
        shapes = [tuple(x.shape) for x in keras.tree.flatten(outputs)]
        if shapes != wanted:
            raise ArgumentError(
                f"discriminator must give a logit and {self.condition.n} logits of classes for "
                f"each image, of shapes {wanted}. Received: one that gives {shapes}."
            )

    def logits(self, outputs):
        return outputs[0]

    @property
    def loss_names(self):
        return (*super().loss_names, "real_class_loss", "fake_class_loss")

    def discriminator_objective(self, real, fake, labels):
        loss, logs = super().discriminator_objective(real, fake, labels)
        # Both outputs of the discriminator are trained on real and on generated images.
        real_loss, fake_loss = class_loss(real, labels), class_loss(fake, labels)
        return loss + real_loss + fake_loss, {**logs, "real_class_loss": real_loss}

    def generator_objective(self, fake, labels, real=None):
        loss, logs = super().generator_objective(fake, labels, real)
        fake_loss = class_loss(fake, labels)
        return loss + fake_loss, {**logs, "fake_class_loss": fake_loss}

    def probabilities(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the probabilities P(c | x) that the discriminator gives to the classes.

        Args:
            images: of shape `(n, height, width, channels)`, in [-1, 1].
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, num_classes)`.
        """
        return self.infer_outputs(
            "probabilities",
            lambda outputs: ops.softmax(outputs[1], axis=-1),
            images,
            None,
            batch_size,
        )

    @described_by(probabilities)
    def classify(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the most probable class of each image, int64 of shape `(n,)`."""
        return self.probabilities(images, batch_size).argmax(axis=1)


def class_loss(outputs, labels):
    """Return the mean of -log P(c | x) over the batch.

    `outputs` are the discriminator's: logits, and logits of the classes.
    """
    return ops.mean(
        keras.losses.sparse_categorical_crossentropy(labels, outputs[1], from_logits=True)
    )
