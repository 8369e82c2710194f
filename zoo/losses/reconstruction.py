"""What an autoencoder's reconstruction costs, from logits: the image is their sigmoid."""

from __future__ import annotations

import keras
from keras import ops

from zoo.base.named import Named
from zoo.errors import ArgumentError
from zoo.losses.per_sample import per_sample


class ReconstructionLoss(Named):
    """A distance of images to their reconstruction. Subclass it, or pass any callable of this
    signature, to use another."""

    kind = "loss"
    required = ("__call__",)

    @classmethod
    def get(cls, value):
        if isinstance(value, keras.losses.Loss):
            raise ArgumentError(
                "loss is called with (images, logits), and sums over pixels; Keras's losses take "
                f"images in place of logits. Received: {type(value).__name__}. Allowed: "
                f"{', '.join(map(repr, cls.named()))}, or a function of that kind."
            )
        return super().get(value)

    def __call__(self, images, logits):
        """The loss, one value per image, the sum over its pixels and channels.

        Args:
            images: of shape `(batch, height, width, channels)`, in [0, 1].
            logits: of the same shape; sigmoid(logits) is the reconstruction.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("zoo")
class SquaredError(ReconstructionLoss):
    """1/2 |x - sigmoid(logits)|^2, the equation of section 2 of Ng 2011, Sparse autoencoder,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf.

    Differs from the paper: none.
    """

    name = "squared_error"

    def __call__(self, images, logits):
        return per_sample(0.5 * ops.square(images - ops.sigmoid(logits)))


@keras.saving.register_keras_serializable("zoo")
class CrossEntropy(ReconstructionLoss):
    """-x log(r) - (1 - x) log(1 - r) with r = sigmoid(logits), equation 2 of Vincent et al. 2008,
    https://doi.org/10.1145/1390156.1390294.

    Differs from the paper: none.
    """

    name = "cross_entropy"

    def __call__(self, images, logits):
        return per_sample(ops.softplus(logits) - images * logits)
