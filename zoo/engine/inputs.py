"""Checks of the data of `fit` and `evaluate` before the first step.

A fault must be found here: a compiled step cannot raise an error.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine.rows import Rows
from zoo.engine.spaces import Classes
from zoo.errors import ArgumentError


def checked(model, x, y, sample_weight=None, class_weight=None):
    """Return `x` and `y` for Keras, or raise.

    Arrays and tensors are checked as a whole, generators batch by batch as they are read, and data
    sets by their first batch.
    """
    if not model.compiled:
        raise ArgumentError(f"{type(model).__name__} is not compiled: call compile() first.")
    if x is None:
        raise ArgumentError(f"x is missing: {model.data.noun}, or what gives batches of them.")
    if sample_weight is not None or class_weight is not None:
        raise ArgumentError(f"{type(model).__name__} takes no sample_weight and no class_weight.")
    if isinstance(y, list | tuple):
        y = np.asarray(y)
    if isinstance(x, np.ndarray) or ops.is_tensor(x):
        check(model, x, y, "x", "y")
        if isinstance(model.condition, Classes) and y is not None:
            y = model.condition.checked("y", y)  # no backend takes every type of integers
        return x, None if model.condition is None else y
    if isinstance(x, Iterator):
        return _each_checked(model, x), y
    wanted, received = model.value_range, getattr(x, "value_range", None)
    if received is not None and wanted is not None and tuple(received) != tuple(wanted):
        raise ArgumentError(
            f"x must hold images in {list(wanted)}, the value_range of {type(model).__name__}. "
            f"Received: batches with value_range={tuple(received)}."
        )
    batch = _first(x)
    if batch is not None:
        check(model, *_parts(batch), "images of x", "labels of x")
    labels = getattr(x, "labels", None)
    if model.condition is not None and labels is not None:
        model.condition.checked("labels of x", labels)
    return x, y


def shared(model, x, y, arguments: dict, seed=None) -> dict:
    """Return the arguments of `fit` or `evaluate` that change if several devices share batches.

    Each process gets its rows of the data.

    Args:
        model: the model.
        x: the checked data.
        y: the checked conditions.
        arguments: the other arguments of the call, by name.
        seed: the seed of the shuffle in `fit`, or `None` in `evaluate`.

    Raises:
        ArgumentError: if a batch cannot be divided equally.
    """
    if engine.devices() == 1:
        return {}
    if arguments.get("validation_split"):
        raise ArgumentError("validation_split is for one device: give validation_data.")
    if hasattr(x, "sharded"):  # batches of `zoo.data`
        _check_shares(x.batch_size, 0 if seed is not None else len(x.images))
        return {"x": x.sharded(*engine.process())}
    if not isinstance(x, np.ndarray) and not ops.is_tensor(x):
        return {}
    batch_size = arguments.get("batch_size") or 32
    _check_shares(batch_size, len(x))
    if engine.process()[1] == 1:
        return {}
    arrays = (x,) if model.condition is None or y is None else (x, y)
    seed = seed if arguments.get("shuffle", True) else None
    rows = Rows(arrays, batch_size, engine.process(), seed)
    return {"x": rows, "y": None, "batch_size": None, "shuffle": False}


def _check_shares(batch_size: int, images: int) -> None:
    """Raise unless all batches of `images` images can be divided equally among the devices."""
    devices = engine.devices()
    engine.check_divides(batch_size, devices)
    if images % batch_size % devices:
        raise ArgumentError(
            f"The last batch must be a multiple of the number of devices, {devices}. Received: "
            f"{images % batch_size} images, of {images} in batches of {batch_size}. Leave out "
            f"{images % devices}."
        )


def check(model, x, y, x_name: str, y_name: str) -> None:
    """Raise unless `x` and `y` hold data and conditions that the model takes.

    Conditions for a model without a condition cause a warning. `x_name` and `y_name` are the names
    of both in errors.
    """
    (data, data_name), (condition, condition_name) = model.data_and_condition(
        (x, x_name), (y, y_name)
    )
    model.data.check(data_name, data)
    model.data.check_values(data_name, ops.convert_to_numpy(data))
    if condition is None:
        return
    if model.condition is None:
        model.warn_of_y()
        return
    condition = ops.convert_to_numpy(condition) if ops.is_tensor(condition) else condition
    model.condition.checked(condition_name, condition)


def _each_checked(model, batches: Iterator) -> Iterator:
    """Yield the batches of a generator, each after a check."""
    for batch in batches:
        check(model, *_parts(batch), "images of x", "labels of x")
        yield batch


def _parts(batch) -> tuple:
    """Return the x and the y of an element of a data set."""
    x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if isinstance(x, list | tuple) and len(x) == 1:
        (x,) = x
    if isinstance(x, list | tuple) and len(x) == 2 and y is None:
        x, y = x
    return x, y


def _first(x):
    """Return the first batch of a data set, or `None` if reading it has a cost."""
    if getattr(x, "num_workers", 0) or getattr(x, "read_once", False):
        # A torch DataLoader would start its processes; the result of `engine.feed` is read once.
        return None
    if isinstance(x, keras.utils.PyDataset):
        return x[0]
    return next(iter(x), None) if hasattr(x, "__iter__") else None
