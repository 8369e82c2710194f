"""Mixins of models whose networks an architecture makes."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras

from zoo.engine.batch import check_body
from zoo.engine.spaces import Space, of_image_shape
from zoo.errors import ArgumentError
from zoo.networks.coders import Coders
from zoo.networks.named_networks import NamedNetworks


class TakesArchitecture:
    """A mixin of models with the arguments `architecture`, its settings, and two networks.

    Attributes:
        architecture_kind: the kind of the architectures.
        bodies: the arguments for networks of the user's own.
        settings_in_signature: the settings that the constructor names. `None` means the default of
            the architecture.
    """

    architecture_kind: ClassVar[type[NamedNetworks]]
    bodies: ClassVar[tuple[str, str]]
    settings_in_signature: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def architecture_for(cls, image_shape) -> str | None:
        """Return the name of the default architecture for data of this shape.

        `None` is returned for a class whose constructor does not name the argument.
        """
        raise NotImplementedError

    @classmethod
    def _architecture_in(cls, config: dict[str, Any]):
        """Return the architecture of the constructor's arguments `config`."""
        return config.get("architecture") or cls.architecture_for(config.get("image_shape"))

    @classmethod
    def constructor_names(cls, config):
        named = super().constructor_names(config)
        architecture = cls._architecture_in(config)
        if not isinstance(architecture, str):
            return named
        settings = cls.architecture_kind.settings(architecture)
        return [*named, *(key for key in settings if key not in named)]

    @classmethod
    def current_arguments(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        """Convert the constructor's arguments in a file of an earlier version to current ones.

        Earlier versions wrote the settings of all architectures.
        """
        architecture = cls._architecture_in(arguments)
        if architecture is None:
            return arguments
        fixed = {*super().constructor_names(arguments)} - {*cls.settings_in_signature}
        own = []
        if not cls.has_both(arguments) and isinstance(architecture, str):
            own = cls.architecture_kind.settings(architecture)
        others = {*cls.architecture_kind.all_settings(), *cls.settings_in_signature}
        return {
            key: value
            for key, value in arguments.items()
            if key in fixed
            or (key in own and (key, value) != ("units", None))
            or key not in {*own, *others}
        }

    @classmethod
    def has_both(cls, networks: dict[str, Any]) -> bool:
        """Return whether both networks are the user's own."""
        return all(networks.get(body) is not None for body in cls.bodies)

    def check_of_use(self, settings: dict[str, Any], both_given: bool) -> None:
        """Raise if `settings` are given, but both networks are the user's own."""
        if both_given and settings:
            given = " and ".join(f"{body}=" for body in self.bodies)
            raise ArgumentError(
                f"{', '.join(settings)} must be settings of an architecture, which has no use "
                f"where {given} are given. Received: both."
            )


class TakesCoders(TakesArchitecture):
    """A mixin of models with an encoder and a decoder, which `zoo.networks.Coders` make."""

    architecture_kind = Coders
    bodies = ("encoder", "decoder")
    settings_in_signature = ("hidden_units", "width", "upsampling")

    @classmethod
    def architecture_for(cls, image_shape):
        parameter = inspect.signature(cls).parameters.get("architecture")
        return None if parameter is None else parameter.default

    def choose_coders(
        self,
        image_shape,
        architecture: str | Coders,
        settings: dict[str, Any],
        encoder: keras.Model | None,
        decoder: keras.Model | None,
    ) -> tuple[Coders, Space] | tuple[None, None]:
        """Return the architecture and the space of the images that it is for.

        Both are `None` if `encoder` and `decoder` are given. Settings in the signature of the
        constructor count as not given where they are `None`.
        """
        check_body("encoder", encoder)
        check_body("decoder", decoder)
        settings = {
            key: value
            for key, value in settings.items()
            if value is not None or key not in self.settings_in_signature
        }
        both_given = encoder is not None and decoder is not None
        self.check_of_use(settings, both_given)
        if both_given:
            return None, None
        if image_shape is None:
            raise ArgumentError(
                f"{type(self).__name__} needs image_shape=(height, width, channels), or both "
                "encoder= and decoder=."
            )
        data = of_image_shape(image_shape, points=False)
        return Coders.get(architecture, settings), data
