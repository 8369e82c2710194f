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
FINDERS = ("get", "deserialize", "serialize")  # functions that find other functions by name


def check_config(config: Any, source: str) -> None:
    """Raise unless every class and function in the serialized `config` is allowed.

    Objects of Keras are allowed, and objects registered with Keras, such as the classes of this
    package. The check looks up the class that Keras will find, and does not trust the
    configuration's own description of it.

    Raises:
        IntegrityError: with the name of the refused object.
    """
    for part in _objects(config):
        name, module = part["class_name"], part.get("module")
        if name in PLAIN:
            continue
        if name == "function":
            allowed = _function(part.get("config"), module)
            name = part.get("config")
        else:
            # Without a module, Keras reads a format of its older versions, by other rules.
            allowed = "module" in part and _class(name, module, part.get("registered_name"))
        if not allowed:
            where = f"{module}.{name}" if module else part.get("registered_name") or name
            raise IntegrityError(
                f"{source} names {str(where)!r}, which is refused. Allowed are layers of Keras "
                "that run no code of the file, classes of zoo, and classes that were registered: "
                "@keras.saving.register_keras_serializable() above your own, in a module that is "
                "imported before."
            )


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every serialized object in `config`, at any depth."""
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "class_name" in part:
                yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _class(name: Any, module: Any, registered: Any) -> bool:
    """Return whether Keras finds an allowed class by this name, module and registered name."""
    if not _plain(name):
        return False
    cls = keras.saving.get_registered_object(registered if registered is not None else name)
    if cls is not None:
        return isinstance(cls, type) and str(registered or name).rpartition(">")[2] == name
    if not (module == "keras" or _within(module, CLASSES)):
        return False
    cls = _symbol(module, name)
    # Keras would also call functions that it finds.
    return isinstance(cls, type) and hasattr(cls, "from_config") and not _runs(cls)


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
            _visit(file, source, shapes, set())
    # The library raises any of these for changed bytes.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise IntegrityError(f"{source} is no whole HDF5 file: {error}.") from error
    return shapes


def _visit(group: h5py.Group, source: str, shapes: Counter, addresses: set[int]) -> None:
    """Count the shapes of the arrays below `group` in `shapes`, or raise for other content.

    `addresses` are the addresses of objects that were visited before: a second name of one of them
    is a link.
    """
    for name in group:
        place = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in addresses:
            raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
        addresses.add(address)
        if isinstance(item, h5py.Group):
            _visit(item, source, shapes, addresses)
        elif not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub":
            kind = getattr(item, "dtype", "something else")
            raise IntegrityError(f"{source} holds {kind} at {place}. Allowed: arrays of numbers.")
        elif item.external or item.is_virtual or item.id.get_storage_size() < item.nbytes:
            # Weights are stored uncompressed. An array that is larger in memory than in the file
            # was made to fill the memory.
            raise IntegrityError(
                f"{source} holds an array at {place} of shape {item.shape} whose numbers are not "
                "in the file, which is refused."
            )
        else:
            shapes[item.shape] += 1


def check_fits(shapes: Counter, model: keras.Model, source: str) -> None:
    """Raise unless arrays of these `shapes` are the weights of `model`."""
    wanted = Counter(tuple(v.shape) for v in _unique(model.variables))
    if shapes != wanted:
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
