"""What a file of a model may hold: arrays, and the configuration of known classes. No code."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import h5py
import keras

from zoo.errors import IntegrityError

# Where Keras says that its own objects are, of which a model is made. Functions are those of
# numbers alone: others of Keras download files or change how it loads them.
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
    "keras.src",  # of which Keras takes its own serializable classes alone
)
# Layers of Keras that run what a file, or a string in it, says.
RUNNING = ("Lambda", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
# What Keras makes of data alone, without looking for a class.
PLAIN = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
FINDERS = ("get", "deserialize", "serialize")  # functions that find others, by name


def check_config(config: Any, source: str) -> None:
    """Raises unless all that the serialized `config` names is Keras's, or registered with Keras, as
    the classes of this package are and a user's own can be.

    What is judged is the class that Keras will find, and not what the configuration says of it.

    Raises:
        IntegrityError: with the name of what is refused.
    """
    for part in _objects(config):
        name, module = part["class_name"], part.get("module")
        if name in PLAIN:
            continue
        if name == "function":
            allowed = _function(part.get("config"), module)
            name = part.get("config")
        else:
            # Without a module, Keras reads it as its older versions wrote it, by other rules.
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
    """Every serialized object in `config`, at any depth."""
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
    """Whether Keras finds a class by these, of those that may be made."""
    if not _plain(name):
        return False
    found = keras.saving.get_registered_object(registered if registered is not None else name)
    if found is not None:
        return isinstance(found, type) and str(registered or name).rpartition(">")[2] == name
    if not (module == "keras" or _within(module, CLASSES)):
        return False
    found = _symbol(module, name)
    # Keras would also call functions that it finds.
    return isinstance(found, type) and hasattr(found, "from_config") and not _runs(found)


def _function(name: Any, module: Any) -> bool:
    """Whether Keras finds a function of numbers, or one that is registered, by these."""
    if not isinstance(name, str):
        return False
    if callable(keras.saving.get_registered_object(name)):
        return True
    if not _plain(name) or name in FINDERS:
        return False
    # Without a module, Keras looks among its own modules of such functions.
    return module == "builtins" or (_within(module, FUNCTIONS) and callable(_symbol(module, name)))


def _plain(name: Any) -> bool:
    """Whether it is one name, and no path to one."""
    return isinstance(name, str) and name.isidentifier() and not name.startswith("__")


def _symbol(module: str, name: str) -> Any:
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    try:
        return vars(importlib.import_module(module)).get(name)
    except ImportError:
        return None


def _runs(found: type) -> bool:
    layers = (getattr(keras.layers, name, None) for name in RUNNING)
    return issubclass(found, tuple(layer for layer in layers if layer is not None))


def _within(module: Any, known: tuple[str, ...]) -> bool:
    return isinstance(module, str) and any(f"{module}.".startswith(f"{k}.") for k in known)


def check_arrays(path: Path | IO[bytes], source: str) -> Counter:
    """The shapes of the arrays in the HDF5 file `path`, and how often each occurs.

    Raises:
        IntegrityError: if it holds anything but groups and whole arrays of numbers.
    """
    found: Counter = Counter()
    try:
        with h5py.File(path, "r") as file:
            _visit(file, source, found, set())
    # What the library makes of changed bytes.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise IntegrityError(f"{source} is no whole HDF5 file: {error}.") from error
    return found


def _visit(group: h5py.Group, source: str, found: Counter, seen: set[int]) -> None:
    for name in group:
        place = f"{group.name.rstrip('/')}/{name}"
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
        item = group[name]
        address = h5py.h5o.get_info(item.id).addr
        if address in seen:
            raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
        seen.add(address)
        if isinstance(item, h5py.Group):
            _visit(item, source, found, seen)
        elif not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiub":
            kind = getattr(item, "dtype", "something else")
            raise IntegrityError(f"{source} holds {kind} at {place}. Allowed: arrays of numbers.")
        elif item.external or item.is_virtual or item.id.get_storage_size() < item.nbytes:
            # Arrays are stored as they are: what is larger in memory than in the file was made to
            # be.
            raise IntegrityError(
                f"{source} holds an array at {place} of shape {item.shape} whose numbers are not "
                "in the file, which is refused."
            )
        else:
            found[item.shape] += 1


def check_fits(shapes: Counter, model: keras.Model, source: str) -> None:
    """Raises unless a file with arrays of these `shapes` is one of the weights of `model`."""
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
