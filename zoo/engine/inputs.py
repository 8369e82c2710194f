"""Checks of the data of `fit`, `evaluate` and `predict` before the first step.

A fault must be found here: a compiled step cannot raise an error.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from zoo import engine
from zoo.engine.rows import Rows
from zoo.engine.spaces.base import as_numpy
from zoo.engine.stream import Stream
from zoo.errors import ArgumentError, check_count

# The smallest values of the whole numbers that `fit`, `evaluate` and `predict` take.
COUNTS = {
    "batch_size": 1,
    "validation_batch_size": 1,
    "steps_per_epoch": 1,
    "validation_steps": 1,
    "validation_freq": 1,
    "steps": 1,
    "epochs": 0,
    "initial_epoch": 0,
}


def check_counts(arguments: Mapping) -> None:
    """Raise unless the whole numbers among the `arguments` of `fit`, by name, are allowed.

    The backends' own errors for them differ, and some take 0 for the default.
    """
    for name, minimum in COUNTS.items():
        value = arguments.get(name)
        if value is not None and not isinstance(value, list | tuple | set):  # validation_freq
            check_count(name, value, minimum)


def checked(model, x, y, sample_weight=None, class_weight=None, names=("x", "y")):
    """Return `x` and `y` as arrays, or `x` as a source of batches and `None`, or raise.

    Arrays and tensors are checked as a whole. Batches are checked by `stream`, but for those of
    `zoo.data`, which are checked here.

    Args:
        model: the model.
        x: data, or batches of them.
        y: conditions, or `None`.
        sample_weight: weights, which are refused.
        class_weight: weights, which are refused.
        names: the names of `x` and `y` in errors.
    """
    x_name, y_name = names
    if not model.compiled:
        raise ArgumentError(f"{type(model).__name__} is not compiled: call compile() first.")
    if x is None:
        raise ArgumentError(
            f"{x_name} is missing: {model.data.noun}, or what gives batches of them."
        )
    if sample_weight is not None or class_weight is not None:
        raise ArgumentError(f"{type(model).__name__} takes no sample_weight and no class_weight.")
    array = to_array(x, x_name)
    first, _ = model.data_and_condition(model.data, model.condition)
    if isinstance(x, list | tuple) and is_array(array) and array.shape[1:] != first.shape:
        _check_apart(model, x, x_name, first)
        array = x  # the error says that it was a list
    if is_array(array) or isinstance(array, list | tuple):
        _check_apart(model, array, x_name, first)
        return check(model, array, to_array(y, y_name), x_name, y_name)
    if y is not None:
        raise ArgumentError(
            f"{y_name} goes with arrays: batches of {x_name} hold {y_name} themselves, as pairs."
        )
    _check_source(model, x, x_name)
    if hasattr(x, "stream"):  # batches of `zoo.data`, whose other batches are like the first
        check(model, *_parts(x[0]), *_names(model, x_name))
        labels = getattr(x, "labels", None)
        if model.condition is not None and labels is not None:
            model.condition.checked(f"labels of {x_name}", labels)
    return x, None


def _check_source(model, x, name: str) -> None:
    """Raise unless `x` can be a source of batches for `model`."""
    iterable = hasattr(x, "__iter__") and not isinstance(x, str | bytes | Mapping)
    if not iterable and not isinstance(x, keras.utils.PyDataset):
        raise ArgumentError(
            f"{name} must be {model.data.noun}, or what gives batches of them. Received: "
            f"{type(x).__name__}."
        )
    wanted, received = model.value_range, getattr(x, "value_range", None)
    if received is not None and wanted is not None and tuple(received) != tuple(wanted):
        raise ArgumentError(
            f"{name} must hold images in {list(wanted)}, the value_range of "
            f"{type(model).__name__}. Received: batches with value_range={tuple(received)}."
        )


def one_batch(model, x, y, sample_weight=None, class_weight=None) -> tuple:
    """Return one batch as arrays after a check, or raise."""
    x, y = checked(model, x, y, sample_weight, class_weight)
    if not is_array(x):
        raise ArgumentError(f"x must be one batch, an array. Received: {type(x).__name__}.")
    return x, y


def held_out(model, validation_data, arguments: dict):
    """Return `validation_data` after a check, as `fit` of Keras takes it, or raise.

    `arguments` are the other arguments of `fit`, by name.
    """
    x, y, weights = validation_data, None, None
    if isinstance(x, list | tuple) and len(x) <= 3:
        x, y, weights = keras.utils.unpack_x_y_sample_weight(validation_data)
    names = ("validation_data", "labels of validation_data")
    x, y = checked(model, x, y, weights, names=names)
    x = x.fixed() if hasattr(x, "fixed") else x
    size = arguments.get("validation_batch_size") or arguments.get("batch_size")
    changes = shared(model, x, y, {"batch_size": size})
    x, y = changes.get("x", x), changes.get("y", y)
    if is_array(x):
        return (x,) if y is None else (x, y)
    return stream(model, x, names[0])


def split(x, y, fraction: float) -> tuple:
    """Return the first rows of `x` and `y`, and the last, about `fraction` of them, held out."""
    if not is_array(x):
        raise ArgumentError(
            f"validation_split is for arrays: give validation_data. Received: x of type "
            f"{type(x).__name__}."
        )
    rows = math.floor(len(x) * (1 - fraction))
    if not 0 < rows < len(x):
        raise ArgumentError(
            f"validation_split must leave data on both sides. Received: {fraction} of {len(x)}."
        )
    if y is None:
        return x[:rows], None, (x[rows:],)
    return x[:rows], y[:rows], (x[rows:], y[rows:])


def stream(model, x, name: str = "x", shuffle: bool = False):
    """Return arrays unchanged, and a source of batches as a `Stream` that checks each batch."""
    if is_array(x):
        return x
    # In the order of `fit`; without a condition the second is dropped.
    spaces = [s for s in model.data_and_condition(model.data, model.condition) if s is not None]

    names = _names(model, name)

    def look(x, y=None) -> tuple:
        arrays = check(model, *map(to_array, (x, y), names), *names)
        return tuple(map(_array, spaces, arrays))

    bounds = tuple(space.bounds for space in spaces)
    return Stream(x, lambda batch: _parts(batch, model), look, bounds, name, shuffle)


def called(model, x):
    """Return the argument `x` of `predict`, arrays or a `Stream`, after a check, or raise.

    The check follows `model.call_signature()`. Where it holds specifications that are not those of
    a space, `x` is returned as it is.
    """
    (signature, *_) = model.call_signature()
    paired = isinstance(signature, list | tuple)
    specs = signature if paired else [signature]
    spaces = [getattr(spec, "space", None) for spec in specs]
    if x is None or None in spaces:
        return x
    in_range = "denoises" not in model.tasks  # noise takes images out of their range

    def parts(batch) -> tuple:
        first, second, _ = keras.utils.unpack_x_y_sample_weight(batch)
        if isinstance(first, list | tuple) and len(first) in (1, 2):
            first, *second = first
            second = second[0] if second else None
        return model.unpaired(first if second is None else (first, second)) if paired else (first,)

    def look(first, second=None) -> tuple:
        first = to_array(first, "x")
        numbers = as_numpy("x", first, spaces[0].noun)
        spaces[0].check("x", first)
        if in_range:
            spaces[0].check_values("x", numbers, in_training=False)
        if not paired:
            return (first,)
        name = f"{spaces[1].noun} of x"
        return first, spaces[1].checked(name, to_array(second, name), rows=len(first))

    if paired and isinstance(x, list | tuple):
        return list(look(*model.unpaired(x)))
    array = to_array(x, "x")
    if is_array(array) or isinstance(array, list | tuple):
        return look(*(model.unpaired(array) if paired else (array,)))[0]
    _check_source(model, x, "x")
    bounds = tuple(space.bounds for space in spaces) if in_range else (None, None)
    source = x.fixed() if hasattr(x, "fixed") else x
    return Stream(source, parts, lambda *p: tuple(map(_array, spaces, look(*p))), bounds, "x")


def one_batch_called(model, x):
    """Return the argument `x` of `predict_on_batch` as arrays after a check, or raise."""
    inputs = called(model, x)
    if isinstance(inputs, Stream):
        raise ArgumentError(f"x must be one batch, an array. Received: {type(x).__name__}.")
    return inputs


def _check_apart(model, x, name: str, first) -> None:
    """Raise if `x` is a pair of data and what goes with them, which are two arguments.

    `first` is the space of the first one.
    """
    if isinstance(x, list | tuple) and len(x) in (2, 3):
        part = to_array(x[0], name)
        if is_array(part) and part.ndim and tuple(part.shape[1:]) == first.shape:
            shape = ", ".join(map(str, ("batch", *first.shape)))
            raise ArgumentError(
                f"{name} must hold {first.noun} of shape ({shape}) alone. Received: "
                f"{type(x).__name__} of {len(x)} parts. What goes with them is an argument of its "
                "own: fit(x, y), or validation_data=(x, y)."
            )


def to_array(values, name: str):
    """Return what is an array of some library, or a list of numbers, as an array.

    Arrays of NumPy and plain tensors of the backend are returned as they are, and so is what is no
    array. `name` is that of the values in errors.
    """
    if values is None or is_array(values):
        return values
    if ops.is_tensor(values) or hasattr(values, "__array__"):
        return as_numpy(name, values)
    if isinstance(values, list | tuple):
        parts = [as_numpy(name, to_array(value, name)) for value in values]
        try:
            array = np.asarray(parts)
        except ValueError:  # rows of several lengths
            return values
        return values if array.dtype == object else array
    return values


def _array(space, values) -> np.ndarray:
    """Return values of `space` as an array of its type."""
    return np.ascontiguousarray(as_numpy(space.noun, values), dtype=space.dtype)


def is_array(values) -> bool:
    """Return whether `values` are an array of NumPy or a plain tensor of the backend."""
    return isinstance(values, np.ndarray | _plain_tensor())


@functools.cache
def _plain_tensor() -> type:
    """Return the type of the backend's tensors that are neither sparse, ragged nor variables."""
    return type(ops.convert_to_tensor(0.0))


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
    if not is_array(x):
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


