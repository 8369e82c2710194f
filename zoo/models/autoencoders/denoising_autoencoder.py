"""The denoising autoencoder of Vincent et al. 2008."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from zoo.base.described import described_by
from zoo.base.extends import extends
from zoo.corruption import Corruption
from zoo.engine.compilation import Argument
from zoo.engine.tasks import Denoises
from zoo.losses import ReconstructionLoss
from zoo.models.autoencoders.autoencoder import Autoencoder
from zoo.models.families import register_family
from zoo.networks import Coders


@register_family("denoising_autoencoder", short="denoising_ae", package="zoo")
class DenoisingAutoencoder(Autoencoder, Denoises):
    """An autoencoder that is trained to reproduce an image from a corrupted copy of it.

    The objective is min E_x E_q(x~ | x)[L(x, sigmoid(decoder(encoder(x~))))] with L the
    cross-entropy and q masking noise, equation 5 of Vincent et al. 2008,
    https://doi.org/10.1145/1390156.1390294. Validation images are corrupted too, equally each
    time.

    Args:
        image_shape: as for `Autoencoder`, and all other arguments; the default networks are the
            paper's, one layer with tied weights.
        latent_dim: the number of code units.
        architecture: as for `Autoencoder`.
        tied: as for `Autoencoder`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("denoising_autoencoder", image_shape=(8, 8, 1), latent_dim=10)
    >>> model.compile(corruption="gaussian")
    >>> model.denoise(np.zeros((5, 8, 8, 1), "float32")).shape
    (5, 8, 8, 1)

    Differs from the paper: Adam with rate 1e-3 and not stochastic gradient descent.
    """

    idea = (
        "A denoising autoencoder sees a corrupted image and is trained to give back the clean "
        "one. To do so it must learn what images of the data look like, and cannot just copy its "
        "input. It removes noise of the kind that it was trained with, and its codes are good "
        "features for classifiers."
    )
    paper = (
        "Vincent et al. 2008, Extracting and Composing Robust Features with Denoising Autoencoders"
    )
    paper_url = "https://doi.org/10.1145/1390156.1390294"

    @extends(Autoencoder)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 500,
        architecture: str | Coders = "one_layer",
        tied: bool | None = None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, architecture, tied=tied, **kwargs)

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "corruption": Argument("corruption", Corruption.get)
    }

    @extends(Autoencoder)
    def compile(
        self,
        optimizer=None,
        loss: str | ReconstructionLoss = "cross_entropy",
        corruption: str | Corruption = "masking",
        **kwargs,
    ):
        """Configure training.

        Args:
            corruption: `"masking"`, `"gaussian"`, `"salt_and_pepper"`, or a
                `zoo.corruption.Corruption`.

        Raises:
            ValueError: if a name is unknown.
        """
        super().compile(optimizer, loss, corruption=corruption, **kwargs)

    def corrupted(self, images):
        return self.corruption(images, self.random)

    @described_by(Autoencoder.encode)
    def denoise(self, images, batch_size: int = 256) -> np.ndarray:
        """Return a clean image for each noisy one, whose values may lie outside of [0, 1]."""
        inputs = self.checked_inputs(images, in_range=False)
        return self.infer("reconstruct", self.call, inputs, batch_size)
