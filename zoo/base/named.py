"""A base class for objects that users give by name, such as losses and penalties."""

from __future__ import annotations

import inspect
from typing import Any

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

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """Make an object from its constructor arguments."""
        return cls(**config)

    @classmethod
    def named(cls) -> dict[str, type]:
        """Map each name to the class of this kind that has it."""
        classes = {}
        for subclass in cls.__subclasses__():
            if "name" in vars(subclass):
                classes.setdefault(subclass.name, subclass)  # the package's classes come first
            classes = {**subclass.named(), **classes}
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