def check(model, x, y, x_name: str, y_name: str) -> tuple:
    """Return `x` and `y`, without what the model has no use for, or raise if they are wrong.

    Conditions for a model without a condition cause a warning. `x_name` and `y_name` are the names
    of both in errors.
    """
    (data, data_name), (condition, condition_name) = model.data_and_condition(
        (x, x_name), (y, y_name)
    )
    numbers = as_numpy(data_name, data, model.data.noun)
    model.data.check(data_name, data)
    model.data.check_values(data_name, numbers)
    if model.condition is None:
        if condition is not None:
            model.warn_of_y()
        return x, None
    if condition is None:
        raise model.needs_condition()
    condition = model.condition.checked(condition_name, condition, rows=len(data))
    return model.data_and_condition(data, condition)


def _names(model, name: str) -> tuple[str, ...]:
    """Return the names of the parts of a batch of the source `name`, in the order of `fit`."""
    spaces = model.data_and_condition(model.data, model.condition)
    return tuple(f"{getattr(space, 'noun', 'labels')} of {name}" for space in spaces)


def _parts(batch, model=None) -> tuple:
    """Return the x and the y of an element of a data set."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    if sample_weight is not None and model is not None:
        raise ArgumentError(f"{type(model).__name__} takes no sample_weight and no class_weight.")
    if isinstance(x, list | tuple) and len(x) == 1:
        (x,) = x
    if isinstance(x, list | tuple) and len(x) == 2 and y is None:
        x, y = x
    return x, y
