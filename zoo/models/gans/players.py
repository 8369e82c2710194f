"""`Players`, the mixin for the generator and the discriminator of a GAN."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from zoo.augmentation import DiffAugment
from zoo.engine import scalars
from zoo.engine.averaging import average
from zoo.engine.batch import check_body, check_logits, paired, symbolic_outputs
from zoo.engine.carrying import weighted
from zoo.engine.spaces import Points, Space, classes_or_none, of_image_shape, of_shape
from zoo.errors import ArgumentError
from zoo.losses.adversarial import compares
from zoo.losses.per_sample import per_sample
from zoo.networks import Architecture, Demands
from zoo.networks.choosing import TakesArchitecture

RANGE = (-1.0, 1.0)  # the value range of images
POINTS = "points"  # the architecture for points


class Players(TakesArchitecture):
    """A mixin of GANs, which makes and checks their networks.

    Networks come from an architecture or from the user.

    Attributes:
        demands: the demands of the model on its discriminator.
        default_architecture: the name of the default architecture for images.
        architectures: the names of the allowed architectures, or `None` for all.
        rule: the family that an error recommends for other architectures.
        discriminator_sees_labels: whether the discriminator of a conditional model takes labels.
    """

    architecture_kind = Architecture
    bodies = ("generator", "discriminator")
    demands: ClassVar[Demands] = Demands()
    default_architecture: ClassVar[str] = "mlp"
    architectures: ClassVar[tuple[str, ...] | None] = None
    rule: ClassVar[str] = "gan"
    discriminator_sees_labels = True

    @classmethod
    def architecture_for(cls, image_shape) -> str:
        """Return the name of the default architecture for data of this shape."""
        try:
            data = of_image_shape(image_shape)
        except ArgumentError:  # the constructor raises the error
            return cls.default_architecture
        return POINTS if isinstance(data, Points) else cls.default_architecture

    def make_players(
        self,
        image_shape,
        num_classes: int | None,
        architecture,
        settings: dict[str, Any],
        generator: keras.Model | None,
        discriminator: keras.Model | None,
    ) -> keras.Model | Callable[..., keras.Model]:
        """Set both networks and the spaces of the model, and check that the networks fit together.

        Args:
            image_shape: the shape of the data, or `None` if both networks are given.
            num_classes: the number of classes of a conditional model, or `None`.
            architecture: the architecture by name or as an object, or `None` for the default.
            settings: the settings of an architecture that is given by name.
            generator: the user's generator, or `None`.
            discriminator: the user's discriminator, or `None`.

        Returns:
            The source for a copy of the generator: the user's generator, or the function that
            makes it.
        """
        check_body("generator", generator)
        check_body("discriminator", discriminator)
        self.condition = classes_or_none(num_classes)
        both_given = generator is not None and discriminator is not None
        self.check_of_use(settings, both_given)
        source = generator
        if not both_given:
            data = self._data_of(image_shape)
            chosen = self._chosen(architecture, data, settings)
            if generator is None:
                source = functools.partial(chosen.generator, data, self.latent_dim, self.condition)
                generator = source(name="generator")
            if discriminator is None:
                discriminator = self.make_discriminator(chosen, data)
        self.generator = generator
        self.discriminator = discriminator
        self._fit_together(image_shape)
        return source

    def _data_of(self, image_shape) -> Space:
        """Return the space of data of this shape, or raise."""
        if image_shape is None:
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels), or both "
                "generator= and discriminator=."
            )
        return of_image_shape(image_shape, RANGE)

    def _chosen(self, architecture, data: Space, settings: dict[str, Any]) -> Architecture:
        """Return the architecture with its settings, or raise if it is not allowed or does not fit
        `data`."""
        name = architecture or self.architecture_for(data.shape)
        chosen = Architecture.get(name, settings)
        chosen_name = getattr(chosen, "name", None)
        if self.architectures is not None and chosen_name not in self.architectures:
            allowed = " or ".join(map(repr, self.architectures))
            raise ArgumentError(
                f"{type(self).__name__} is a rule with the architecture {allowed}. Received: "
                f"{name!r}. zoo.create({self.rule!r}, architecture={chosen_name!r}, ...) takes any."
            )
        if isinstance(chosen, Architecture):
            chosen.check_fits(data)
        return chosen

    def make_discriminator(self, architecture: Architecture, data: Space) -> keras.Model:
        """Return the discriminator of `architecture` for this model."""
        condition = self.condition if self.discriminator_sees_labels else None
        return architecture.discriminator(data, condition, self.demands, name="discriminator")

    def _fit_together(self, image_shape) -> None:
        """Build the networks, check that they fit together, and set the space of the data."""
        labels = None if self.condition is None else self.condition.symbolic()
        latents = keras.KerasTensor((None, self.latent_dim))
        images = symbolic_outputs("generator", self.generator, paired(latents, labels))
        shape = tuple(images.shape[1:])
        if image_shape is not None and shape != of_image_shape(image_shape).shape:
            raise ArgumentError(
                f"generator must give images of image_shape={tuple(image_shape)}. Received: one "
                f"that gives {shape}."
            )
        inputs = paired(images, labels if self.discriminator_sees_labels else None)
        check_logits("discriminator", self.discriminator)
        self.check_outputs(symbolic_outputs("discriminator", self.discriminator, inputs))
        self.data = of_shape(shape, RANGE)

    # Methods that models with more outputs change

    def check_outputs(self, outputs) -> None:
        """Raise unless the discriminator's symbolic `outputs` have the shapes for this model."""
        shape = tuple(outputs.shape) if hasattr(outputs, "shape") else ()
        patches = shape[1:-1]  # none, or the rows and columns of a discriminator of patches
        if shape != (None, *patches, 1) or len(patches) not in (0, 2):
            raise ArgumentError(
                "discriminator must give one logit per image, of shape (batch, 1), or one per "
                "patch, of shape (batch, rows, columns, 1). Received: one that gives "
                f"{keras.tree.map_structure(lambda x: tuple(x.shape), outputs)}."
            )

    def logits(self, outputs):
        """Return the logits, one for each image or patch, among the discriminator's outputs."""
        return outputs

    def image_logits(self, outputs):
        """Return one logit for each image, `(batch, 1)`: the mean over its patches."""
        logits = self.logits(outputs)
        count = 1
        for size in logits.shape[1:]:
            count *= size
        return ops.reshape(per_sample(logits) / count, (-1, 1)) if count > 1 else logits

    @property
    def can_judge(self):
        return True

    # Training

    def seen_by_generator(self, real) -> dict[str, Any]:
        """Return the argument `real` of `generator_loss`, for a loss that compares."""
        return {"real": real} if compares(self.adversarial_loss) else {}

    def suit_few(self, trained: list[keras.layers.Layer]) -> list[str]:
        """Let the discriminator see augmented images, and freeze what is trained of its lower half.

        These are DiffAugment of Zhao et al. 2020, https://arxiv.org/abs/2006.10738, and FreezeD of
        Mo, Cho and Shin 2020, https://arxiv.org/abs/2002.10964, for the lower half of its layers.
        """
        changes = []
        if self.data.name == "images" and self.augmentation is None:
            self.augmentation = DiffAugment()
            changes.append("the discriminator sees augmented images (DiffAugment)")
        layers, ids = weighted(self.discriminator), {id(layer) for layer in trained}
        frozen = [
            layer
            for layer in layers[: len(layers) // 2]
            # A frozen batch norm would use the statistics of the other model's data.
            if id(layer) in ids and not isinstance(layer, keras.layers.BatchNormalization)
        ]
        for layer in frozen:
            layer.trainable = False
        if frozen:
            changes.append(f"{len(frozen)} of {len(layers)} layers of it are frozen (FreezeD)")
        return changes

    def average_generator(self, images):
        """Update the averaged generator after a step on `images` images."""
        scalars.add_to(self.images_seen, images)
        total = ops.convert_to_tensor(self.images_seen)
        half_life = scalars.clamp(0.05 * total, high=self.ema_half_life_images)
        images = scalars.cast(images, "float32")
        average(self.ema_generator, self.generator, decay=0.5 ** (images / half_life))

    # Use

    def fake(self, latents, labels, training: bool):
        """Return the generator's images for `latents`, in float32 under every dtype policy."""
        return ops.cast(self.generator(paired(latents, labels), training=training), "float32")

    def sampling_network(self) -> keras.Model:
        return self.ema_generator

    def judge(self, images, labels=None, training: bool = True):
        """Return the discriminator's outputs on `images`, in float32.

        In training the images are augmented first.
        """
        if training and self.augmentation is not None:
            images = self.augmentation(images, self.random)
        if labels is not None:
            labels = labels[: ops.shape(images)[0]]  # a penalty may take the first images only
        inputs = paired(images, labels if self.discriminator_sees_labels else None)
        outputs = self.discriminator(inputs, training=training)
        return keras.tree.map_structure(lambda x: ops.cast(x, "float32"), outputs)

    def discriminate(self, images, labels=None, batch_size: int = 256) -> np.ndarray:
        """Return the discriminator's logits, positive for images that it classifies as real.

        Args:
            images: of shape `(n, height, width, channels)`, in [-1, 1].
            labels: the classes of the images, of shape `(n,)`, if the discriminator takes them.
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n,)`. For a discriminator with a logit for each patch,
            these are means over the patches of an image.

        Raises:
            ValueError: if `images` has another shape, or `labels` are missing or out of range.
        """
        return self.infer_outputs(
            "logits", lambda outputs: self.image_logits(outputs)[:, 0], images, labels, batch_size
        )

    def infer_outputs(self, key: str, fn, images, labels, batch_size: int) -> np.ndarray:
        """Return `fn` of the discriminator's outputs on `images`, in inference mode."""
        labelled = self.discriminator_sees_labels and self.condition is not None
        inputs = self.checked_inputs(images, labels, labelled=labelled)
        return self.infer(
            key,
            lambda images, labels=None: fn(self.judge(images, labels, training=False)),
            inputs,
            batch_size,
        )
