"""The contractive autoencoder of Rifai et al. 2011."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from keras import ops

from zoo.base.extends import extends
from zoo.engine.compilation import Argument, optional
from zoo.errors import check_number
from zoo.losses import Contraction, ReconstructionLoss
from zoo.losses.contraction import ClosedForm, Exact, one_sigmoid_layer
from zoo.models.autoencoders.autoencoder import Autoencoder
from zoo.models.families import register_family
from zoo.networks import Coders


@register_family("contractive_autoencoder", short="contractive_ae", package="zoo")
class ContractiveAutoencoder(Autoencoder):
    """An autoencoder whose code changes little with the image.

    The objective is min E_x[L(x, r(x)) + lambda |dz/dx|^2_F] with r(x) the reconstruction, z the
    code and L the cross-entropy; |dz/dx|^2_F is equation 1 of Rifai et al. 2011,
    https://icml.cc/2011/papers/455_icmlpaper.pdf. `fit` logs `loss`, `reconstruction` and
    `contraction`, which is |dz/dx|^2_F without lambda. The closed form of the norm uses the codes
    of the reconstruction, without another pass.

    Args:
        image_shape: as for `Autoencoder`, and all other arguments; the default networks are the
            paper's, one layer of sigmoid units with tied weights.
        latent_dim: the number of code units.
        architecture: as for `Autoencoder`.
        tied: as for `Autoencoder`.

    Raises:
        ValueError: if an argument has a wrong value, or the two networks do not fit together.

    Example:

    >>> import numpy as np, zoo
    >>> model = zoo.create("contractive_autoencoder", image_shape=(8, 8, 1), latent_dim=10)
    >>> model.compile(weight=0.1)
    >>> model.encode(np.zeros((5, 8, 8, 1), "float32")).shape
    (5, 10)

    Differs from the paper: Adam with rate 1e-3 and not stochastic gradient descent.
    """

    idea = (
        "A contractive autoencoder reproduces images through a code that changes little when the "
        "image does. A penalty on the derivative of the code keeps only the changes that tell "
        "one training image from another. Its codes are robust features, for instance for a "
        "classifier that has few labels."
    )
    paper = (
        "Rifai et al. 2011, Contractive Auto-Encoders: Explicit Invariance During Feature "
        "Extraction"
    )
    paper_url = "https://icml.cc/2011/papers/455_icmlpaper.pdf"
    loss_names = ("loss", "reconstruction", "contraction")

    @extends(Autoencoder)
    def __init__(
        self,
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int = 300,
        architecture: str | Coders = "one_layer",
        tied: bool | None = None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, architecture, tied=tied, **kwargs)

    compile_arguments: ClassVar[dict[str, Argument]] = {
        "weight": Argument("weight", functools.partial(check_number, "weight")),
        "contraction": Argument("contraction", optional(Contraction.get)),
    }

    @extends(Autoencoder)
    def compile(
        self,
        optimizer=None,
        loss: str | ReconstructionLoss = "cross_entropy",
        weight: float = 0.1,
        contraction: str | Contraction | None = None,
        **kwargs,
    ):
        """Configure training.

        Args:
            weight: the weight lambda of the norm.
            contraction: the method that computes the norm: `"exact"`, `"closed_form"`,
                `"hutchinson"`, or a `zoo.losses.Contraction`. `None` means `"closed_form"` if the
                encoder is one layer of sigmoid units, else `"exact"`.

        Raises:
            ValueError: if a name is unknown, a number is out of range, or the closed form does not
                hold for the encoder.
        """
        super().compile(optimizer, loss, weight=weight, contraction=contraction, **kwargs)

    def complete_objective(self, attributes: dict[str, Any]) -> None:
        if attributes["contraction"] is None:
            exactly = one_sigmoid_layer(self.encoder) is None
            attributes["contraction"] = Exact() if exactly else ClosedForm()
        if isinstance(attributes["contraction"], ClosedForm):
            attributes["contraction"].check(self.encoder)

    def penalty(self, images, codes):
        norm = self.contraction(self.encoder, images, codes, self.random)
        return self.weight * norm, {"contraction": ops.mean(norm)}
