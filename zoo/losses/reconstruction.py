"""Losses of an autoencoder's reconstruction, on logits whose sigmoid is the image."""

from __future__ import annotations

import keras
from keras import ops

from zoo.base.named import Named
from zoo.errors import ArgumentError
from zoo.losses.per_sample import per_sample


class ReconstructionLoss(Named):
    """A distance between images and their reconstructions.

    Subclass it, or pass any callable of this signature, to use another one.
    """

    kind = "loss"
    required = ("__call__",)

    @classmethod
    def get(cls, value):
        """Return the loss that `value` stands for, see `Named.get`.

        Raises:
            ArgumentError: also if `value` is a loss of Keras, which takes images in place of
                logits.
        """
        cls_of = value if isinstance(value, type) else type(value)
        if issubclass(cls_of, keras.losses.Loss):
            raise ArgumentError(
                "loss is called with (images, logits), and sums over pixels; Keras's losses take "
                f"images in place of logits. Received: {cls_of.__name__}. Allowed: "
                f"{', '.join(map(repr, cls.named()))}, or a function of that kind."
            )
        return super().get(value)

    def __call__(self, images, logits):
        """Return the loss of each image, the sum over its pixels and channels, of shape `(batch,)`.

        Args:
            images: images of shape `(batch, height, width, channels)`, in [0, 1].
            logits: logits of the same shape; sigmoid(logits) is the reconstruction.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class SquaredError(ReconstructionLoss):
    """The squared error 1/2 |x - sigmoid(logits)|^2.

    The equation of section 2 of Ng 2011, Sparse autoencoder,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf.

    Differs from the paper: none.
    """

    name = "squared_error"

    def __call__(self, images, logits):
        return per_sample(0.5 * ops.square(images - ops.sigmoid(logits)))


@keras.saving.register_keras_serializable("zoo")
class CrossEntropy(ReconstructionLoss):
    """The cross-entropy -x log(r) - (1 - x) log(1 - r) with r = sigmoid(logits).

    Equation 2 of Vincent et al. 2008, https://doi.org/10.1145/1390156.1390294.

    Differs from the paper: none.
    """

    name = "cross_entropy"

    def __call__(self, images, logits):
        return per_sample(ops.softplus(logits) - images * logits)
