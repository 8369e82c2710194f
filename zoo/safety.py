"""What a file of a model may hold: arrays, and the configuration of known classes. No code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

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
PLAIN = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")


def check_config(config: Any, source: str) -> None:
    """Raises unless all that the serialized `config` names is Keras's, or registered with Keras, as
    the classes of this package are and a user's own can be.

    Raises:
        IntegrityError: with the name of what is refused.
    """
    for part in _objects(config):
        name, module = part["class_name"], part.get("module")
        registered = part.get("registered_name")
        if name in PLAIN:
            continue
        if name == "function":
            inner = part.get("config")
            known = _registered(registered) or _registered(inner)
            allowed = known or module == "builtins" or _within(module, FUNCTIONS)
            name = inner
        else:
            of_keras = module == "keras" or _within(module, CLASSES)
            allowed = _registered(registered) or (of_keras and name not in RUNNING)
        if not allowed:
            where = f"{module}.{name}" if module else registered or name
            raise IntegrityError(
                f"{source} names {where!r}, which is refused. Allowed are layers of Keras that run "
                "no code of the file, classes of zoo, and classes that were registered: "
                "@keras.saving.register_keras_serializable() above your own, in a module that is "
                "imported before."
            )


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Every serialized object in `config`, at any depth."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        config = list(config.values())
    if isinstance(config, list):
        for part in config:
            yield from _objects(part)


def _registered(name: Any) -> bool:
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _within(module: Any, known: tuple[str, ...]) -> bool:
    return isinstance(module, str) and any(f"{module}.".startswith(f"{k}.") for k in known)


def check_arrays(file: h5py.File, source: str) -> Counter:
    """The shapes of the arrays in `file`, and how often each occurs.

    Raises:
        IntegrityError: if it holds anything but groups and whole arrays of numbers.
    """
    found: Counter = Counter()
    _visit(file, source, found)
    return found


def _visit(group: h5py.Group, source: str, found: Counter) -> None:
    for name in group:
        place = f"{group.name.rstrip('/')}/{name}"
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise IntegrityError(f"{source} holds a link at {place}, which is refused.")
        item = group[name]
        if isinstance(item, h5py.Group):
            _visit(item, source, found)
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
