"""Classes of other packages in presets: the modules that define them, and their import if the user
allows it.

A card is text from anybody. It names modules, and none of them is imported unless the user has
named it too.
"""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras

from zoo.base.importing import MODULE
from zoo.base.named import Named
from zoo.errors import ArgumentError, TrustError
from zoo.presets import safety

KNOWN = {"zoo", "keras"}  # packages whose classes need no module in a card

_trusted: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("trusted", default=())


@contextlib.contextmanager
def trusting(modules: str | Iterable[str]) -> Iterator[None]:
    """Allow, until the end of the block, that presets cause the import of `modules`.

    Args:
        modules: names of modules. The name of a package stands for all modules in it.

    Raises:
        ArgumentError: if one is no name of a module.
    """
    names = [modules] if isinstance(modules, str) else modules
    if not isinstance(names, Iterable) or isinstance(names, Mapping):
        raise ArgumentError(f"trust must be a list of names of modules. Received: {modules!r}.")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(MODULE, name):
            raise ArgumentError(
                f"trust must hold names of modules, such as 'mine.models'. Received: {name!r}."
            )
    token = _trusted.set((*_trusted.get(), *names))
    try:
        yield
    finally:
        _trusted.reset(token)


def foreign_classes(config: Any, source: str) -> dict[str, str | None]:
    """Map each class and function of other packages in a serialized `config` to its module.

    They have the names under which Keras knows them. The module is `None` where no other program
    can import it, as for a class of a notebook.

    Raises:
        ArgumentError: if a class that is given by its own name is not registered with Keras.
    """
    found = {name: keras.saving.get_registered_object(name) for name in names_in(config, source)}
    for cls in filter(_is_foreign, _given_by_name(config, source)):
        name = keras.saving.get_registered_name(cls)
        if keras.saving.get_registered_object(name) is not cls:
            raise ArgumentError(
                f"{cls.kind} must be of a class that is registered. Received: {cls.name!r} of "
                f"{cls.__name__}, which needs @keras.saving.register_keras_serializable() above it."
            )
        found[name] = cls
    return {
        name: _module_of(known.__module__) for name, known in found.items() if _is_foreign(known)
    }


def import_allowed(modules: Mapping[str, str], source: str) -> None:
    """Import the modules of classes that this program does not know, if the user allows it.

    Args:
        modules: the module of each class of other packages, as the card has it.
        source: the name of the file that needs the classes, for errors.

    Raises:
        TrustError: if a module is not allowed, cannot be imported, or lacks its class.
    """
    for name, module in modules.items():
        if keras.saving.get_registered_object(name) is None:
            _import(name, module, source)


def _import(name: str, module: str, source: str) -> None:
    """Import `module`, which the class `name` is in."""
    if not any(f"{module}.".startswith(f"{trusted}.") for trusted in _trusted.get()):
        raise TrustError(
            f"{source} needs {name!r} of the module {module!r}, which this program has not "
            f"imported. The code of a module runs with your rights: if you know it, import it "
            f"before, or allow it by zoo.load(..., trust=[{module!r}]) or --trust {module}."
        )
    try:
        importlib.import_module(module)
    except (Exception, SystemExit) as error:  # the code of others may raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise TrustError(
            f"{source} needs the module {module!r}, which cannot be imported: {reason}. Python "
            "looks for modules in the working folder and in those of PYTHONPATH."
        ) from error
    if keras.saving.get_registered_object(name) is None:
        raise TrustError(
            f"{source} needs {name!r} of the module {module!r}, which was imported from "
            f"{_place(module)} and registers no such class. zoo.register_family or "
            "keras.saving.register_keras_serializable above a class does."
        )


def folders_of(modules: Iterable[str]) -> list[str]:
    """Return the folders in which another process finds the `modules`, which this one knows."""
    folders = []
    for name in modules:
        module = sys.modules.get(name)
        if module is None and _module_of("__main__") == name:
            module = sys.modules["__main__"]
        if module is not None and (file := vars(module).get("__file__")) is not None:
            path = Path(file).resolve()
            folders.append(str(path.parents[name.count(".") + (path.stem == "__init__")]))
    return list(dict.fromkeys(folders))


def _is_foreign(known: Any) -> bool:
    """Return whether an object that Keras knows, or `None`, is of another package."""
    return known is not None and known.__module__.partition(".")[0] not in KNOWN


def _given_by_name(config: Any, source: str) -> Iterator[type[Named]]:
    """Yield the classes, such as a prior, that `config` holds by their own name alone.

    The argument has the name of the kind, as in `prior="mixture"`.
    """
    kinds = [kind for kind in _subclasses(Named) if "kind" in vars(kind)]
    for part in safety.objects(config, source):
        arguments = part.get("config")
        for key, value in arguments.items() if isinstance(arguments, dict) else ():
            for kind in kinds:
                if kind.kind == key and isinstance(value, str) and value in kind.named():
                    yield kind.named()[value]


def _subclasses(cls: type) -> list[type]:
    """Return all classes below `cls`."""
    return [each for child in cls.__subclasses__() for each in (child, *_subclasses(child))]


def names_in(config: Any, source: str) -> Iterator[str]:
    """Yield the names by which Keras looks for the registered objects in `config`."""
    for part in safety.objects(config, source):
        name = part.get("registered_name") or part["class_name"]
        if part["class_name"] == "function":
            name = part.get("config")
        if isinstance(name, str):
            yield name


def _module_of(name: str) -> str | None:
    """Return the name by which another program imports the module `name` of this one, or `None`.

    The program itself has the name of its file.
    """
    module = sys.modules.get(name)
    file = None if module is None else vars(module).get("__file__")
    if file is None:
        return None  # a notebook, or text that was executed
    if name == "__main__":
        spec = vars(module).get("__spec__")  # of `python -m name`
        name = Path(file).stem if spec is None else spec.name
    return name if re.fullmatch(MODULE, name) else None


def _place(module: str) -> str:
    """Return the file of an imported module."""
    return str(vars(sys.modules[module]).get("__file__", "Python itself"))
