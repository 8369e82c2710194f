"""Extractors of features by name: classifier presets, the network of the FID, and pixels."""

from __future__ import annotations

import functools
import re

import keras

from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError, instance_hint, unknown_name
from zoo.networks.features import Extractor, PerChannel, Pixels, inception
from zoo.presets import locate
from zoo.presets.load import info, load

FAMILY = "classifier"
STACKED = "stacked_"


def extractor(value=None, data: str | None = None):
    """Return a function from 8-bit images to their `zoo.networks.features.Features`.

    Args:
        value: the name of a classifier preset, such as `"classifier_mnist"`; that name followed by
            `" per channel"`, for stacked digits; `"inception"`, the network of the FID, for colour
            images; `"pixels"`; any Keras model from images in [0, 1] to features; or an object
            with `name`, `sha256`, `image_shape` and `__call__`, such as a
            `zoo.networks.features.Extractor`. `None`: the classifier that was trained on `data`.
        data: the name of a data set.

    Raises:
        ValueError: if there is no such extractor, or no classifier for `data`.

    Example:

    >>> import numpy as np, zoo
    >>> classifier = zoo.evaluation.extractor("classifier_mnist")
    >>> classifier(np.zeros((5, 28, 28, 1), "uint8")).features.shape
    (5, 128)
    """
    if value is None:
        return _named(_default(data))
    if isinstance(value, str):
        return _named(value)
    if isinstance(value, Classifies) and (network := value.feature_network()) is not None:
        return Extractor(network, value.name, value_range=value.value_range)
    if isinstance(value, keras.Model):
        # Keras numbers the models of a process in their names. The number is cut off, since the
        # hash tells extractors apart.
        return Extractor(value, re.sub(r"_\d+$", "", value.name))
    if callable(value) and all(hasattr(value, k) for k in ("name", "sha256", "image_shape")):
        return value
    raise ArgumentError(
        "extractor must be a name, a Keras model, or a callable with name, sha256 and image_shape. "
        f"Received: {value!r}.{instance_hint(value)}"
    )


def names() -> list[str]:
    """Return the names of extractors, without the suffix `" per channel"`."""
    return [*locate.names(family=FAMILY), "inception", "pixels"]


def _default(data: str | None) -> str:
    """Return the name of the extractor that was trained on the set `data`."""
    grey = (data or "").removeprefix(STACKED)
    name = f"{FAMILY}_{grey}"
    if name not in locate.names(family=FAMILY):
        raise ArgumentError(
            f"No extractor was trained on the data {data!r}: extractor= must be given. Allowed: "
            f"{', '.join(names())}, or a Keras model."
        )
    return name if grey == data else f"{name} per channel"


@functools.lru_cache(maxsize=4)
def _named(name: str):
    """Return the extractor called `name`."""
    if name == "pixels":
        return Pixels()
    if name == "inception":
        return inception()
    single = name.removesuffix(" per channel")
    if single not in locate.names(family=FAMILY):
        raise unknown_name("extractor", name, names())
    weights, model = info(single).weights.files["model.weights.h5"], load(single)
    classifier = Extractor(model.feature_network(), single, weights.sha256, model.value_range)
    return classifier if single == name else PerChannel(classifier)
