"""Kinds of networks that a model takes by name, with settings beside it, or as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from zoo.base.named import Named
from zoo.engine.spaces import Space
from zoo.errors import ArgumentError, SizeError, unknown_name
from zoo.networks.sizes import nearest_sizes


class NamedNetworks(Named):
    """The base class of the kinds of networks that go with any model of a group.

    A subclass is a kind. Each class below it that has a `name` is chosen by that name; the
    arguments of its constructor are its settings, and `fits` says for which data it is.

    Attributes:
        aliases: names in earlier versions.
        example: an object of the kind with a setting, for errors.
        fits_words: the description of the data that fit.
    """

    aliases: ClassVar[dict[str, str]] = {}
    example: ClassVar[str]
    fits_words: str

    @classmethod
    def settings(cls, name: str) -> list[str]:
        """Return the names of the settings of the networks `name`."""
        return cls._class(name).argument_names()

    @classmethod
    def all_settings(cls) -> set[str]:
        """Return the names of the settings of all networks of this kind that have a name."""
        return {setting for name in cls.named() for setting in cls.settings(name)}

    @classmethod
    def _class(cls, name: str) -> type[NamedNetworks]:
        """Return the class with this `name`, or raise."""
        name = cls.aliases.get(name, name)
        if name not in cls.named():
            raise unknown_name(cls.kind, name, cls.named())
        return cls.named()[name]

    @classmethod
    def get(cls, value, settings: Mapping[str, Any] | None = None):
        """Return the networks called `value` with `settings`, or `value` itself.

        Raises:
            ValueError: if there is no such name or setting, or `value` is an object and `settings`
                are given.
        """
        if not isinstance(value, str):
            if settings and not isinstance(value, type):
                raise ArgumentError(
                    f"{', '.join(settings)} must be settings of the {cls.kind} object itself, such "
                    f"as {cls.example}. Received: both, with {value!r}."
                )
            return super().get(value)
        chosen = cls._class(value)
        for key in settings or {}:
            if key not in cls.settings(value):
                raise unknown_name(
                    f"setting of the {cls.kind} {chosen.name}", key, cls.settings(value)
                )
        return chosen(**(settings or {}))

    @classmethod
    def fitting(cls, data: Space, *asked) -> list[str]:
        """Return the names of the networks of this kind that fit `data`.

        `asked` is what `fits` of the kind takes beside the data.
        """
        return sorted(name for name, each in cls.named().items() if each.fits(data, *asked))

    def check_fits(self, data: Space, *asked) -> None:
        """Raise unless these networks fit `data`; the error names those that do, and their sizes.

        `asked` is what `fits` of the kind takes beside the data.

        Raises:
            SizeError: if `data` are images of another size than these networks are for.
            ArgumentError: if `data` are no images.
        """
        if not type(self).fits(data, *asked):
            kind = next(each for each in type(self).__mro__ if NamedNetworks in each.__bases__)
            fitting = kind.fitting(data, *asked)
            message = (
                f"The {self.kind} {self.name!r} does not fit {data.noun} of shape {data.shape}: "
                f"it is for {self.fits_words}. Allowed: "
                f"{', '.join(map(repr, fitting))}, or networks of your own."
            )
            if data.name != "images":
                raise ArgumentError(message)
            near = nearest_sizes(data, lambda other: type(self).fits(other, *asked))
            raise SizeError(message, (data.height, data.width), near)

    # Definitions by subclasses

    @classmethod
    def fits(cls, data: Space) -> bool:
        """Return whether the networks fit `data`."""
        raise NotImplementedError

    @classmethod
    def test_config(cls) -> dict[str, Any]:
        """Return the settings of a tiny network for tests, and its `image_shape`."""
        raise NotImplementedError
