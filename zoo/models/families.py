"""The registry of families of models, which finds and creates models by name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from zoo.engine.any_model import AnyModel
from zoo.errors import ArgumentError, instance_hint, unknown_name

NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
OWN = "own"  # the group of families that other packages register


class Family(NamedTuple):
    """A registered class of models.

    Attributes:
        name: the name of the family.
        cls: the class.
        group: the folder of the class for families of this package, `"own"` for others.
        short: the beginning of the names of its presets.
    """

    name: str
    cls: type
    group: str
    short: str


_families: dict[str, Family] = {}


def register_family(name: str, *, short: str | None = None, package: str = "Custom") -> Callable:
    """Return a decorator that registers a class of models as the family `name`.

    `zoo.create(name)` then makes models of it, and recipes, cards, `zoo.save` and `zoo.load` know
    it by `name`. The class is also registered with Keras, so that saved models can be loaded.

    Args:
        name: lower-case letters and digits, with single underscores between.
        short: the beginning of the names of its presets; by default `name`.
        package: the package under which Keras registers the class.

    Raises:
        ArgumentError: if `name` has other characters, or is taken by another class, or the class is
            no model, or is registered as something else already.

    Example:

    >>> import zoo
    >>> @zoo.register_family("small_gan", package="mine")
    ... class SmallGAN(zoo.models.GAN):
    ...     pass
    >>> "small_gan" in zoo.families()
    True
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ArgumentError(
            "A family's name must be of lower-case letters and digits, with single underscores "
            f"between. Received: {name!r}."
        )

    def decorate(cls: type) -> type:
        """Register `cls`, and return it."""
        if not (isinstance(cls, type) and issubclass(cls, keras.Model)):
            raise ArgumentError(
                f"A family must be a subclass of zoo.models.Model. Received: {cls!r}."
            )
        others = [other for other in _families.values() if not _same(other.cls, cls)]
        taken = {key for other in others for key in (other.name, other.short)}
        registered = family_of(cls)
        if registered is not None and (registered.name, registered.short) != (name, short or name):
            raise ArgumentError(
                f"{cls.__name__} is the family {registered.name!r} already. Received: {name!r}. "
                f"Register a subclass: class Mine({cls.__name__})."
            )
        for key in (name, short or name):
            if key in taken:
                raise ArgumentError(f"The family name {key!r} is taken by another class.")
        _check_keras_name(cls, f"{package}>{cls.__name__}")
        parts = cls.__module__.split(".")
        group = parts[2] if parts[:2] == ["zoo", "models"] and len(parts) > 3 else OWN
        _families[name] = Family(name, cls, group, short or name)
        return keras.saving.register_keras_serializable(package)(cls)

    return decorate


def _check_keras_name(cls: type, name: str) -> None:
    """Raise if Keras knows `cls` under another name than `name`, or another class under `name`.

    Keras would write or read files of the one as the other.
    """
    known = keras.saving.get_registered_name(cls)
    if known not in (cls.__name__, name):
        raise ArgumentError(
            f"{cls.__name__} is registered with Keras as {known!r} already. Received: a package "
            f"that makes it {name!r}. Register a subclass: class Mine({cls.__name__})."
        )
    other = keras.saving.get_registered_object(name)
    if other is not None and not _same(other, cls):
        raise ArgumentError(
            f"package must be one in which no other class is called {cls.__name__!r}. Received: "
            f"{name.removesuffix(f'>{cls.__name__}')!r}, which has {other!r}."
        )


def _same(one: type, other: type) -> bool:
    """Return whether both classes have the same name and module, as after a notebook cell has run
    twice."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def families() -> list[str]:
    """Return the names of all families, which `zoo.create` takes, in alphabetical order."""
    return sorted(_families)


def groups() -> list[str]:
    """Return the groups of families, in alphabetical order."""
    return sorted({family.group for family in _families.values()})


def family(name: str) -> Family:
    """Return the family with this name or short name.

    Raises:
        UnknownNameError: if there is no such family, with the nearest names.
    """
    for registered in _families.values():
        if name in (registered.name, registered.short):
            return registered
    see = "`zoo.families()` shows all."
    if any(str(name).startswith(f"{known.short}_") for known in _families.values()):
        see = f"zoo.load({name!r}) loads a preset of that name."
    raise unknown_name("family", name, _families, see=see)


def family_of(cls: type) -> Family | None:
    """Return the family of the class `cls`, or `None` if it is not registered."""
    return next((registered for registered in _families.values() if registered.cls is cls), None)


def create(name: str, **config: Any) -> AnyModel:
    """Create a new, untrained model of a family.

    Args:
        name: the name of a family, see `zoo.families`, or its short name, such as `"ae"`, `"cvae"`
            or `"cgan"`.
        **config: the arguments of the class, such as `image_shape=(64, 64, 3)`.

    Raises:
        UnknownNameError: if there is no such family or argument, with the nearest names.

    Example:

    >>> import zoo
    >>> zoo.create("dcgan", image_shape=(8, 8, 1), width=2).sample(2, seed=0).shape
    (2, 8, 8, 1)
    """
    cls = family(name).cls
    allowed = cls.constructor_names(config)
    for key in config:
        if key not in allowed:
            see = None
            if key in inspect.signature(cls.compile).parameters:
                see = f"{key!r} is an argument of its compile()."
            elif "architecture" in config and not isinstance(config["architecture"], str):
                see = "An architecture that is an object has its own settings."
                see += instance_hint(config["architecture"])
            raise unknown_name(f"argument of {name}", key, allowed, see)
    return cls(**config)
