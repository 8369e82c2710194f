"""Features of a network as a loss of images of a model."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import ops

from zoo.base.ranges import mapped
from zoo.engine.latent import LatentModel
from zoo.errors import ArgumentError, instance_hint
from zoo.evaluation import extractor
from zoo.networks.features import Extractor


class ImageFeatures:
    """The features of images of one value range, of a network that takes another.

    Args:
        network: a Keras model from images to features, or to a list whose first entry they are.
        from_range: the value range of the images.
        to_range: the value range that the network takes.
    """

    def __init__(
        self,
        network: keras.Model,
        from_range: tuple[float, float],
        to_range: tuple[float, float],
    ):
        self.network = network
        self.from_range, self.to_range = from_range, to_range

    def __call__(self, images):
        """Return the features of a tensor of images."""
        outputs = self.network(mapped(images, self.from_range, self.to_range), training=False)
        features = outputs[0] if isinstance(outputs, list | tuple) else outputs
        return ops.reshape(features, (ops.shape(features)[0], -1))


def features(model: LatentModel, value: str | Path | keras.Model) -> ImageFeatures:
    """Return the function of features for the argument `features` of `model.invert`.

    Args:
        model: the model whose images are compared.
        value: the network: a name, a path or a Keras model, as for `zoo.evaluation.extractor`.

    Raises:
        ValueError: if there is no such network, or it takes images of another shape.

    Example:

    >>> import zoo
    >>> model = zoo.create("dcgan", image_shape=(28, 28, 1), latent_dim=4, width=2)
    >>> f = zoo.latents.features(model, "classifier_mnist")
    >>> found = model.invert(model.sample(2, seed=0), loss="both", features=f, steps=2)
    >>> found.losses.shape
    (2,)
    """
    found = extractor(value)
    if not isinstance(found, Extractor):
        raise ArgumentError(
            "features must be those of a network with gradients. Received: "
            f"{value!r}.{instance_hint(value)}"
        )
    shape, wanted = model.image_shape, found.image_shape
    fits = model.data.name == "images" and all(
        size in (None, own) for size, own in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise ArgumentError(
            f"features must be those of a network for images of shape {shape}. Received: "
            f"{found.name}, for images of shape {wanted}."
        )
    return ImageFeatures(found.network, model.value_range or (0.0, 1.0), found.value_range)
