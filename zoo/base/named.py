"""Objects that can be given by name: losses and penalties."""

from __future__ import annotations

import inspect
from typing import Any

from zoo.errors import ArgumentError, unknown_name


class Named:
    """Base of the kinds of objects that `compile` takes by name or as an instance.

    A direct subclass is a kind: it names itself in `kind`, and in `required` the methods that any
    object of this kind must have. Each class below it that has a `name` can be given by that name.
    Constructor arguments are kept under their own names, which makes `get_config` one rule for all.
    """

    kind: str
    required: tuple[str, ...]
    name: str | None = None

    def get_config(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        return cls(**config)

    @classmethod
    def named(cls) -> dict[str, type]:
        """The classes of this kind, by name."""
        found = {}
        for subclass in cls.__subclasses__():
            if "name" in vars(subclass):
                found.setdefault(subclass.name, subclass)  # the zoo's own come first
            found = {**subclass.named(), **found}
        return found

    @classmethod
    def _check_call(cls, name: str, value) -> None:
        """Raises unless the method `name` of `value` takes what that of this kind is called
        with."""
        _, *wanted = inspect.signature(getattr(cls, name)).parameters
        method = value if name == "__call__" else getattr(value, name)
        try:
            inspect.signature(method).bind(*wanted)
        except TypeError as error:
            what = cls.kind if name == "__call__" else f"{cls.kind}.{name}"
            raise ArgumentError(
                f"{what} is called with ({', '.join(wanted)}). Received: {value!r}, {error}."
            ) from error

    @classmethod
    def get(cls, value):
        """The object that `value` stands for: made with default arguments if `value` is a name,
        else `value` itself.

        Raises:
            ValueError: if the name is unknown, or the object lacks what an object of this kind must
            have.
        """
        if not isinstance(value, str):
            if isinstance(value, type) or any(
                not callable(getattr(value, name, None)) for name in cls.required
            ):
                raise ArgumentError(
                    f"{cls.kind} must be one of {', '.join(map(repr, cls.named()))}, or an "
                    "object with "
                    f"{' and '.join(cls.required)}. Received: {value!r}."
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
