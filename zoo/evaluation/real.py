"""The real images that samples are compared with, from whatever `zoo.evaluate` is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo import data as zoo_data
from zoo.data import Source
from zoo.data.sources import ONE_IN_TEN
from zoo.engine.batch import check_range
from zoo.engine.labels import check_labels
from zoo.errors import ArgumentError, MissingSplitError


def read_test(data, split: str | None, usual: str, model) -> Source:
    """The real images that `model` is measured on: those of `split`, by default of `usual`.

    Raises:
        ValueError: as `read_real`.
        DataError: if there is no such split; where it is the default, with what can be named.
    """
    if split is not None:
        return read_real(data, split, model)
    try:
        return read_real(data, usual, model)
    except MissingSplitError as error:
        raise MissingSplitError(
            f"{error} Another split can be named; of training images, {ONE_IN_TEN!r} is each tenth."
        ) from error


def read_real(data, split: str, model, argument: str = "data") -> Source:
    """The real images of `data`, which `zoo.evaluate` was given as `argument`, 8-bit and of the
    model's shape; or points.

    Raises:
        ValueError: if they are of another shape or type, or values are out of range.
    """
    shape = tuple(model.image_shape)
    if isinstance(data, str | Path):
        source = zoo_data.read(data, split, **zoo_data.fitting(shape))
    elif isinstance(data, Source):
        source = data
    elif hasattr(data, "images") and hasattr(data, "labels"):
        source = Source("batches", data.images, data.labels)
    else:
        images, labels = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
        source = Source("arrays", _bytes(np.asarray(images), model, argument), labels)
    if tuple(source.images.shape[1:]) != shape:
        raise ArgumentError(
            f"{argument} must hold images of shape {shape}, as the model's. Received: images of "
            f"shape {tuple(source.images.shape[1:])}."
        )
    if len(shape) == 3 and source.images.dtype != np.uint8:
        raise ArgumentError(f"{argument} must hold 8-bit images. Received: {source.images.dtype}.")
    if len(shape) == 3 and int(source.images[:1000].max()) <= 1:
        raise ArgumentError(
            f"{argument} must hold 8-bit images, from 0 to 255. Received: values up to 1 alone."
        )
    if len(shape) == 1 and not np.isfinite(source.images[:]).all():
        raise ArgumentError(f"{argument} must be finite. Received: NaN or infinite values.")
    if model.num_classes is not None and source.labels is None:
        raise ArgumentError(
            f"{argument} must have labels for {type(model).__name__}, which is asked for them. "
            "Received: none."
        )
    if model.num_classes is not None:
        labels = check_labels(
            f"the labels of {argument}", source.labels, model.num_classes, len(source.images)
        )
        source = source._replace(labels=labels)
    if len(source.images) < 2:
        raise ArgumentError(
            f"{argument} must hold two images or more. Received: {len(source.images)}."
        )
    return source


def _bytes(images: np.ndarray, model, argument: str) -> np.ndarray:
    """An array of images as 8 bits; points as float32."""
    if len(model.image_shape) == 1:
        return images.astype("float32")
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating) or not images.size:
        raise ArgumentError(
            f"{argument} must hold 8-bit images, or float images in the model's value range. "
            f"Received: {images.dtype} of shape {images.shape}."
        )
    check_range(argument, images, model.value_range, in_training=False)
    if model.value_range[0] < 0 <= images.min():
        raise ArgumentError(
            f"{argument} must hold images in {list(model.value_range)}. Received: no negative "
            f"value. zoo.data.to_range(images, {tuple(model.value_range)}, source=(0, 1)) converts "
            "images in [0, 1]."
        )
    return zoo_data.to_bytes(images, model.value_range)


def drawn(source: Source, n: int) -> Source:
    """`n` images of `source`, drawn once and for all, in their order; all if there are no more."""
    if len(source.images) <= n:
        return source
    rows = np.random.default_rng(0).permutation(len(source.images))[:n]
    return source.select(np.sort(rows))
