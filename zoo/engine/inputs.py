"""What `fit` and `evaluate` are given, checked as far as it can be seen before the first step.

What is seen too late, inside a compiled step, cannot be an error any more.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine.batch import check_images, check_range
from zoo.engine.labels import check_labels
from zoo.engine.rows import Rows
from zoo.errors import ArgumentError


def checked(model, x, y, sample_weight=None, class_weight=None):
    """`x` and `y` for Keras, or an error.

    Arrays and tensors are looked at whole, generators batch by batch as they are read, and of data
    sets the first batch.
    """
    if not model.compiled:
        raise ArgumentError(f"{type(model).__name__} is not compiled: call compile() first.")
    if x is None:
        raise ArgumentError("x is missing: images, or what gives batches of them.")
    if sample_weight is not None or class_weight is not None:
        raise ArgumentError(f"{type(model).__name__} takes no sample_weight and no class_weight.")
    if isinstance(y, list | tuple):
        y = np.asarray(y)
    if isinstance(x, np.ndarray) or ops.is_tensor(x):
        check(model, x, y, "x", "y")
    elif isinstance(x, Iterator):
        x = _each_checked(model, x)
    else:
        given = getattr(x, "value_range", None)
        wanted = model.value_range
        if given is not None and wanted is not None and tuple(given) != tuple(wanted):
            raise ArgumentError(
                f"x must hold images in {list(wanted)}, the value_range of {type(model).__name__}. "
                f"Received: batches with value_range={tuple(given)}."
            )
        batch = _first(x)
        if batch is not None:
            check(model, *_parts(batch), "images of x", "labels of x")
        labels = getattr(x, "labels", None)
        if model.num_classes is not None and labels is not None:
            check_labels("labels of x", labels, model.num_classes)
    return x, y


def shared(model, x, y, given: dict, seed=None) -> dict:
    """What of `given`, the arguments of `fit` or `evaluate`, changes where devices share batches:
    arrays, for the rows of this process.

    Raises:
        ArgumentError: if a batch cannot be divided equally.
    """
    if engine.devices() == 1:
        return {}
    if given.get("validation_split"):
        raise ArgumentError("validation_split is for one device: give validation_data.")
    if hasattr(x, "sharded"):  # batches of `zoo.data`
        _check_shares(x.batch_size, 0 if seed is not None else len(x.images))
        return {"x": x.sharded(*engine.process())}
    if not isinstance(x, np.ndarray) and not ops.is_tensor(x):
        return {}
    batch_size = given.get("batch_size") or 32
    _check_shares(batch_size, len(x))
    if engine.process()[1] == 1:
        return {}
    arrays = (x,) if model.num_classes is None or y is None else (x, y)
    seed = seed if given.get("shuffle", True) else None
    rows = Rows(arrays, batch_size, engine.process(), seed)
    return {"x": rows, "y": None, "batch_size": None, "shuffle": False}


def _check_shares(batch_size: int, images: int) -> None:
    devices = engine.devices()
    engine.check_divides(batch_size, devices)
    if images % batch_size % devices:
        raise ArgumentError(
            f"The last batch must be a multiple of the number of devices, {devices}. Received: "
            f"{images % batch_size} images, of {images} in batches of {batch_size}. Leave out "
            f"{images % devices}."
        )


def check(model, images, labels, images_are: str, labels_are: str) -> None:
    """Raises unless these are images, and labels where the model takes them, that can be meant."""
    check_images(images_are, images, model.image_shape)
    if model.value_range is not None:
        check_range(images_are, ops.convert_to_numpy(images), model.value_range)
    if model.num_classes is not None and labels is not None:
        labels = ops.convert_to_numpy(labels) if ops.is_tensor(labels) else labels
        check_labels(labels_are, labels, model.num_classes)


def _each_checked(model, batches: Iterator) -> Iterator:
    for batch in batches:
        check(model, *_parts(batch), "images of x", "labels of x")
        yield batch


def _parts(batch) -> tuple:
    """The images and the labels of an element of a data set."""
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if isinstance(images, list | tuple) and len(images) == 1:
        (images,) = images
    if isinstance(images, list | tuple) and len(images) == 2 and labels is None:
        images, labels = images
    return images, labels


def _first(x):
    """The first batch, or `None` where it cannot be had without a cost."""
    if getattr(x, "num_workers", 0) or getattr(x, "read_once", False):
        # A torch DataLoader would start its processes; what `engine.feed` made is read once.
        return None
    if isinstance(x, keras.utils.PyDataset):
        return x[0]
    return next(iter(x), None) if hasattr(x, "__iter__") else None
