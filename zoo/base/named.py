"""A base class for objects that users give by name, such as losses and penalties."""

from __future__ import annotations

import inspect
from typing import Any

from zoo.base.described import complete
from zoo.errors import ArgumentError, instance_hint, unknown_name


class Named:
    """A base class for the kinds of objects that `compile` takes by name or as an instance.

    A direct subclass is a kind. Its attribute `kind` names it in errors, and `required` lists the
    methods that every object of this kind must have. Each class below a kind that has a `name` can
    be given by that name. Constructor arguments are kept as attributes of the same names, so that
    one `get_config` serves all classes.
    """

    kind: str
    required: tuple[str, ...]
    name: str | None = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        complete(cls)
        kind = next((base for base in cls.__mro__[1:] if "kind" in vars(base)), None)
        if kind is None or not _has_own_name(cls):
            return
        other = kind.named()[cls.name]
        if _place(other) != _place(cls):
            raise ArgumentError(
                f"name must be one that no other {kind.kind} has. Received: {cls.name!r} of "
                f"{_place(cls)}, which is that of {_place(other)}."
            )

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments.

        Raises:
            ArgumentError: if the object has not kept one of them as an attribute.
        """
        cls = type(self)
        try:
            return {name: getattr(self, name) for name in cls.argument_names()}
        except AttributeError as error:
            raise ArgumentError(
                f"{cls.__name__} must keep each argument of its constructor as an attribute of the "
                f"same name, or define get_config. Received: {error}."
            ) from error

    @classmethod
    def argument_names(cls) -> list[str]:
        """Return the names of the constructor's arguments.

        A constructor that takes `**kwargs` passes them on to its parent, whose arguments count too.
        """
        names: list[str] = []
        for base in cls.__mro__:
            if "__init__" not in vars(base) or base is object:
                continue
            _, *parameters = inspect.signature(base.__init__).parameters.values()
            named = [p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
            names += [name for name in named if name not in names]
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
        return names

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """Make an object from its constructor arguments."""
        return cls(**config)

    @classmethod
    def named(cls) -> dict[str, type]:
        """Map each name to the class of this kind that has it.

        Of two definitions of one class, as after a notebook cell ran twice, the last one counts.
        """
        classes: dict[str, type] = {}
        for subclass in _below(cls):
            if _place(classes.setdefault(subclass.name, subclass)) == _place(subclass):
                classes[subclass.name] = subclass
        return classes

    @classmethod
    def _check_call(cls, name: str, value) -> None:
        """Raise an `ArgumentError` unless `value` can be called like an object of this kind.

        The method `name` of `value` must accept the arguments of the same method of this class.
        """
        _, *parameters = inspect.signature(getattr(cls, name)).parameters
        method = value if name == "__call__" else getattr(value, name)
        try:
            inspect.signature(method).bind(*parameters)
        except TypeError as error:
            call = cls.kind if name == "__call__" else f"{cls.kind}.{name}"
            raise ArgumentError(
                f"{call} is called with ({', '.join(parameters)}). Received: {value!r}, {error}."
            ) from error

    @classmethod
    def get(cls, value):
        """Return the object that `value` stands for.

        A name gives an object of the class with that name, made with default arguments. Any other
        value is returned itself.

        Raises:
            ArgumentError: if the name is unknown, or the object lacks a method that this kind
                requires.
        """
        if not isinstance(value, str):
            if isinstance(value, type) or any(
                not callable(getattr(value, name, None)) for name in cls.required
            ):
                raise ArgumentError(
                    f"{cls.kind} must be one of {', '.join(map(repr, cls.named()))}, or an "
                    "object with "
                    f"{' and '.join(cls.required)}. Received: {value!r}.{instance_hint(value)}"
                )
            for name in cls.required:
                cls._check_call(name, value)
            if not inspect.isfunction(value) and not hasattr(value, "get_config"):
                raise ArgumentError(
                    f"{cls.kind} must have get_config, or a model that uses it cannot be saved. "
                    f"Received: {value!r}."
                )
            return value
        classes = cls.named()
        if value not in classes:
            raise unknown_name(cls.kind, value, classes)
        return classes[value]()


def _below(cls: type) -> list[type]:
    """Return the subclasses of `cls`, at any depth, that have a name of their own, each once."""
    found: dict[type, None] = {}
    for subclass in cls.__subclasses__():
        if _has_own_name(subclass):
            found[subclass] = None
        found |= dict.fromkeys(_below(subclass))
    return list(found)


def _has_own_name(cls: type) -> bool:
    """Return whether `cls` itself, and not a parent, has a name."""
    return isinstance(vars(cls).get("name"), str)


def _place(cls: type) -> str:
    """Return the module and the name of the definition of `cls`."""
    return f"{cls.__module__}.{cls.__qualname__}"
