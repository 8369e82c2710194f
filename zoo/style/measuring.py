"""The errors of Gram matrices, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.style.features import Features, Source
from zoo.style.images import check_images
from zoo.style.objective import gram_of


def gram_errors(
    source: Source, layers: Sequence[str], images, picture, argument: str
) -> dict[str, np.ndarray]:
    """Return |G(x) - G(y)|^2 / |G(y)|^2 of each layer, for images x and one picture y.

    Args:
        source: the network.
        layers: the names of the layers, or one name.
        images: the images, as for `StyleTransfer.transfer`.
        picture: the picture.
        argument: the name of the argument that holds it, in errors.

    Returns:
        A dict from the names to float64 arrays of shape `(n,)`.

    Raises:
        ArgumentError: if there is no such layer, or the images have another shape or range.
    """
    names = list(source.layers("layers", layers, "style"))
    features = Features(source, names)
    images = check_images("images", images, features.channels)
    picture = check_images(argument, picture, features.channels, many=False)
    wanted = {name: gram_of(maps) for name, maps in features.of(picture).items()}
    found = {name: gram_of(maps) for name, maps in features.of(images).items()}
    return {
        name: np.square(found[name] - wanted[name]).sum(axis=(1, 2)) / np.square(wanted[name]).sum()
        for name in names
    }
