"""The sparse autoencoder, as in Ng 2011."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.engine.compilation import Argument
from zoo.errors import ArgumentError
from zoo.losses import KL, ReconstructionLoss, Sparsity
from zoo.metrics.codes import INACTIVE, Inactivity, inactivity
from zoo.models.autoencoders.autoencoder import Autoencoder
from zoo.models.families import register_family
from zoo.networks import Coders


@register_family("sparse_autoencoder", short="sparse_ae", package="zoo")
class SparseAutoencoder(Autoencoder):
    """An autoencoder with many code units, of which few are active for one image.

    The objective is min E_x[1/2 |x - r(x)|^2] + beta sum_j KL(rho || r_j) with r(x) the
    reconstruction and r_j the mean activation of code unit j. It is the cost J_sparse, the last
    equation of section 3 of Ng 2011, Sparse autoencoder,
    https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf. The second term can be
    lambda sum_j |z_j| instead. `fit` logs `loss`, `reconstruction`, `sparsity` and `inactive`, the
    share of units below a hundredth of their largest activation in the batch (in each device's
    rows of the batch, if several processes or replicas train together).

    Args:
        image_shape: as for `Autoencoder`, and all other arguments; the default networks are the
            textbook's, one layer of sigmoid units each.
        latent_dim: the number of code units.
        architecture: as for `Autoencoder`.
        code_activation: the activation of the code units. The sparsity `"kl"` needs `"sigmoid"`;
            `"l1"` suits `"relu"`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("sparse_autoencoder", image_shape=(8, 8, 1), latent_dim=10)
    >>> model.compile(sparsity="l1")
    >>> model.encode(np.zeros((5, 8, 8, 1), "float32")).shape
    (5, 10)

    Differs from the paper: mean activations are over a batch and not over the training set; no
    weight decay; Adam with rate 1e-3 and not L-BFGS.
    """

    idea = (
        "A sparse autoencoder has many code units, of which only a few are active for one image. "
        "A penalty on activity lets each unit stand for a part that some images have, such as a "
        "stroke. Its codes are easy to look at, unit by unit, and are good features for linear "
        "classifiers."
    )
    paper = "Ng 2011, Sparse autoencoder (CS294A lecture notes)"
    paper_url = "https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf"
    loss_names = ("loss", "reconstruction", "sparsity", "inactive")

    @extends(Autoencoder)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 200,
        architecture: str | Coders = "one_layer",
        code_activation: str | None = "sigmoid",
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, architecture, code_activation, **kwargs)

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "sparsity": Argument("sparsity", Sparsity.get)
    }

    @extends(Autoencoder)
    def compile(
        self,
        optimizer=None,
        loss: str | ReconstructionLoss = "squared_error",
        sparsity: str | Sparsity = "kl",
        **kwargs,
    ):
        """Configure training.

        Args:
            sparsity: `"kl"`, `"l1"`, or a `zoo.losses.Sparsity`.

        Raises:
            ValueError: if a name is unknown.
        """
        super().compile(optimizer, loss, sparsity=sparsity, **kwargs)

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        activation = getattr(self.encoder.layers[-1], "activation", keras.activations.sigmoid)
        bounded = activation is keras.activations.sigmoid
        if isinstance(attributes["sparsity"], KL) and not bounded:
            raise ArgumentError(
                "sparsity 'kl' is for codes in (0, 1). Received: an encoder whose last layer has "
                f"the activation {keras.activations.serialize(activation)!r}. Allowed: 'sigmoid', "
                "or sparsity='l1'."
            )

    def penalty(self, images, codes):
        codes = ops.reshape(codes, (ops.shape(codes)[0], -1))
        penalty = self.sparsity(codes)
        size = ops.abs(codes)
        silent = size <= INACTIVE * ops.max(size, axis=0)
        inactive = ops.mean(ops.cast(silent, "float32"))
        return penalty, {"sparsity": ops.mean(penalty), "inactive": inactive}

    @described_by(Autoencoder.encode)
    def inactivity(self, images, batch_size: int = 256) -> Inactivity:
        """Measure the sparsity of the codes of `images`, see `zoo.metrics.inactivity`."""
        return inactivity(self.encode(images, batch_size))
