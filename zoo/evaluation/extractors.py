"""Extractors of features by name: classifier presets, the network of the FID, and pixels."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

import keras

from zoo.engine.tasks import Classifies
from zoo.errors import ArgumentError, instance_hint, unknown_name
from zoo.files import remote
from zoo.networks.features import Extractor, PerChannel, Pixels, inception
from zoo.presets import locate

FAMILY = "classifier"
STACKED = "stacked_"
PER_CHANNEL = " per channel"


def extractor(value=None, data: str | None = None):
    """Return a function from 8-bit images to their `zoo.networks.features.Features`.

    Args:
        value: the name of a classifier preset, such as `"classifier_mnist"`, or the path or URL of
            one, as for `zoo.load`; that name followed by `" per channel"`, for stacked digits;
            `"inception"`, the network of the FID, for colour
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
    if isinstance(value, str | Path):
        return _named(str(value))
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
            f"No extractor was trained on the data {data!r}: the argument extractor is needed. For "
            "photographs take 'inception', which is fetched once (96 MB), or 'pixels' without it. "
            f"Allowed: {', '.join(names())}, the path of a classifier's preset, or a Keras model."
        )
    return name if grey == data else name + PER_CHANNEL


def _named(name: str):
    """Return the extractor called `name`, or that of the preset at the path or URL `name`."""
    if name == "pixels":
        return Pixels()
    if name == "inception":
        return _inception()
    single = name.removesuffix(PER_CHANNEL)
    elsewhere = remote.is_url(single) or "/" in single or os.sep in single
    if not elsewhere and single not in locate.names(family=FAMILY):
        raise unknown_name("extractor", name, names())
    weights = locate.locate(single).card.weights
    classifier = _of_preset(single, tuple(file.sha256 for file in weights.files.values()))
    return classifier if single == name else PerChannel(classifier)


@functools.lru_cache(maxsize=1)
def _inception():
    """Return the network of the FID."""
    return inception()


@functools.lru_cache(maxsize=4)
def _of_preset(name: str, files: tuple[str, ...]) -> Extractor:
    """Return the network from images to features of the preset `name`, whose files have the hashes
    `files`."""
    preset = locate.locate(name)
    model = preset.read()
    network = model.feature_network() if isinstance(model, Classifies) else None
    if network is None:
        raise ArgumentError(
            f"extractor must be the preset of a classifier. Received: {name!r}, a "
            f"{type(model).__name__}."
        )
    sha256 = preset.card.weights.files["model.weights.h5"].sha256
    return Extractor(network, preset.card.name, sha256, model.value_range)
