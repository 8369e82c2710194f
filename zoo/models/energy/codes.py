"""`EncodesUnits`, the mixin for codes that are probabilities of binary units."""

from __future__ import annotations

import numpy as np
from keras import ops

from zoo.base.described import described_by
from zoo.engine.tasks import Encodes
from zoo.models.energy.checks import check_codes


class EncodesUnits(Encodes):
    """A mixin of models whose code is the probability of each unit of their upper layer.

    A subclass defines `encoded` and `decoded`, from images to codes and back, and `latent_dim`.
    """

    def encoded(self, images):
        """Return the codes of a batch of images, tensors `(batch, units)`."""
        raise NotImplementedError

    def decoded(self, codes):
        """Return the images of a batch of codes."""
        raise NotImplementedError

    def call(self, images, training=False):
        return self.decoded(self.encoded(images))

    def reconstruction_error(self, images):
        """Return the squared error per image of the reconstructions of a batch, a scalar."""
        differences = self.flat(images) - self.flat(self.call(images))
        return ops.mean(ops.sum(ops.square(differences), axis=-1))

    def encode(self, images, batch_size: int = 256) -> np.ndarray:
        """Return the probability of each unit of the upper layer given each image, its features.

        Args:
            images: of shape `(n, height, width, channels)`, in [0, 1].
            batch_size: the number of images that are computed at once.

        Returns:
            A float32 NumPy array of shape `(n, units)`.

        Raises:
            ValueError: if `images` has another shape.
        """
        return self.infer("encode", self.encoded, self.checked_inputs(images), batch_size)

    @described_by(encode)
    def decode(self, codes, batch_size: int = 256) -> np.ndarray:
        """Return the mean image given each row of `codes`, states or probabilities of units.

        Args:
            codes: of shape `(n, units)`.
        """
        return self.infer(
            "decode", self.decoded, (check_codes(codes, self.latent_dim),), batch_size
        )

    @described_by(encode)
    def reconstruct(self, images, batch_size: int = 256) -> np.ndarray:
        """Encode and decode each image, and return an array of the shape of `images`."""
        return self.infer("reconstruct", self.call, self.checked_inputs(images), batch_size)

    def golden_inputs(self, n):
        return {"images": self.data.example(n)}

    def golden_outputs(self, inputs):
        return self.reconstruct(inputs["images"])
