"""Checks that a model's file holds arrays and the configuration of known classes, and no code."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import h5py
import keras

from zoo.errors import IntegrityError
from zoo.files.limits import check_limit

# The modules of Keras that a model's configuration may name. Functions must compute numbers: other
# functions of Keras download files or change how files are loaded.
FUNCTIONS = (
    "keras.activations",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.ops",
    "keras.regularizers",
)
CLASSES = (
    *FUNCTIONS,
    "keras.constraints",
    "keras.dtype_policies",
    "keras.layers",
    "keras.models",
    "keras.optimizers",
    "keras.quantizers",
    "keras.random",
    "keras.src",  # Keras itself takes only its serializable classes from there
)
# Layers of Keras that run code of a file, or of a string in it.
RUNNING = ("Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
# Objects that Keras makes from data alone, without a search for a class.
PLAIN = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
# The types of the arrays in a configuration. A type of text can be of any length.
NUMBERS = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"),
)
# Limits, each several times what the largest published models of images need.
DEEPEST = 200  # levels of lists and objects in a configuration
OBJECTS = 50_000  # serialized objects in a configuration
ARRAYS = 20_000  # arrays and groups in a file of weights
NAMES = ("class_name", "module", "registered_name")
FINDERS = ("get", "deserialize", "serialize")  # functions that find other functions by name


def check_config(config: Any, source: str) -> None:
    """Raise unless every class and function in the serialized `config` is allowed, and it is of a
    bounded size.

    Objects of Keras are allowed, and objects registered with Keras, such as the classes of this
    package. The check looks up the class that Keras will find, and does not trust the
    configuration's own description of it.

    Raises:
        IntegrityError: with the name of the refused object.
    """
    for part in objects(config, source):
        name, module, registered = names = [part.get(key) for key in NAMES]
        are_texts = name is not None and all(isinstance(text, str | None) for text in names)
        if are_texts and name in PLAIN:
            _check_plain(part, source)
            continue
        if not are_texts:
            allowed = False
        elif name == "function":
            allowed = _function(part.get("config"), module)
            name = part.get("config")
        else:
            # Without a module, Keras reads a format of its older versions, by other rules.
            allowed = "module" in part and _class(name, module, registered)
        if not allowed:
            where = f"{module}.{name}" if module else registered or name
            raise IntegrityError(
                f"{source} names {str(where)[:200]!r}, which is refused. Allowed are layers of "
                "Keras that run no code of the file, classes of zoo, and classes that were "
                "registered: @keras.saving.register_keras_serializable() above your own, in a "
                "module that is imported before."
            )


def objects(config: Any, source: str) -> Iterator[dict[str, Any]]:
    """Yield every serialized object in `config`, at any depth up to `DEEPEST`."""
    waiting = [(config, 1)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        check_limit(source, "levels of nested configurations", depth, DEEPEST)
        if isinstance(part, dict):
            if "class_name" in part:
                count += 1
                check_limit(source, "serialized objects", count, OBJECTS)
                yield part
            waiting += ((value, depth + 1) for value in part.values())
        elif isinstance(part, list):
            waiting += ((value, depth + 1) for value in part)


def _check_plain(part: dict[str, Any], source: str) -> None:
    """Raise unless the array in `part`, if it is one, has numbers of a known type."""
    config = part.get("config")
    dtype = config.get("dtype") if isinstance(config, dict) else None
    if dtype is not None and dtype not in NUMBERS:
        raise IntegrityError(
            f"{source} names the type {str(dtype)[:100]!r}, which is refused. Allowed: "
            f"{', '.join(NUMBERS)}."
        )


def _class(name: Any, module: Any, registered: Any) -> bool:
    """Return whether Keras finds an allowed class by this name, module and registered name."""
    if not _plain(name):
        return False
    candidate = keras.saving.get_registered_object(registered if registered is not None else name)
    if candidate is not None:
        return isinstance(candidate, type) and str(registered or name).rpartition(">")[2] == name
    if not (module == "keras" or _within(module, CLASSES)):
        return False
    candidate = _symbol(module, name)
    # Keras would also call functions that it finds.
    return (
        isinstance(candidate, type) and hasattr(candidate, "from_config") and not _runs(candidate)
    )


def _function(name: Any, module: Any) -> bool:
    """Return whether Keras finds a registered function or a function of numbers by this name."""
    if not isinstance(name, str):
        return False
    if callable(keras.saving.get_registered_object(name)):
        return True
    if not _plain(name) or name in FINDERS:
        return False
    # Without a module, Keras searches its own modules of functions of numbers.
    return module == "builtins" or (_within(module, FUNCTIONS) and callable(_symbol(module, name)))


def _plain(name: Any) -> bool:
    """Return whether `name` is a single name, and not a path to one."""
    return isinstance(name, str) and name.isidentifier() and not name.startswith("__")


def _symbol(module: str, name: str) -> Any:
    """Return the object `name` of `module`, or `None` if there is none."""
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    try:
        return vars(importlib.import_module(module)).get(name)
    except ImportError:
        return None


def _runs(cls: type) -> bool:
    """Return whether `cls` is one of the layers that run code of a file."""
    layers = (getattr(keras.layers, name, None) for name in RUNNING)
    return issubclass(cls, tuple(layer for layer in layers if layer is not None))


def _within(module: Any, known: tuple[str, ...]) -> bool:
    """Return whether `module` is one of the modules `known`, or lies below one."""
    return isinstance(module, str) and any(f"{module}.".startswith(f"{k}.") for k in known)


def check_arrays(path: Path | IO[bytes], source: str) -> Counter:
    """Count the arrays of each shape in the HDF5 file `path`.

    Args:
        path: the file.
        source: the name of the file in errors.

    Raises:
        IntegrityError: if the file holds anything but groups and whole arrays of numbers.
    """
    shapes: Counter = Counter()
    try:
        with h5py.File(path, "r") as file:
            for place, item in _items(file, source):
                if not isinstance(item, h5py.Group):
                    _check_array(item, place, source)
                    shapes[item.shape] += 1
    # The library raises any of these for changed bytes.
    except (OSError, RuntimeError, LookupError, ValueError, TypeError, ArithmeticError) as error:
        raise IntegrityError(f"{source} is no whole HDF5 file: {error}.") from error
    return shapes


def _items(file: h5py.File, source: str) -> Iterator[tuple[str, Any]]:
    """Yield the place of each object in `file`, and the object, or raise for a link."""
    addresses: set[int] = set()
    groups, count = [file], 0
    while groups:
        group = groups.pop()
        count += len(group)
        check_limit(source, "arrays and groups", count, ARRAYS)
        for name in group:
            place = f"{group.name.rstrip('/')}/{name}"
            linked = not isinstance(group.get(name, getlink=True), h5py.HardLink)
            item = None if linked else group[name]
            # A second name of an object is a link too.
            if linked or (address := h5py.h5o.get_info(item.id).addr) in addresses:
                raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
            addresses.add(address)
            if isinstance(item, h5py.Group):
                groups.append(item)
            yield place, item


def _check_array(item: Any, place: str, source: str) -> None:
    """Raise unless `item` is an array of numbers, all of which are in the file."""
    if not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub":
        kind = getattr(item, "dtype", "something else")
        raise IntegrityError(f"{source} holds {kind} at {place}. Allowed: arrays of numbers.")
    if item.external or item.is_virtual or item.id.get_storage_size() < item.nbytes:
        # Weights are stored uncompressed. An array that is larger in memory than in the file was
        # made to fill the memory.
        raise IntegrityError(
            f"{source} holds an array at {place} of shape {item.shape} whose numbers are not in "
            "the file, which is refused."
        )


def check_fits(shapes: Counter, model: keras.Model, source: str, more: bool = False) -> None:
    """Raise unless arrays of these `shapes` are the weights of `model`.

    With `more` there may be others beside them.
    """
    wanted = Counter(tuple(v.shape) for v in _unique(model.variables))
    if wanted - shapes or (shapes - wanted and not more):
        parts = [
            f"{text} {', '.join(f'{n} of shape {shape}' for shape, n in sorted(counts.items()))}"
            for text, counts in (("too many:", shapes - wanted), ("missing:", wanted - shapes))
            if counts
        ]
        raise IntegrityError(
            f"{source} does not fit the model of its configuration: it holds {shapes.total()} "
            f"arrays and the model has {wanted.total()}; {'; '.join(parts)}."
        )


def _unique(variables) -> list:
    return list({id(v): v for v in variables}.values())
