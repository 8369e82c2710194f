"""Pairs of encoders and decoders for autoencoders."""

from __future__ import annotations

import keras

from zoo.engine.spaces import of_image_shape
from zoo.networks.coders import Coders
from zoo.networks.coding import Code


def pair(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    architecture: str | Coders,
    code_activation: str | None = None,
    tied: bool | None = False,
    **settings,
) -> tuple[keras.Model, keras.Model]:
    """Return an encoder from images to codes `(batch, latent_dim)`, and a decoder from codes to
    logits of images.

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: the number of code units.
        architecture: the architecture, by name or as an object.
        code_activation: the activation of the code units, such as `"sigmoid"` or `"relu"`; `None`
            means that of the architecture, a sigmoid for `"one_layer"`, else no activation.
        tied: whether the decoder of one layer has the transposed weights of the encoder; `None`
            for yes where the architecture can.
        **settings: the settings of an architecture that is given by name.

    Raises:
        ArgumentError: if an argument has a wrong value, or does not suit the architecture.
    """
    data = of_image_shape(image_shape, points=False)
    code = Code(latent_dim, activation=code_activation)
    return Coders.get(architecture, settings).pair(data, code, tied)
