"""Readers of the real images that samples are compared with, for each form of `data`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo import data as zoo_data
from zoo.base.arrays import as_labels
from zoo.data import Source
from zoo.data.image_format import still
from zoo.data.sources import ONE_IN_TEN, divide
from zoo.engine.spaces import Classes, Images
from zoo.errors import ArgumentError, MissingSplitError


def read_test(data, split: str | None, usual: str, model, crop: str = "centre") -> Source:
    """Read the real images that `model` is measured on.

    Args:
        data: the argument of `zoo.evaluate`.
        split: the split that the user named, or `None`.
        usual: the split if the user named none.
        model: the model.
        crop: the crop of images of a set that is given by name, see `zoo.data.read`.

    Raises:
        ValueError: as for `read_real`.
        DataError: if there is no such split, with advice if the user named none.
    """
    if split is not None:
        return read_real(data, split, model, crop=crop)
    try:
        return read_real(data, usual, model, crop=crop)
    except MissingSplitError as error:
        raise MissingSplitError(
            f"{error} Another split can be named; of training images, {ONE_IN_TEN!r} is each tenth."
        ) from error


def read_real(data, split: str, model, argument: str = "data", crop: str = "centre") -> Source:
    """Return `data` as a source of 8-bit images of the model's shape, or of points.

    Args:
        data: the real images, in any form that `zoo.evaluate` takes.
        split: the split of a set that is given by name.
        model: the model.
        argument: the name of the argument in errors.
        crop: the crop of images of a set that is given by name, see `zoo.data.read`.

    Raises:
        ValueError: if the images have another shape or type, or values are out of range.
    """
    space = model.data
    if isinstance(data, str | Path):
        source = read_named(data, split, model, crop)
    elif isinstance(data, Source):
        source = data
    elif hasattr(data, "images") and hasattr(data, "labels"):
        source = Source("batches", data.images, data.labels)
    else:
        source = _from_arrays(data, model, argument)
    space.check_stored(argument, source.images)
    source = _with_conditions(source, model, argument)
    if len(source.images) < 2:
        raise ArgumentError(
            f"{argument} must hold two images or more. Received: {len(source.images)}."
        )
    return source


def read_named(data: str | Path, split: str, model, crop: str = "centre") -> Source:
    """Read a set by its name or path: images of the model's shape, or points.

    `crop` is what becomes of images of another aspect ratio, see `zoo.data.read`.

    For a model whose condition is an image the set holds pairs; the input images are then the
    labels of the targets.
    """
    options = zoo_data.fitting(model.data.shape)
    if not isinstance(model.condition, Images):
        return zoo_data.read(data, split, crop=crop, **options)
    inputs, targets = zoo_data.read_pairs(data, split, crop=crop, **options)
    return targets._replace(labels=inputs.images, split=split)


def read_splits(data: str | Path, model, crop: str = "centre") -> tuple[Source, Source]:
    """Read the training and the test data of a set for `model`.

    If there is no test split, each tenth training datum is held out as test data. Where the `crop`
    is `"random"`, test images are cropped to the centre.
    """
    train = read_named(data, "train", model, crop)
    try:
        return train, read_named(data, "test", model, still(crop))
    except MissingSplitError:
        return divide(train)


def _from_arrays(data, model, argument: str) -> Source:
    """Return a user's array, or pair of arrays `x` and `y` as for `fit`, as a source."""
    x, y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    values, condition = (x, y) if y is None else model.data_and_condition(x, y)
    values = model.data.stored_from_array(argument, values)
    if condition is not None and model.condition is not None:
        condition = model.condition.stored_from_array(
            f"the {model.condition.noun} of {argument}", condition
        )
    return Source("arrays", values, condition)


def _with_conditions(source: Source, model, argument: str) -> Source:
    """Return `source` with checked conditions for `model`, or raise.

    A model without a condition is measured on labels too, such as those of a linear probe.
    """
    if source.labels is None:
        if model.condition is None:
            return source
        raise ArgumentError(
            f"{argument} must have {model.condition.noun} for {type(model).__name__}, which is "
            "asked for them. Received: none."
        )
    noun = "labels" if model.condition is None else model.condition.noun
    name, labels, rows = f"the {noun} of {argument}", source.labels, len(source.images)
    if model.condition is None:
        return source._replace(labels=as_labels(name, labels, rows))
    if len(labels) != rows:
        raise ArgumentError(f"{name} must be {rows} {noun}. Received: {len(labels)}.")
    model.condition.check_stored(name, labels)
    if isinstance(model.condition, Classes):
        labels = model.condition.from_stored(labels)
    return source._replace(labels=labels)


def drawn(source: Source, n: int) -> Source:
    """Return `n` random images of `source` in their order, or all if it has fewer.

    The seed is fixed, so that each call draws the same images.
    """
    if len(source.images) <= n:
        return source
    rows = np.random.default_rng(0).permutation(len(source.images))[:n]
    return source.select(np.sort(rows))
